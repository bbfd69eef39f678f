"""Channels that never change: unplugged, muted or not connected microphones."""

import numpy as np
from jaxtyping import Float


class FlatChannelWatch:
    """Finds channels that never change, silence included, and since when the others do.

    Args:
        num_channels: rows of every block.
    """

    def __init__(self, num_channels: int) -> None:
        self._first = np.full(num_channels, np.nan)
        self._flat = np.ones(num_channels, dtype=bool)
        self._num_samples = 0
        self.changed_at = np.full(num_channels, np.inf)
        """Sample at which each channel changed for the first time; infinite as long as it has not."""

    def see(self, block: Float[np.ndarray, "channel time"]) -> None:
        """Take the next samples."""
        if not block.shape[1]:
            return
        if not self._num_samples:
            self._first = block[:, 0].astype(np.float64)
        for channel in np.flatnonzero(self._flat):
            differs = block[channel] != self._first[channel]
            where = int(differs.argmax())
            if differs[where]:
                self._flat[channel] = False
                self.changed_at[channel] = self._num_samples + where
        self._num_samples += block.shape[1]

    def flat_channels(self) -> list[int]:
        """Channels whose samples so far are all equal."""
        return [int(channel) for channel in np.flatnonzero(self._flat)]

    def num_alive(self, before: float) -> int:
        """How many channels had changed before a sample."""
        return int(np.count_nonzero(self.changed_at < before))
