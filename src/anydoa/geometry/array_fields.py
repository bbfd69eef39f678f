"""What the fields of a microphone array must be."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from numbers import Integral, Real

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from anydoa.constants import MAX_MICROPHONES, MAX_SPAN, MIN_MICROPHONES, MIN_SPACING, MIN_SPAN
from anydoa.errors import GeometryError
from anydoa.geometry.coordinates import real_numbers
from anydoa.geometry.measured_steering import MeasuredSteering
from anydoa.geometry.pattern import MicrophonePattern

_FARTHEST = 1e5  # m from the origin; anything beyond is a slip, and its square might overflow


def pairwise_distance(positions: Float[np.ndarray, "mic 3"]) -> Float[np.ndarray, "mic mic"]:
    """Distance of each microphone to each, in the unit of the positions."""
    distance: np.ndarray = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    return distance


def valid_positions(body_positions: ArrayLike, name: str) -> Float[np.ndarray, "mic 3"]:
    """Float64 copy of the positions, read-only, after every check of the geometry."""
    try:
        positions = real_numbers(body_positions)
    except GeometryError as error:
        raise GeometryError(
            f"array {name!r}: positions must be rows of 3 numbers ({error}); give x, y, z for each"
        ) from None
    if positions.ndim != 2 or positions.shape[1] != 3:
        raise GeometryError(
            f"array {name!r}: positions must be (microphones, 3), got shape {positions.shape}; give one row "
            "of x, y, z for each"
        )
    if not MIN_MICROPHONES <= len(positions) <= MAX_MICROPHONES:
        raise GeometryError(
            f"array {name!r} has {len(positions)} microphones; "
            f"{MIN_MICROPHONES}..{MAX_MICROPHONES} are possible; give one row of x, y, z for each"
        )
    if not np.isfinite(positions).all():
        bad = int(np.argwhere(~np.isfinite(positions))[0, 0])
        raise GeometryError(
            f"array {name!r}: position of microphone {bad} is not finite: {positions[bad]}; correct it"
        )
    if np.abs(positions).max() > _FARTHEST:
        raise GeometryError(
            f"array {name!r}: coordinates go up to {_FARTHEST:g} m, got {np.abs(positions).max():.3g} m; "
            "give them relative to the array"
        )
    _check_distances(positions, name)
    positions.flags.writeable = False
    return positions


def _check_distances(positions: Float[np.ndarray, "mic 3"], name: str) -> None:
    distance = pairwise_distance(positions)
    span = float(distance.max())
    if span > MAX_SPAN:
        raise GeometryError(
            f"array {name!r} spans {span:.3g} m; arrays wider than {MAX_SPAN:g} m are not supported "
            "(far field only); positions are metres"
        )
    if 0 < span < MIN_SPAN:
        raise GeometryError(
            f"array {name!r} spans {span * 1000:.3g} mm, less than {MIN_SPAN * 1000:g} mm; "
            "positions are metres"
        )
    np.fill_diagonal(distance, np.inf)
    first, second = np.unravel_index(int(distance.argmin()), distance.shape)
    if distance[first, second] < MIN_SPACING:
        raise GeometryError(
            f"array {name!r}: microphones {first} and {second} are at the same place "
            f"({distance[first, second] * 1000:.3g} mm apart); correct or remove one"
        )


def valid_name(name: object) -> str:
    """The name, if it is a text."""
    if not isinstance(name, str):
        raise GeometryError(f"the name of an array is a text, got {name!r:.40}; give one such as 'my array'")
    return name


def valid_channels(channels: Iterable[object], field: str, name: str) -> tuple[int, ...]:
    """The channels as whole numbers of Python, from 0."""
    if not isinstance(channels, Iterable):
        raise GeometryError(
            f"array {name!r}: {field} is a list of numbers, got {channels!r:.40}; write it as in [0, 1]"
        )
    valid = []
    for channel in channels:
        if isinstance(channel, bool) or not isinstance(channel, Integral) or channel < 0:
            raise GeometryError(
                f"array {name!r}: channels are whole numbers from 0, got {channel!r:.40}; count them from 0"
            )
        valid.append(int(channel))
    return tuple(valid)


def valid_number(number: object, field: str, name: str) -> float:
    """The number as one of Python; one of NumPy would be written into files and hashes by its type's name."""
    if isinstance(number, bool) or not isinstance(number, Real):
        raise GeometryError(
            f"array {name!r}: {field} is a number, got {number!r:.40}; give one without a unit"
        )
    return float(number)


