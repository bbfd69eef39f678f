"""When waves arrive: the one place that says so.

Plane waves and those of sounds near by, in free field and along the surface of a rigid sphere.
"""

import numpy as np
from jaxtyping import Float

from anydoa.constants import SPEED_OF_SOUND
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction


def arrival_time(
    positions: Float[np.ndarray, "mic 3"],
    directions: Float[np.ndarray, "*direction 3"],
    speed_of_sound: float = SPEED_OF_SOUND,
) -> Float[np.ndarray, "*direction mic"]:
    """Seconds after the origin at which plane waves in free field reach each microphone: ``-(p . u) / c``.

    For the difference of two positions it is the difference of their times.

    Args:
        positions: metres.
        directions: unit vectors towards the sources.
        speed_of_sound: metres a second.

    Convention:
        Negative where a microphone lies towards the source, for it hears the wave before the origin does.
    """
    return -(directions @ positions.T) / speed_of_sound


def plane_arrival_times(
    array: MicrophoneArray, directions: Float[np.ndarray, "direction 3"]
) -> Float[np.ndarray, "mic direction"]:
    """Seconds after the origin at which plane waves reach an array, around its rigid sphere if it has one.

    In free field the origin is the middle of the microphones, on a sphere that of the sphere.

    Args:
        array: the microphones.
        directions: unit vectors towards the sources.

    Reference:
        Woodworth (1938): straight to the lit half of a sphere, along its surface into the shadow.
    """
    if array.rigid_sphere_radius is None:
        return arrival_time(array.centred_positions, directions, array.speed_of_sound).T.copy()
    # (mic, direction): angle between each microphone and the source, beyond which it lies in the shadow
    cosine = np.clip(normalize_direction(array.positions) @ directions.T, -1, 1)
    shadow = np.arccos(cosine) - np.pi / 2
    return np.where(shadow > 0, shadow, -cosine) * array.rigid_sphere_radius / array.speed_of_sound


def spherical_arrival_times(
    array: MicrophoneArray, directions: Float[np.ndarray, "direction 3"], distance: float
) -> Float[np.ndarray, "mic direction"]:
    """Seconds after the origin at which waves from near by reach an array.

    Around a rigid sphere the way is straight to what is seen of it, and along its surface beyond.

    Args:
        array: the microphones; the origin is that of :func:`plane_arrival_times`.
        directions: unit vectors towards the sources.
        distance: metres from the origin to each source.
    """
    places = array.positions if array.rigid_sphere_radius is not None else array.centred_positions
    # (mic, direction): metres from each source to each microphone
    path = np.linalg.norm(distance * directions - places[:, None], axis=-1)
    if array.rigid_sphere_radius is not None:
        radius = array.rigid_sphere_radius
        angle = np.arccos(np.clip(normalize_direction(places) @ directions.T, -1, 1))
        seen = np.arccos(radius / distance)
        around = np.sqrt(distance**2 - radius**2) + radius * (angle - seen)
        path = np.where(angle > seen, around, path)
    return (path - distance) / array.speed_of_sound
