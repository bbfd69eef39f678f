"""Plane waves at the microphones of an array: its steering vectors, whatever the array is.

This is the one place where it is decided how waves reach microphones: in free air, by patterns, around a
rigid sphere, or as measured on a body.
"""

import numpy as np
from jaxtyping import Complex64, Float

from anydoa.acoustics.measured_waves import measured_directions, measured_vectors
from anydoa.acoustics.sphere_waves import sphere_waves
from anydoa.acoustics.tdoa import arrival_time
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import rotation_from_rpy_deg
from anydoa.geometry.grid import DirectionGrid

_BLOCK = 2**15  # phases at once: what a cache holds is computed in half the time


def steering_vectors(
    directions: Float[np.ndarray, "direction 3"],
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
) -> Complex64[np.ndarray, "freq direction mic"]:
    """What each microphone hears of a plane wave of unit pressure from each direction.

    Phases are relative to the mean of the microphones in free air, to the centre of the sphere around one,
    and to a phase that all microphones share for a measured body.

    Args:
        directions: unit vectors towards the sources.
        array: microphones with their patterns, sphere or measured steering.
        frequencies: hertz.
    """
    if array.steering is not None:
        return measured_vectors(directions, array, frequencies)
    if array.rigid_sphere_radius is not None:
        return _around_sphere(directions, array, frequencies)
    vectors = _free_phases(directions, array, frequencies)
    return vectors * array.gains(directions).astype(np.float32) if array.patterns else vectors


def steering_phases(
    directions: Float[np.ndarray, "direction 3"],
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
) -> Complex64[np.ndarray, "freq direction mic"]:
    """Phases of :func:`steering_vectors`, their magnitudes one.

    Args:
        directions: unit vectors towards the sources.
        array: microphones with their patterns, sphere or measured steering.
        frequencies: hertz.
    """
    if array.phases_are_delays:
        return _free_phases(directions, array, frequencies)
    if array.patterns:
        signs = np.where(array.gains(directions) < 0, np.float32(-1), np.float32(1))
        return _free_phases(directions, array, frequencies) * signs
    vectors = steering_vectors(directions, array, frequencies)
    size = np.sqrt(np.square(vectors.real) + np.square(vectors.imag))
    vectors /= np.maximum(size, np.finfo(np.float32).tiny, out=size)
    return vectors


def coverage_warnings(array: MicrophoneArray, grid: DirectionGrid) -> list[str]:
    """A sentence if directions of a grid lie beyond those that the array was measured from."""
    if array.steering is None:
        return []
    own = grid.directions @ rotation_from_rpy_deg(array.mount_rpy_deg)
    share = float(measured_directions(array.steering).are_beyond(own).mean())
    if not share:
        return []
    return [
        f"array {array.name!r} was not measured from {100 * share:.2g} % of the directions of grid "
        f"{grid.name!r}; the nearest measured ones stand for them, so take a grid that looks where it was"
    ]


def _around_sphere(
    directions: Float[np.ndarray, "direction 3"],
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
) -> Complex64[np.ndarray, "freq direction mic"]:
    """Pressure of plane waves at the microphones of a rigid sphere."""
    waves = sphere_waves(array, frequencies, tolerance=1e-3)
    weights = waves.weights(directions, array)
    # (rank, freq) and (direction, mic, rank) -> (freq, direction * mic)
    heard = waves.basis.T @ weights.reshape(-1, len(waves.basis)).T
    return heard.reshape(len(frequencies), len(directions), -1)


def _free_phases(
    directions: Float[np.ndarray, "direction 3"],
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
) -> Complex64[np.ndarray, "freq direction mic"]:
    """Phases of plane waves in free air."""
    delay = arrival_time(array.centred_positions, directions, array.speed_of_sound)
    phases = np.empty((len(frequencies), *delay.shape), dtype=np.complex64)
    block = max(1, _BLOCK // max(1, delay.size))
    for start in range(0, len(frequencies), block):
        # Whole turns are dropped in double precision; the rest is accurate enough in single.
        turns = frequencies[start : start + block, None, None] * delay  # (freq, direction, mic)
        turns -= np.rint(turns)
        turns *= -2 * np.pi
        angle, part = turns.astype(np.float32), phases[start : start + block]
        np.cos(angle, out=part.real)
        np.sin(angle, out=part.imag)
    return phases
