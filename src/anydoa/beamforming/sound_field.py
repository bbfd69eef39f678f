"""What an array hears of plane waves and of sound from everywhere, before anything is heard."""

import numpy as np
from jaxtyping import Bool, Complex, Complex64, Float

from anydoa.acoustics import diffuse_cross_power, steering_vectors
from anydoa.beamforming.windows import bin_frequencies
from anydoa.geometry import MicrophoneArray

_MOST_KEPT = 64  # steering vectors; streams number their talkers on and on
_LOUD_ENOUGH = 0.25  # share of the loudest microphone's power with which one stays the reference


class SoundField:
    """Steering vectors and the diffuse field of one array, at the bins of a beam.

    Args:
        array: the microphones, in free air, with patterns, on a sphere or on a measured body.
    """

    def __init__(self, array: MicrophoneArray) -> None:
        self._array, self._frequencies = array, bin_frequencies()
        self._from_middle = np.linalg.norm(array.centred_positions, axis=1)
        self._steering: dict[int, tuple[Float[np.ndarray, "3"], Complex64[np.ndarray, "freq mic"]]] = {}
        self._references: dict[int, int] = {}

    def diffuse(
        self, share: float
    ) -> Complex[np.ndarray, "freq mic mic"] | Float[np.ndarray, "freq mic mic"]:
        """Cross-power of sound of which a share comes from everywhere; the rest is each microphone's own."""
        around = diffuse_cross_power(self._array, self._frequencies)
        own = np.trace(around, axis1=1, axis2=2).real / around.shape[1]
        mixed: np.ndarray = share * around + (1 - share) * own[:, None, None] * np.eye(around.shape[1])
        return mixed

    def reference(self, id: int, direction: Float[np.ndarray, "3"], alive: Bool[np.ndarray, "mic"]) -> int:
        """The microphone that a sound stands for: of those that hear the talker best the most central.

        It stays the same as long as it hears the talker well.

        Args:
            id: number of the talker.
            direction: unit vector towards the talker.
            alive: microphones that hear anything; at least one.
        """
        power = np.mean(np.square(np.abs(self.steering(id, direction))), axis=0) * alive
        known = self._references.get(id)
        if known is None or power[known] < _LOUD_ENOUGH * power.max():
            best = np.flatnonzero(alive & (power >= 0.99 * power.max()))
            known = self._references[id] = int(best[self._from_middle[best].argmin()])
        return known

    def steering(self, id: int, direction: Float[np.ndarray, "3"]) -> Complex64[np.ndarray, "freq mic"]:
        """What each microphone hears of a plane wave.

        Args:
            id: number of the talker; the newest direction of each is kept.
            direction: unit vector towards the talker.
        """
        known = self._steering.get(id)
        if known is None and len(self._steering) >= _MOST_KEPT:
            oldest = next(iter(self._steering))
            del self._steering[oldest]
            self._references.pop(oldest, None)
        if known is None or not np.array_equal(known[0], direction):
            vectors = steering_vectors(direction[None], self._array, self._frequencies)[:, 0]
            known = self._steering[id] = (direction, vectors)
        return known[1]
