"""Phases that a plane wave has at the microphones: in free field, or around the rigid sphere they sit on."""

import numpy as np
from jaxtyping import Complex64, Float

from anydoa.acoustics.sphere_waves import sphere_waves
from anydoa.acoustics.tdoa import arrival_time
from anydoa.geometry import MicrophoneArray


def steering_phases(
    directions: Float[np.ndarray, "direction 3"],
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
) -> Complex64[np.ndarray, "freq direction mic"]:
    """Phase of a plane wave from each direction at each microphone.

    It is relative to the mean of the microphones in free field, to the centre of the sphere around one.

    Args:
        directions: unit vectors towards the sources.
        array: microphones; if the array declares a rigid sphere, sound bends around it.
        frequencies: hertz.
    """
    if array.rigid_sphere_radius is not None:
        waves = sphere_waves(array, frequencies, tolerance=1e-3)
        weights = waves.weights(directions, array)
        # (rank, freq) and (direction, mic, rank) -> (freq, direction * mic), then only the phases
        heard = waves.basis.T @ weights.reshape(-1, len(waves.basis)).T
        heard /= np.sqrt(np.square(heard.real) + np.square(heard.imag))
        return heard.reshape(len(frequencies), len(directions), -1)
    delay = arrival_time(array.centred_positions, directions, array.speed_of_sound)
    # Whole turns are dropped in double precision; the rest is accurate enough in single.
    turns = frequencies[:, None, None] * delay  # (freq, direction, mic)
    angle = (-2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
    phases = np.empty(angle.shape, dtype=np.complex64)
    phases.real, phases.imag = np.cos(angle), np.sin(angle)
    return phases
