"""Phases that a plane wave has at the microphones: in free field, or around the rigid sphere they sit on."""

import numpy as np
from jaxtyping import Complex64, Float

from anydoa.acoustics.sphere_waves import sphere_waves
from anydoa.acoustics.tdoa import arrival_time
from anydoa.geometry.array import MicrophoneArray

_TOLERANCE = 1e-3  # of a wave around a sphere


def steering_phases(
    directions: Float[np.ndarray, "direction 3"],
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
) -> Complex64[np.ndarray, "freq direction mic"]:
    """Phase of a plane wave from each direction at each microphone.

    Relative to the mean of the microphones in free field, to the centre of the sphere around one.

    Args:
        directions: unit vectors towards the sources.
        array: what listens; if it declares a rigid sphere, sound bends around that.
        frequencies: hertz.
    """
    if array.rigid_sphere_radius is None:
        return _free_field_phases(directions, array, frequencies)
    return _sphere_phases(directions, array, frequencies)


def _free_field_phases(
    directions: Float[np.ndarray, "direction 3"],
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
) -> Complex64[np.ndarray, "freq direction mic"]:
    delay = arrival_time(array.centred_positions, directions, array.speed_of_sound)
    # Whole turns are dropped in double precision; the rest is accurate enough in single.
    turns = frequencies[:, None, None] * delay
    angle = (-2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
    phases = np.empty(angle.shape, dtype=np.complex64)
    phases.real, phases.imag = np.cos(angle), np.sin(angle)
    return phases


def _sphere_phases(
    directions: Float[np.ndarray, "direction 3"],
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
) -> Complex64[np.ndarray, "freq direction mic"]:
    waves = sphere_waves(array, frequencies, tolerance=_TOLERANCE)
    weights = waves.weights(directions, array)
    heard = waves.basis.T @ weights.reshape(-1, len(waves.basis)).T
    heard /= np.sqrt(np.square(heard.real) + np.square(heard.imag))
    return heard.reshape(len(frequencies), len(directions), -1)
