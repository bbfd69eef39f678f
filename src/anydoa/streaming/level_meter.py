"""How loud each recorded channel is, over exactly the samples of each result."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

FLOOR_DB = -120.0  # dB re full scale; what a display shows for silence


class Levels(NamedTuple):
    """Levels of each channel in dB re full scale, at least :data:`FLOOR_DB`."""

    rms_db: Float[np.ndarray, "channel"]
    peak_db: Float[np.ndarray, "channel"]


class LevelMeter:
    """Root mean square and peak of each channel between two samples, whatever blocks the sound comes in.

    Args:
        num_channels: rows of every block.
    """

    def __init__(self, num_channels: int) -> None:
        self._pending = np.zeros((num_channels, 0), dtype=np.float32)
        self._energy = self._peak = np.zeros(num_channels)
        self._num_counted = self._length = 0
        self._start_span()

    def push(self, recording: Float[np.ndarray, "channel time"]) -> None:
        """Take the next samples."""
        self._pending = np.concatenate([self._pending, recording], axis=1)

    def count_until(self, sample: int) -> None:
        """Let the samples before this one, counted from the first of all, count for the next levels."""
        length = min(max(sample - self._num_counted, 0), self._pending.shape[1])
        counted, self._pending = self._pending[:, :length], self._pending[:, length:]
        self._num_counted += length
        self._energy += np.sum(np.square(counted, dtype=np.float64), axis=1)
        self._peak = np.maximum(self._peak, np.max(np.abs(counted), axis=1, initial=0.0))
        self._length += length

    def take(self) -> Levels:
        """Levels of what was counted since the last call; the floor for nothing."""
        levels = Levels(_decibels(self._energy / max(self._length, 1)), _decibels(self._peak**2))
        self._start_span()
        return levels

    def _start_span(self) -> None:
        self._energy = np.zeros(len(self._pending))
        self._peak = np.zeros(len(self._pending))
        self._length = 0


def _decibels(power: Float[np.ndarray, "channel"]) -> Float[np.ndarray, "channel"]:
    decibels: np.ndarray = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))
    return decibels
