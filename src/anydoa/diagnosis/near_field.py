"""Waves of talkers near the array: spheres, whose fronts are curved over its microphones.

At 0.5 m from a circle of 10 cm the middle of the front is 29 microseconds ahead of a plane.
"""

import numpy as np
from jaxtyping import Float

from anydoa.diagnosis.wave_fit import arrival_times
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction

_NEAREST_M = 0.25  # from the middle of the array
_OUTSIDE = 1.3  # times the radius of the array; nearer than that is among the microphones
_BEND_STEP_S = 22e-6  # s by which the bends of neighbouring distances differ at the rim


def curved_arrival_times(
    array: MicrophoneArray, directions: Float[np.ndarray, "direction 3"]
) -> Float[np.ndarray, "mic wave"]:
    """Seconds after the middle of the array at which plane waves and those of talkers near by arrive.

    Args:
        array: the microphones.
        directions: of the talkers; plane waves first, then one set for each nearer distance.
    """
    spheres = [spherical_arrival_times(array, directions, distance) for distance in talker_distances(array)]
    return np.concatenate([arrival_times(array, directions), *spheres], axis=1)


def talker_distances(array: MicrophoneArray) -> list[float]:
    """Metres from the middle of the array, farthest first, at which its microphones hear another bend."""
    radius = _radius(array)
    nearest = max(_NEAREST_M, _OUTSIDE * radius)
    bend_s = radius**2 / (2 * nearest * array.speed_of_sound)
    count = round(bend_s / _BEND_STEP_S)
    return [nearest * count / number for number in range(1, count + 1)]


def spherical_arrival_times(
    array: MicrophoneArray, directions: Float[np.ndarray, "direction 3"], distance: float
) -> Float[np.ndarray, "mic direction"]:
    """Seconds after the middle of the array at which waves from so many metres away arrive.

    Around a rigid sphere where there is one: straight to what is seen of it, along its surface beyond.
    """
    places = array.positions if array.rigid_sphere_radius is not None else array.centred_positions
    straight = np.linalg.norm(distance * directions - places[:, None], axis=-1)
    if array.rigid_sphere_radius is not None:
        radius = array.rigid_sphere_radius
        angle = np.arccos(np.clip(normalize_direction(places) @ directions.T, -1, 1))
        seen = np.arccos(radius / distance)
        around = np.sqrt(distance**2 - radius**2) + radius * (angle - seen)
        straight = np.where(angle > seen, around, straight)
    return (straight - distance) / array.speed_of_sound


def _radius(array: MicrophoneArray) -> float:
    """Metres from the middle of the array to its farthest microphone."""
    return float(np.linalg.norm(array.centred_positions, axis=1).max())
