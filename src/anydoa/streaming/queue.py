"""The bounded queue between the thread that reads sound and the one that computes."""

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Stretch:
    """Sound without a gap.

    Args:
        start: its first sample, counted from the start of the feed; lost and dropped samples count.
        audio: full scale 1.
        arrival: when its last sample arrived, by ``time.monotonic``.
    """

    start: int
    audio: Float[np.ndarray, "channel time"]
    arrival: float


class SoundQueue:
    """Holds sound until it is computed. Full, it drops the oldest, or makes the sender wait if that can.

    What is dropped shows in the positions of the stretches that remain, so nobody has to be told.

    Args:
        max_samples: most samples held; one stretch is held whatever its length.
        can_wait: whether the sender of sound can wait, so that nothing is dropped.
    """

    def __init__(self, max_samples: int, *, can_wait: bool) -> None:
        self._max_samples = max_samples
        self._can_wait = can_wait
        self._stretches: deque[Stretch] = deque()
        self._held = 0
        self._dropped = 0
        self._ended = False
        self._changed = threading.Condition()

    @property
    def num_dropped(self) -> int:
        """Samples dropped so far."""
        return self._dropped

    @property
    def finished(self) -> bool:
        """Whether nothing more will come out."""
        with self._changed:
            return self._ended and not self._stretches

    def put(self, stretch: Stretch) -> None:
        """Append sound; after the end it goes nowhere."""
        with self._changed:
            if self._can_wait:
                self._changed.wait_for(lambda: self._ended or self._fits(stretch))
            if self._ended:
                return
            while not self._fits(stretch):
                oldest = self._stretches.popleft()
                self._held -= oldest.audio.shape[1]
                self._dropped += oldest.audio.shape[1]
            self._stretches.append(stretch)
            self._held += stretch.audio.shape[1]
            self._changed.notify_all()

    def get(self, timeout_s: float) -> Stretch | None:
        """The oldest sound, or None if none comes in time or at all."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._stretches, timeout_s)
            if not self._stretches:
                return None
            oldest = self._stretches.popleft()
            self._held -= oldest.audio.shape[1]
            self._changed.notify_all()
            return oldest

    def end(self) -> None:
        """Nothing more is put; what is held can still be taken."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def close(self) -> None:
        """End at once: what is held is forgotten."""
        with self._changed:
            self._stretches.clear()
            self._held = 0
            self.end()

    def _fits(self, stretch: Stretch) -> bool:
        return not self._stretches or self._held + stretch.audio.shape[1] <= self._max_samples
