"""Spatial covariance averaged over time, the same whatever chunks the recording comes in."""

import numpy as np
from jaxtyping import Complex64


class CovarianceAverage:
    """Average of ``x x^H`` per frequency in which a snapshot's weight decays exponentially with its age.

    The weights of all snapshots so far sum to one, so the first average is already unbiased. One update
    takes all snapshots of one output frame; it is exact, not an approximation of single steps.

    Args:
        num_frequencies: bins.
        num_microphones: length of a snapshot ``x``.
        decay: factor from one snapshot to the next, in (0, 1]; 1 weighs all snapshots equally.
    """

    def __init__(self, num_frequencies: int, num_microphones: int, decay: float) -> None:
        self._decay = decay
        self._weight = 0.0
        self._average = np.zeros((num_frequencies, num_microphones, num_microphones), dtype=np.complex64)

    def update(
        self, snapshots: Complex64[np.ndarray, "freq mic frame"]
    ) -> Complex64[np.ndarray, "freq mic mic"]:
        """Take the next snapshots, oldest first, and return the average so far. Do not write to it."""
        num_snapshots = snapshots.shape[-1]
        weights = self._decay ** np.arange(num_snapshots - 1, -1, -1, dtype=np.float64)
        self._weight = self._decay**num_snapshots * self._weight + weights.sum()
        # A running mean, not a sum: its rounding error does not grow with the length of the recording.
        kept = 1 - weights.sum() / self._weight
        weighted = snapshots * (weights / self._weight).astype(np.float32)
        fresh = weighted @ snapshots.conj().swapaxes(-1, -2)
        self._average = np.float32(kept) * self._average + fresh
        return self._average