def valid_angles(rpy_deg: object, name: str) -> tuple[float, float, float]:
    """Roll, pitch and yaw as numbers of Python."""
    angles = tuple(rpy_deg) if isinstance(rpy_deg, Iterable) and not isinstance(rpy_deg, str) else ()
    finite = [float(angle) for angle in angles if isinstance(angle, Real) and math.isfinite(angle)]
    if not len(angles) == len(finite) == 3:
        raise GeometryError(
            f"array {name!r}: mount_rpy_deg takes 3 finite angles, got {rpy_deg!r:.60}; give roll, pitch and "
            "yaw"
        )
    return finite[0], finite[1], finite[2]


def valid_patterns(patterns: object, name: str) -> tuple[MicrophonePattern, ...]:
    """The patterns; none where all are omnidirectional, which is what there is without, to the last bit."""
    found = tuple(patterns) if isinstance(patterns, Iterable) else (patterns,)
    for pattern in found:
        if not isinstance(pattern, MicrophonePattern):
            raise GeometryError(
                f"array {name!r}: patterns are MicrophonePattern, one for each microphone, got "
                f"{pattern!r:.40}; give MicrophonePattern.named('cardioid', axis)"
            )
    return () if all(pattern.is_omni for pattern in found) else found


def check_channels(
    channels: tuple[int, ...], ignored: tuple[int, ...], num_microphones: int, name: str
) -> None:
    """Refuse channels that are used twice, or that leave one out."""
    if len(channels) != num_microphones:
        raise GeometryError(
            f"array {name!r} has {num_microphones} microphones but {len(channels)} channels; "
            "give one channel each"
        )
    together = channels + ignored
    twice = sorted(channel for channel, uses in Counter(together).items() if uses > 1)
    if twice:
        raise GeometryError(
            f"array {name!r}: channel {twice[0]} is used twice; each channel is one microphone or ignored"
        )
    missing = sorted(set(range(len(together))) - set(together))
    if sorted(together) == list(range(1, len(together) + 1)):
        raise GeometryError(
            f"array {name!r}: channels count from 0, got 1 to {len(together)}; subtract 1 from each, "
            "or add 0 to ignore_channels if it holds no microphone"
        )
    if missing:
        raise GeometryError(
            f"array {name!r}: channels count from 0 without gaps, "
            f"but {missing[0]} is neither a microphone nor ignored; add it to ignore_channels"
        )


def check_rigid_sphere(positions: Float[np.ndarray, "mic 3"], radius: float, name: str) -> None:
    """Refuse a sphere that the microphones are not on."""
    if not 0 < radius <= MAX_SPAN:
        raise GeometryError(
            f"array {name!r}: rigid_sphere_radius must be above 0 and at most {MAX_SPAN:g} m, got {radius}; "
            "is its unit right? leave it out for microphones in free air"
        )
    distance = np.linalg.norm(positions, axis=1)
    worst = int(np.abs(distance - radius).argmax())
    # Capsules stand out of a rigid sphere or sink into it.
    if abs(distance[worst] - radius) > 0.05 * radius:
        raise GeometryError(
            f"array {name!r}: microphone {worst} is {distance[worst]:.4g} m from the origin but "
            f"rigid_sphere_radius is {radius:.4g} m; put the origin at the sphere's centre or mend the radius"
        )


def check_body(
    radius: float | None,
    patterns: Sequence[MicrophonePattern],
    steering: MeasuredSteering | None,
    num_microphones: int,
    name: str,
) -> None:
    """Refuse what is not said of each microphone, and two ways that waves reach them."""
    if steering is not None and not isinstance(steering, MeasuredSteering):
        raise GeometryError(
            f"array {name!r}: steering is a MeasuredSteering, got {steering!r:.40}; read a SOFA file by "
            "anydoa.io.load_steering"
        )
    if patterns and len(patterns) != num_microphones:
        raise GeometryError(
            f"array {name!r} has {num_microphones} microphones but {len(patterns)} patterns; give one each"
        )
    if steering is not None and steering.num_microphones != num_microphones:
        raise GeometryError(
            f"array {name!r} has {num_microphones} microphones, but responses of "
            f"{steering.num_microphones} were measured; say which receiver each microphone is"
        )
    given = {
        "rigid_sphere_radius": radius is not None,
        "patterns": bool(patterns),
        "steering": steering is not None,
    }
    if sum(given.values()) > 1:
        both = " and ".join(key for key, there in given.items() if there)
        raise GeometryError(
            f"array {name!r}: only one thing may say how waves reach the microphones, got {both}; keep one"
        )
