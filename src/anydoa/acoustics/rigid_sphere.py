"""What a hard ball does to sound at its surface, in closed form; simulation and steering vectors share it.

The pressure at the surface, relative to the pressure at the centre if the ball were not there, depends only
on the wave number times the radius (``ka``) and on the angle between the microphone and the source. Plane
waves: sources nearer than a few radii bend a little more than this says. Time dependence is
exp(+j 2 pi f t), so that a delay is a negative phase.
"""

import numpy as np
from jaxtyping import Complex, Float
from scipy.special import eval_legendre, spherical_jn, spherical_yn


def sphere_wave_number(
    frequencies: Float[np.ndarray, "freq"], radius: float, speed_of_sound: float
) -> Float[np.ndarray, "freq"]:
    """Wave number times the radius, ``ka``.

    Args:
        frequencies: hertz.
        radius: metres from the centre of the ball to its surface.
        speed_of_sound: metres a second.
    """
    return 2 * np.pi * frequencies * radius / speed_of_sound


def sphere_response(
    wave_number: Float[np.ndarray, "freq"], angle: Float[np.ndarray, "angle"]
) -> Complex[np.ndarray, "angle freq"]:
    """Pressure at the surface for a plane wave of unit pressure at the centre.

    Args:
        wave_number: wave number times the radius; see :func:`sphere_wave_number`.
        angle: radians between the microphone and the source, 0 where it faces the source.

    Reference:
        Rafaely, Fundamentals of Spherical Array Processing (2015), section 2.7: scattering by a rigid sphere.
    """
    strength = _mode_strength(wave_number)
    order = np.arange(len(strength))
    return ((2 * order + 1) * eval_legendre(order, np.cos(angle)[:, None])) @ strength


def sphere_cross_power(
    wave_number: Float[np.ndarray, "freq"], cosine: Float[np.ndarray, "mic mic"]
) -> Float[np.ndarray, "freq mic mic"]:
    """Cross-power of microphones on the ball in sound from everywhere, of unit power at the centre.

    Args:
        wave_number: wave number times the radius.
        cosine: cosines of the angles between microphones.
    """
    strength = _mode_strength(wave_number)
    order = np.arange(len(strength))
    power = (2 * order[:, None] + 1) * np.abs(strength) ** 2  # (order, freq)
    return np.einsum("nf,nij->fij", power, eval_legendre(order[:, None, None], cosine))


def _mode_strength(wave_number: Float[np.ndarray, "freq"]) -> Complex[np.ndarray, "order freq"]:
    """Strength of each order at the surface: by the Wronskian, one over the outgoing wave's slope."""
    ka = np.maximum(wave_number, 1e-4)  # at 0 the series has a limit but no value
    order = np.arange(int(np.ceil(1.2 * ka.max())) + 12)[:, None]
    slope = spherical_yn(order, ka, derivative=True)
    is_heard = np.isfinite(slope)  # long waves do not reach high orders at all: their slope has no number
    outgoing = spherical_jn(order, ka, derivative=True) - 1j * np.where(is_heard, slope, 1)
    strength: np.ndarray = np.where(is_heard, 1j ** (order - 1) / ka**2 / outgoing, 0)
    return strength
