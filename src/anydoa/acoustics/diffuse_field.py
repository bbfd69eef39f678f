"""Sound from everywhere at once: how alike the microphones of an array hear it."""

import numpy as np
from jaxtyping import Complex, Float
from scipy.special import spherical_jn

from anydoa.acoustics.plane_wave import steering_vectors
from anydoa.acoustics.rigid_sphere import sphere_cross_power, sphere_wave_number
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction
from anydoa.geometry.grid import fibonacci_grid

_MEASURED_DIRECTIONS = 1024  # that stand for all, where a body was measured


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
) -> Complex[np.ndarray, "freq mic mic"] | Float[np.ndarray, "freq mic mic"]:
    """Coherence of each pair of microphones in a spherically isotropic field.

    Args:
        array: microphones with their patterns, sphere or measured steering.
        frequencies: hertz.

    Returns:
        Real in free air and around a sphere; complex for patterns and measured bodies.
    """
    if array.levels_are_equal:
        return free_field_coherence(array.positions, frequencies, array.speed_of_sound)
    power = diffuse_cross_power(array, frequencies)
    own = np.sqrt(np.diagonal(power, axis1=1, axis2=2).real)
    coherence: np.ndarray = power / (own[:, :, None] * own[:, None, :])
    return coherence


def diffuse_cross_power(
    array: MicrophoneArray, frequencies: Float[np.ndarray, "freq"]
) -> Complex[np.ndarray, "freq mic mic"] | Float[np.ndarray, "freq mic mic"]:
    """Cross-power of each pair of microphones in a spherically isotropic field of unit power.

    Args:
        array: microphones with their patterns, sphere or measured steering.
        frequencies: hertz.
    """
    if array.steering is not None:
        return _measured_cross_power(array, frequencies)
    if array.patterns:
        return _pattern_cross_power(array, frequencies)
    if array.rigid_sphere_radius is None:
        return free_field_coherence(array.positions, frequencies, array.speed_of_sound)
    places = normalize_direction(array.positions)
    wave_number = sphere_wave_number(frequencies, array.rigid_sphere_radius, array.speed_of_sound)
    return sphere_cross_power(wave_number, np.clip(places @ places.T, -1, 1))


def _pattern_cross_power(
    array: MicrophoneArray, frequencies: Float[np.ndarray, "freq"]
) -> Complex[np.ndarray, "freq mic mic"]:
    """That of first-order patterns in free air, in closed form.

    Reference:
        Elko (2001), "Spatial coherence functions for differential microphones in isotropic noise fields".
        The mean of exp(j x u.e) over all directions u is j0(x). Those of u and u u^T times the same are its
        derivatives, j j1(x) e and I j1(x) / x - e e^T j2(x).
    """
    between = array.positions[:, None] - array.positions
    distance = np.linalg.norm(between, axis=-1)
    towards = between / np.maximum(distance, 1e-12)[..., None]
    x = 2 * np.pi * frequencies[:, None, None] * distance / array.speed_of_sound
    zeroth, first, second = (spherical_jn(order, x) for order in range(3))
    slope = np.where(x > 1e-6, first / np.maximum(x, 1e-6), 1 / 3)
    # (mic): share a and the part b n that turns with the direction, by gains along the axes and across
    omni = 0.5 * (array.gains(np.eye(3)) + array.gains(-np.eye(3)))[0]
    turning = 0.5 * (array.gains(np.eye(3)) - array.gains(-np.eye(3))).T
    # (mic, mic): turning parts along the line between two microphones
    own, other = np.einsum("mx,mnx->mn", turning, towards), np.einsum("nx,mnx->mn", turning, towards)
    real = np.outer(omni, omni) * zeroth + (turning @ turning.T) * slope - own * other * second
    power: np.ndarray = real + 1j * (omni[:, None] * other + omni * own) * first
    return power


def _measured_cross_power(
    array: MicrophoneArray, frequencies: Float[np.ndarray, "freq"]
) -> Complex[np.ndarray, "freq mic mic"]:
    """That of a measured body: the mean over even directions."""
    directions = fibonacci_grid(_MEASURED_DIRECTIONS).directions
    power = np.zeros((len(frequencies), array.num_microphones, array.num_microphones), dtype=np.complex64)
    for start in range(0, len(directions), 256):
        vectors = steering_vectors(directions[start : start + 256], array, frequencies)
        power += vectors.swapaxes(1, 2) @ vectors.conj()
    return power / np.float32(len(directions))
