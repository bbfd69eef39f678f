"""Sound from everywhere at once: how alike the microphones of an array hear it."""

import numpy as np
from jaxtyping import Float

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction
from anydoa.geometry.rigid_sphere import sphere_cross_power


def diffuse_coherence(
    array: MicrophoneArray, frequencies: Float[np.ndarray, "freq"]
) -> Float[np.ndarray, "freq mic mic"]:
    """Coherence of each pair of microphones in a spherically isotropic field.

    Args:
        array: what listens; if it declares a rigid sphere, sound bends around that.
        frequencies: hertz.

    Reference:
        Cook et al. (1955), "Measurement of correlation coefficients in reverberant sound fields", for free
        field; around a sphere from its response to plane waves.
    """
    if array.rigid_sphere_radius is None:
        distance = np.linalg.norm(array.positions[:, None] - array.positions, axis=-1)
        coherence: np.ndarray = np.sinc(2 * frequencies[:, None, None] * distance / array.speed_of_sound)
        return coherence
    places = normalize_direction(array.positions)
    wave_number = 2 * np.pi * frequencies * array.rigid_sphere_radius / array.speed_of_sound
    power = sphere_cross_power(wave_number, np.clip(places @ places.T, -1, 1))
    own = np.sqrt(np.diagonal(power, axis1=1, axis2=2))
    return power / (own[:, :, None] * own[:, None, :])
