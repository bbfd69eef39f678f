"""What the geometry of an array lets it do, said before any sound is heard.

Angles in radians, frequencies in hertz, lengths in metres, directions in the user's frame.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.errors import GeometryError
from anydoa.geometry.ambiguity import Rank, find_ambiguity
from anydoa.geometry.array import MicrophoneArray

REPORT_FREQUENCIES = (500.0, 1000.0, 2000.0, 4000.0)  # Hz; the octaves that carry most of speech


@dataclass(frozen=True)
class ArrayReport:
    """What the geometry of an array lets it do.

    Args:
        name: name of the array.
        num_microphones: number of microphones.
        rank: ``line``, ``plane`` or ``volume``.
        axis: the line's direction or the plane's normal, a unit vector; None for a volume.
        sentence: words for what the array cannot tell apart, for people; its subject is the array.
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
    sentence: str
    span: float
    spacing: float
    thickness: float
    aliasing_spacing: float
    aliasing_frequency: float
    lowest_frequency: float
    resolvable_angles: tuple[tuple[float, float], ...]

    @property
    def separates(self) -> str:
        """Words for how near two talkers may be at each frequency where any two can be told apart."""
        told = [(f"{hertz:.0f} Hz", np.rad2deg(angle)) for hertz, angle in self.resolvable_angles]
        angles = ", ".join(f"{angle:.0f}° at {hertz}" for hertz, angle in told if angle < 180)
        return angles or f"no two talkers below {told[-1][0]} by phase alone"

    @classmethod
    def of(cls, array: MicrophoneArray) -> "ArrayReport":
        """Everything this module knows of an array."""
        ambiguity = array.ambiguity
        axis = None
        if ambiguity.axis is not None:
            x, y, z = ambiguity.axis.tolist()
            axis = (x, y, z)
        return cls(
            name=array.name,
            num_microphones=array.num_microphones,
            rank=ambiguity.rank,
            axis=axis,
            sentence=ambiguity.sentence,
            span=array.span,
            spacing=array.spacing,
            thickness=float(array.extents[2]),
            aliasing_spacing=aliasing_spacing(array),
            aliasing_frequency=aliasing_frequency(array),
            lowest_frequency=lowest_frequency(array),
            resolvable_angles=tuple((f, smallest_resolvable_angle(array, f)) for f in REPORT_FREQUENCIES),
        )


def aliasing_spacing(array: MicrophoneArray) -> float:
    """Metres: the shortest spacing at which pairs of microphones cover every dimension of the array.

    The nearest pair alone would flatter an array such as a pair of hearing aids, whose two microphones at
    each ear are near but whose ears are far apart: across the head only the long pairs listen. So pairs are
    taken from the shortest up, until their unit vectors span the line, plane or space of the array
    (smallest singular value one half, or half of what all pairs together reach if that is less). The
    dimensions are those of the positions: a body or patterns tell more apart, but bring no pairs.
    """
    positions = array.positions
    first, second = np.triu_indices(len(positions), k=1)
    pairs = positions[first] - positions[second]
    length = np.linalg.norm(pairs, axis=1)
    order = np.argsort(length)
    unit = pairs[order] / length[order, None]
    scatter = np.cumsum(unit[:, :, None] * unit[:, None, :], axis=0)
    num_dimensions = find_ambiguity(array.centred_positions, array.span).num_dimensions
    smallest = np.linalg.eigvalsh(scatter)[:, 3 - num_dimensions]
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
        raise GeometryError(f"frequency must be positive, got {frequency} Hz; give one such as 1000")
    wavelength = array.speed_of_sound / frequency
    return float(2 * np.arcsin(min(1.0, wavelength / (2 * array.span))))


def phase_information(
    array: MicrophoneArray, frequency: Float[np.ndarray, "freq"]
) -> Float[np.ndarray, "freq"]:
    """The spectrum of phase information: how much of a direction phases tell at each frequency, 0..1.

    For microphones d apart the phase of waves from all around is spread evenly up to ``x = 2 f d / c`` half
    turns. One that wraps tells nothing; one that does not tells the more the larger it is beside the errors
    of phases. The mean size of those that do not wrap, over all directions, is ``min(x, 1/x)`` times what it
    is at best, at half a wavelength. The mean over all pairs is returned: little where the whole array is
    small against a wavelength, little where all pairs wrap, most in between.

    Args:
        array: the microphones.
        frequency: hertz, not negative.

    Reference:
        Baek et al. (2026) show learned bins to gather where phases tell; the measure is ours.
    """
    first, second = np.triu_indices(array.num_microphones, k=1)
    distance = np.linalg.norm(array.positions[first] - array.positions[second], axis=1)
    half_turns = 2 * frequency[:, None] * distance / array.speed_of_sound
    with np.errstate(divide="ignore"):
        information: np.ndarray = np.minimum(half_turns, 1 / half_turns).mean(axis=1)
    return information
