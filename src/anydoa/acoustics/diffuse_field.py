"""Sound from everywhere at once: how alike the microphones of an array hear it."""

import numpy as np
from jaxtyping import Float

from anydoa.acoustics.rigid_sphere import sphere_cross_power, sphere_wave_number
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction


def free_field_coherence(
    positions: Float[np.ndarray, "mic 3"],
    frequencies: Float[np.ndarray, "freq"],
    speed_of_sound: float,
) -> Float[np.ndarray, "freq mic mic"]:
    """Coherence of omnidirectional microphones in a spherically isotropic field: sin(kd) / (kd).

    Args:
        positions: metres.
        frequencies: hertz.
        speed_of_sound: metres a second.

    Reference:
        Cook et al. (1955), "Measurement of correlation coefficients in reverberant sound fields".
    """
    distance = np.linalg.norm(positions[:, None] - positions, axis=-1)
    coherence: np.ndarray = np.sinc(2 * frequencies[:, None, None] * distance / speed_of_sound)
    return coherence


def diffuse_coherence(
    array: MicrophoneArray, frequencies: Float[np.ndarray, "freq"]
) -> Float[np.ndarray, "freq mic mic"]:
    """Coherence of each pair of microphones in a spherically isotropic field.

    Args:
        array: microphones; if the array declares a rigid sphere, sound bends around it.
        frequencies: hertz.
    """
    if array.rigid_sphere_radius is None:
        return free_field_coherence(array.positions, frequencies, array.speed_of_sound)
    places = normalize_direction(array.positions)
    wave_number = sphere_wave_number(frequencies, array.rigid_sphere_radius, array.speed_of_sound)
    power = sphere_cross_power(wave_number, np.clip(places @ places.T, -1, 1))
    own = np.sqrt(np.diagonal(power, axis1=1, axis2=2))
    return power / (own[:, :, None] * own[:, None, :])
