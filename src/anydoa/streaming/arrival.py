"""How fast sound arrives, by the clock: a wrong sample rate shows there and nowhere else."""

import time

_BACKLOG_S = 1.0  # of sound that may have waited in a pipe before anybody read
_SETTLING_S = 2.0  # after which what had waited is through
_LONGEST_GAP_S = 2.0  # a sender that is quiet for longer has paused
_MIN_ARRIVAL_S = 5.0
_TOO_FAST = 1.3  # times; rates that are taken for each other differ by more, but for 44.1 and 48 kHz
_TOO_SLOW = 0.7


class ArrivalPace:
    """Compares how much sound came with the time it took.

    Args:
        sample_rate: that was said, in Hz.
    """

    def __init__(self, sample_rate: float) -> None:
        self._sample_rate = sample_rate
        self._num_samples = 0
        self._num_settled = 0  # of them, that came before the pace is measured
        self._began: float | None = None
        self._newest = 0.0
        self._arrival_s = 0.0  # pauses and settling left out

    def count(self, num_samples: int) -> None:
        """Samples that came just now, those lost before them included."""
        now = time.monotonic()
        if self._began is None:
            self._began = self._newest = now
        self._num_samples += num_samples
        if now - self._began < _SETTLING_S:
            self._num_settled = self._num_samples
        elif now - self._newest <= _LONGEST_GAP_S:
            self._arrival_s += now - self._newest
        else:
            self._num_settled += num_samples
        self._newest = now

    @property
    def is_known(self) -> bool:
        """Whether enough came to tell a rush from sound that had waited."""
        return self._num_samples > 2 * _BACKLOG_S * self._sample_rate

    @property
    def rush(self) -> float | None:
        """How many times faster than it was recorded sound comes, if clearly faster."""
        if self._began is None:
            return None
        sound_s = self._num_samples / self._sample_rate - _BACKLOG_S
        pace = sound_s / max(self._newest - self._began, 1e-3)
        return pace if pace > _TOO_FAST else None

    @property
    def odd_pace(self) -> float | None:
        """Times as fast as it was recorded, if sound comes clearly faster or slower for long enough."""
        if self._arrival_s < _MIN_ARRIVAL_S:
            return None
        pace = (self._num_samples - self._num_settled) / self._sample_rate / self._arrival_s
        return None if _TOO_SLOW <= pace <= _TOO_FAST else pace
