"""Impulse responses of a rigid sphere at microphones on it, such as those of em32."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Float
from scipy import fft

from anydoa.acoustics import sphere_cross_power, sphere_response, sphere_wave_number
from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import great_circle_distance, normalize_direction
from anydoa.simulation.noise import Coherence

SPHERE_RADII = (0.005, 0.3)
"""Smallest and largest radius in metres of a sphere that is simulated."""
_ANGLES = 121  # rows of the table, every 1.5 degrees
_PHASES = 20  # columns of the table a sample
_TAPS = 128


@dataclass(frozen=True, eq=False)
class RigidSphere:
    """A hard ball around the origin.

    Args:
        radius: metres.
        sample_rate: samples a second of its responses.

    Raises:
        ConfigError: if the radius is not within :data:`SPHERE_RADII`.
    """

    radius: float
    sample_rate: int = SAMPLE_RATE

    def __post_init__(self) -> None:
        smallest, largest = SPHERE_RADII
        if not smallest <= self.radius <= largest:
            raise ConfigError(
                f"radius of a rigid sphere must be {smallest:g}..{largest:g} m, got {self.radius}; "
                "give metres"
            )

    def response(
        self, frequency: Float[np.ndarray, "freq"], angle: Float[np.ndarray, "angle"]
    ) -> Complex[np.ndarray, "angle freq"]:
        """Pressure at the surface for a plane wave of unit pressure at the centre.

        Args:
            frequency: hertz.
            angle: radians between the microphone and the source, 0 where it faces the source.
        """
        return sphere_response(self._wave_number(frequency), angle)

    def coherence(self, mics: Float[np.ndarray, "mic 3"]) -> Coherence:
        """Cross-power of microphones on the sphere in a spherically isotropic field."""
        unit = normalize_direction(mics)
        cosine = np.clip(unit @ unit.T, -1, 1)

        def cross_power(frequency: Float[np.ndarray, "freq"]) -> Float[np.ndarray, "freq mic mic"]:
            return sphere_cross_power(self._wave_number(frequency), cosine)

        return cross_power

    def filters(
        self,
        mic: Float[np.ndarray, "3"],
        images: Float[np.ndarray, "image 3"],
        fraction: Float[np.ndarray, "image"],
    ) -> Float[np.ndarray, "image tap"]:
        """Impulse responses of the sphere for sources at given places, each later by a fraction of a sample.

        Args:
            mic: a place on the sphere.
            images: places of the sources, relative to the centre of the sphere.
            fraction: delay in samples, 0 to 1.

        Returns:
            Responses with time zero at tap :attr:`lead`.
        """
        place = great_circle_distance(images, mic) / np.pi * (_ANGLES - 1)
        below = np.minimum(place.astype(int), _ANGLES - 2)
        share = (place - below).astype(np.float32)[:, None]
        phase = np.minimum((fraction * _PHASES + 0.5).astype(int), _PHASES)
        return (1 - share) * self._table[below, phase] + share * self._table[below + 1, phase]

    def hear(
        self,
        mics: Float[np.ndarray, "mic 3"],
        images: Float[np.ndarray, "image 3"],
        fraction: Float[np.ndarray, "image"],
    ) -> Iterator[Float[np.ndarray, "image tap"]]:
        """Impulse responses of each microphone in turn; see :meth:`filters`."""
        return (self.filters(mic, images, fraction) for mic in mics)

    @property
    def lead(self) -> int:
        """Taps before time zero."""
        return _TAPS // 2

    @property
    def images_at_once(self) -> int:
        """How many images are heard at once: all, for their filters are read from a table."""
        return sys.maxsize

    def _wave_number(self, frequency: Float[np.ndarray, "freq"]) -> Float[np.ndarray, "freq"]:
        """Times the radius: ka."""
        return sphere_wave_number(np.asarray(frequency), self.radius, SPEED_OF_SOUND)

    @cached_property
    def _table(self) -> Float[np.ndarray, "angle phase tap"]:
        """Responses by angle and by fraction of a sample, windowed like a fractional delay."""
        n_fft = 4 * _TAPS
        frequency = fft.rfftfreq(n_fft, 1 / self.sample_rate)
        response = self.response(frequency, np.linspace(0, np.pi, _ANGLES))
        delay = (_TAPS // 2 + np.arange(_PHASES + 1) / _PHASES) / self.sample_rate
        shift = np.exp(-2j * np.pi * frequency * delay[:, None])
        taps = fft.irfft(response[:, None] * shift, n_fft, axis=-1)[..., :_TAPS]
        table: np.ndarray = (taps * np.hanning(_TAPS + 1)[:-1]).astype(np.float32)
        return table
