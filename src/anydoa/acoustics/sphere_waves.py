"""Plane waves at the microphones of a rigid sphere, as a short sum of products.

What a microphone hears depends on frequency and on the angle between microphone and direction alone, and so
smoothly that a few functions of frequency, each times a function of angle, give it all. Any number of
directions then costs little time and memory.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Complex64, Float
from scipy.interpolate import CubicSpline

from anydoa.acoustics.rigid_sphere import sphere_response, sphere_wave_number
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction


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
    """The shortest sum within the tolerance, for all directions and microphones.

    The keys are wave numbers times the radius, so arrays of one sphere share a sum.
    """
    # From one angle of the table to the next the phase turns by 0.3 radians at most, about.
    steps = 1.5 * max(wave_number) * np.pi / 0.3
    angles = np.linspace(0, np.pi, max(60, int(np.ceil(steps))))
    response = sphere_response(np.array(wave_number), angles)  # (angle, freq)
    if phases_only:
        response /= np.abs(response)
    # Functions of frequency by rising power: the weakest are left out as long as the error is small.
    power, functions = np.linalg.eigh(response.T @ response.conj())
    missed = np.sqrt(np.maximum(np.cumsum(power), 0) / response.size)
    basis = functions[:, np.searchsorted(missed, tolerance) :].T[::-1]  # (rank, freq)
    # As functions of angle they are even about both ends, so their slopes there are 0.
    shapes = CubicSpline(angles, response @ basis.conj().T, bc_type="clamped")
    return SphereWaves(basis.astype(np.complex64), shapes)
