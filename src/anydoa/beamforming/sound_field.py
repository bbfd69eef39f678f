"""What an array hears of plane waves and of sound from everywhere, before anything is heard."""

import numpy as np
from jaxtyping import Bool, Complex64, Float

from anydoa.acoustics import diffuse_coherence, steering_phases
from anydoa.beamforming.windows import bin_frequencies
from anydoa.geometry import MicrophoneArray

_MOST_KEPT = 16  # steering vectors; streams number their talkers on and on


class SoundField:
    """Steering vectors and the diffuse field of one array, at the bins of a beam.

    Args:
        array: the microphones.
    """

    def __init__(self, array: MicrophoneArray) -> None:
        self._array, self._frequencies = array, bin_frequencies()
        self._by_middle = np.argsort(np.linalg.norm(array.centred_positions, axis=1), kind="stable")
        self._steering: dict[int, tuple[Float[np.ndarray, "3"], Complex64[np.ndarray, "freq mic"]]] = {}

    def diffuse(self, share: float) -> Float[np.ndarray, "freq mic mic"]:
        """Coherence in sound of which a share comes from everywhere; the rest is each microphone's own."""
        own = np.eye(self._array.num_microphones)
        mixed: np.ndarray = share * diffuse_coherence(self._array, self._frequencies) + (1 - share) * own
        return mixed

    def reference(self, alive: Bool[np.ndarray, "mic"]) -> int:
        """The microphone nearest the middle, of those that hear anything if there are any."""
        living = self._by_middle[alive[self._by_middle]]
        return int(living[0]) if len(living) else int(self._by_middle[0])

    def steering(self, id: int, direction: Float[np.ndarray, "3"]) -> Complex64[np.ndarray, "freq mic"]:
        """What a plane wave does at each microphone.

        Args:
            id: number of the talker; the newest direction of each is kept.
            direction: unit vector towards the talker.
        """
        known = self._steering.get(id)
        if len(self._steering) >= _MOST_KEPT:
            self._steering.clear()
        if known is None or not np.array_equal(known[0], direction):
            phases = steering_phases(direction[None], self._array, self._frequencies)[:, 0]
            known = self._steering[id] = (direction, phases)
        return known[1]
