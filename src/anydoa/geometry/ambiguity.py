"""What an array can and cannot tell apart, read off its geometry before any sound is heard.

A line of microphones hears only the angle to its axis, so it cannot tell the directions of a cone apart;
a flat array cannot tell a direction from its reflection through the plane; a volume has no such twin.
Angles in radians, frequencies in hertz, lengths in metres, directions in the user's frame.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from anydoa.errors import GeometryError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance, normalize_direction

Rank = Literal["line", "plane", "volume"]

FLAT_THICKNESS = 0.01
"""Share of the span below which a thickness counts as none.

Positions are published to about a millimetre, on arrays of about ten centimetres: one per cent is where
the thickness itself stops being known. Twins then differ by at most 2 % of the array's longest delay: for
ten centimetres 6 microseconds, a tenth of a sample at 16 kHz.
"""

REPORT_FREQUENCIES = (500.0, 1000.0, 2000.0, 4000.0)  # Hz; the octaves that carry most of speech
_SAME_DIRECTION = 1e-6  # rad; a twin closer than this is the direction itself
_DIMENSIONS: dict[Rank, int] = {"line": 1, "plane": 2, "volume": 3}


@dataclass(frozen=True)
class ArrayReport:
    """What the geometry of an array lets it do.

    Args:
        name: of the array.
        num_microphones: how many.
        rank: ``line``, ``plane`` or ``volume``.
        axis: the line's direction or the plane's normal, a unit vector; None for a volume.
        span: metres between the two microphones farthest apart.
        spacing: metres between the two nearest.
        thickness: metres of the extent along the principal axis in which the array is thinnest.
        aliasing_spacing: metres, see :func:`aliasing_spacing`.
        aliasing_frequency: hertz, see :func:`aliasing_frequency`.
        lowest_frequency: hertz, see :func:`lowest_frequency`.
        resolvable_angles: pairs of frequency and smallest resolvable angle in radians.
    """

    name: str
    num_microphones: int
    rank: Rank
    axis: tuple[float, float, float] | None
    span: float
    spacing: float
    thickness: float
    aliasing_spacing: float
    aliasing_frequency: float
    lowest_frequency: float
    resolvable_angles: tuple[tuple[float, float], ...]


def array_report(array: MicrophoneArray) -> ArrayReport:
    """Everything this module knows of an array."""
    axis = None
    if geometry_rank(array) != "volume":
        x, y, z = array_axis(array).tolist()
        axis = (x, y, z)
    return ArrayReport(
        name=array.name,
        num_microphones=array.num_microphones,
        rank=geometry_rank(array),
        axis=axis,
        span=array.span,
        spacing=array.spacing,
        thickness=float(principal_extents(array)[2]),
        aliasing_spacing=aliasing_spacing(array),
        aliasing_frequency=aliasing_frequency(array),
        lowest_frequency=lowest_frequency(array),
        resolvable_angles=tuple((f, smallest_resolvable_angle(array, f)) for f in REPORT_FREQUENCIES),
    )


def geometry_rank(array: MicrophoneArray) -> Rank:
    """Whether the microphones lie on a line, in a plane, or fill a volume; see :data:`FLAT_THICKNESS`."""
    _, width, thickness = principal_extents(array) / array.span
    if width < FLAT_THICKNESS:
        return "line"
    return "plane" if thickness < FLAT_THICKNESS else "volume"


def principal_extents(array: MicrophoneArray) -> Float[np.ndarray, "3"]:
    """Metres from one end of the array to the other along its principal axes, widest axis first."""
    along: np.ndarray = _heard_places(array) @ _principal_axes(array).T
    return np.ptp(along, axis=0)


def array_axis(array: MicrophoneArray) -> Float[np.ndarray, "3"]:
    """Unit vector along a line array, or the normal of a flat one; its largest coordinate is positive.

    Raises:
        GeometryError: if the array fills a volume and so has no such axis.
    """
    rank = geometry_rank(array)
    if rank == "volume":
        raise GeometryError(f"array {array.name!r} fills a volume; only lines and planes have an axis")
    axis: np.ndarray = _principal_axes(array)[0 if rank == "line" else 2]
    return axis * np.sign(axis[np.abs(axis).argmax()])


def mirror_directions(
    array: MicrophoneArray, direction: Float[np.ndarray, "3"], *, num_directions: int = 36
) -> Float[np.ndarray, "mirror 3"]:
    """Every direction that gives the array the same delays as ``direction``, which comes first.

    A volume has the direction alone; a plane adds its reflection through the plane; a line has a whole
    cone around its axis (see :func:`cone_angle`), given as ``num_directions`` equally spaced samples. A
    direction in the plane or along the line is its own twin and stands alone.

    Args:
        array: the microphones, treated as omnidirectional in a free field.
        direction: unit vector towards the source.
        num_directions: how many samples stand for the cone of a line.
    """
    direction = normalize_direction(direction)
    rank = geometry_rank(array)
    if rank == "volume":
        return direction[None]
    axis = array_axis(array)
    if rank == "plane":
        twins = np.stack([direction, direction - 2 * (direction @ axis) * axis])
    else:
        twins = _cone(axis, direction, num_directions)
    alone = great_circle_distance(twins, direction).max() < _SAME_DIRECTION
    return twins[:1] if alone else twins


def cone_angle(array: MicrophoneArray, direction: Float[np.ndarray, "3"]) -> float:
    """Radians, 0..pi, between a line array's axis and a direction: all that such an array can hear.

    Raises:
        GeometryError: if the array is not a line.
    """
    if geometry_rank(array) != "line":
        raise GeometryError(
            f"array {array.name!r} is no line, so it hears no cone; ask for mirror_directions"
        )
    return float(great_circle_distance(array_axis(array), direction))


def aliasing_spacing(array: MicrophoneArray) -> float:
    """Metres: the shortest spacing at which pairs of microphones cover every dimension of the array.

    The nearest pair alone would flatter an array such as a pair of hearing aids, whose two microphones at
    each ear are near but whose ears are far apart: across the head only the long pairs listen. So pairs are
    taken from the shortest up, until their unit vectors span the line, plane or space of the array
    (smallest singular value one half, or half of what all pairs together reach if that is less).
    """
    positions = array.positions
    first, second = np.triu_indices(len(positions), k=1)
    pairs = positions[first] - positions[second]
    length = np.linalg.norm(pairs, axis=1)
    order = np.argsort(length)
    unit = pairs[order] / length[order, None]
    scatter = np.cumsum(unit[:, :, None] * unit[:, None, :], axis=0)
    smallest = np.linalg.eigvalsh(scatter)[:, 3 - _DIMENSIONS[geometry_rank(array)]]
    enough = min(0.25, smallest[-1] / 4)  # squares of the singular values
    return float(length[order][int(np.argmax(smallest >= enough))])


def aliasing_frequency(array: MicrophoneArray) -> float:
    """Hertz up to which no two directions share all phases: ``c / (2 d)``, d the :func:`aliasing_spacing`.

    Above it, phases wrap for waves along the pair and ghosts appear at single frequencies. Broadband methods
    still work there, because ghosts lie elsewhere at each frequency.

    Reference:
        Van Trees, Optimum Array Processing (2002), chapter 2: half a wavelength between neighbours of a
        regular array. Deviation: what stands for it in an irregular one is :func:`aliasing_spacing`.
    """
    return array.speed_of_sound / (2 * aliasing_spacing(array))


def lowest_frequency(array: MicrophoneArray) -> float:
    """Hertz below which the array hears hardly any phase: ``c / (8 span)``.

    There the farthest pair differs by at most an eighth of a period, 45 degrees, and a phase error of
    5 degrees, usual in a room, already turns the direction by more than 6.
    """
    return array.speed_of_sound / (8 * array.span)


def smallest_resolvable_angle(array: MicrophoneArray, frequency: float) -> float:
    """Radians between two sources that the whole aperture just separates: ``2 asin(lambda / (2 span))``.

    At that angle, either side of the broadside of the farthest pair, the two waves differ by one period over
    the span: one stands on the first null of the other (Rayleigh), for small angles ``lambda / span``. It is
    the best case; directions along the span are blurred more. Pi when the span is under half a wavelength.

    Args:
        array: the microphones.
        frequency: hertz.

    Raises:
        GeometryError: if the frequency is not positive.
    """
    if not frequency > 0:
        raise GeometryError(f"frequency must be positive, got {frequency} Hz")
    wavelength = array.speed_of_sound / frequency
    return float(2 * np.arcsin(min(1.0, wavelength / (2 * array.span))))


def _principal_axes(array: MicrophoneArray) -> Float[np.ndarray, "3 3"]:
    """Unit vectors as rows, in falling order of the spread of the microphones along them."""
    places = _heard_places(array)
    axes: np.ndarray = np.linalg.eigh(places.T @ places)[1].T[::-1]
    return axes


def _heard_places(array: MicrophoneArray) -> Float[np.ndarray, "place 3"]:
    """Points whose line, plane or volume says what sounds alike: the microphones, relative to their mean.

    On a rigid sphere its centre is one more, and the origin: only a plane through it mirrors the sphere too.
    """
    if array.rigid_sphere_radius is None:
        return array.centred_positions
    return np.concatenate([array.positions, np.zeros((1, 3))])


def _cone(
    axis: Float[np.ndarray, "3"], direction: Float[np.ndarray, "3"], num_directions: int
) -> Float[np.ndarray, "mirror 3"]:
    """``direction`` and its copies turned about ``axis`` in equal steps (Rodrigues' formula)."""
    turn = np.arange(num_directions)[:, None] * 2 * np.pi / num_directions
    along = (direction @ axis) * axis
    across = direction - along
    return along + np.cos(turn) * across + np.sin(turn) * np.cross(axis, direction)
