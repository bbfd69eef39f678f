"""Plane waves at the microphones of a rigid sphere, as a short sum of products.

What a microphone hears depends on frequency and on the angle between microphone and direction alone, and so
smoothly that a few functions of frequency, each times a function of angle, give it all. Any number of
directions then costs little time and memory.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Complex, Complex64, Float
from scipy.interpolate import CubicSpline

from anydoa.acoustics.rigid_sphere import sphere_response, sphere_wave_number
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction

_RADIANS_A_STEP = 0.3  # that the phase turns from one angle of the table to the next, at most about
_FEWEST_ANGLES = 60


@dataclass(frozen=True, eq=False)
class SphereWaves:
    """Waves of unit pressure at the centre of the sphere, ``sum_r shapes_r(angle) * basis[r]``.

    Args:
        basis: functions of frequency, orthonormal.
        shapes: functions of the angle between microphone and direction.
    """

    basis: Complex64[np.ndarray, "rank freq"]
    shapes: CubicSpline

    def weights(
        self, directions: Float[np.ndarray, "direction 3"], array: MicrophoneArray
    ) -> Complex64[np.ndarray, "direction mic rank"]:
        """Share of each function of frequency in the wave from each direction at each microphone."""
        cosine = directions @ normalize_direction(array.positions).T
        return self.shapes(np.arccos(np.clip(cosine, -1, 1))).astype(np.complex64)


def sphere_waves(
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
    *,
    tolerance: float,
    phases_only: bool = False,
) -> SphereWaves:
    """Waves around the sphere of an array.

    Args:
        array: one that declares a rigid sphere.
        frequencies: hertz.
        tolerance: root mean square error over frequencies and angles.
        phases_only: magnitudes are set to one.
    """
    assert array.rigid_sphere_radius is not None
    wave_number = sphere_wave_number(frequencies, array.rigid_sphere_radius, array.speed_of_sound)
    return _decompose(tuple(wave_number.tolist()), tolerance, phases_only)


@lru_cache(maxsize=8)
def _decompose(wave_number: tuple[float, ...], tolerance: float, phases_only: bool) -> SphereWaves:
    """The shortest sum for these wave numbers times the radius, for all directions and microphones."""
    steps = 1.5 * max(wave_number) * np.pi / _RADIANS_A_STEP
    angles = np.linspace(0, np.pi, max(_FEWEST_ANGLES, int(np.ceil(steps))))
    response = sphere_response(np.array(wave_number), angles)
    if phases_only:
        response /= np.abs(response)
    basis = _strongest_functions(response, tolerance)
    # As functions of angle they are even about both ends, so their slopes there are 0.
    shapes = CubicSpline(angles, response @ basis.conj().T, bc_type="clamped")
    return SphereWaves(basis.astype(np.complex64), shapes)


def _strongest_functions(
    response: Complex[np.ndarray, "angle freq"], tolerance: float
) -> Complex[np.ndarray, "rank freq"]:
    """The fewest functions of frequency that sum up to a response within a root mean square error."""
    power, functions = np.linalg.eigh(response.T @ response.conj())
    missed = np.sqrt(np.maximum(np.cumsum(power), 0) / response.size)
    return functions[:, np.searchsorted(missed, tolerance) :].T[::-1]
