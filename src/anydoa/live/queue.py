"""Sound on its way: the bounded queue between reading and computing, and when what was computed really was.

    recorded   |== a ==|== b ==|  dropped  |== c ==|
    computed   |== a ==|== b ==|== c ==|

An estimator hears ``c`` right after ``b``; results must carry the time of the recording.
"""

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class AudioBlock:
    """Sound without a gap.

    Args:
        start: number of its first sample, counted from the start of the feed; lost and dropped samples count.
        audio: full scale 1.
        arrival: moment its last sample arrived, by ``time.monotonic``.
    """

    start: int
    audio: Float[np.ndarray, "channel time"]
    arrival: float


class SoundQueue:
    """Holds sound until it is computed. Full, it drops the oldest, or makes the sender wait if that can.

    What is dropped shows in the positions of the blocks that remain, so nobody has to be told.

    Args:
        max_samples: most samples held; one block is held whatever its length.
        can_wait: whether the sender of sound can wait, so that nothing is dropped.
    """

    def __init__(self, max_samples: int, *, can_wait: bool) -> None:
        self._max_samples = max_samples
        self._can_wait = can_wait
        self._blocks: deque[AudioBlock] = deque()
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
            return self._ended and not self._blocks

    def put(self, block: AudioBlock) -> None:
        """Append sound; after the end it goes nowhere."""
        with self._changed:
            if self._can_wait:
                self._changed.wait_for(lambda: self._ended or self._fits(block))
            if self._ended:
                return
            while not self._fits(block):
                oldest = self._blocks.popleft()
                self._held -= oldest.audio.shape[1]
                self._dropped += oldest.audio.shape[1]
            self._blocks.append(block)
            self._held += block.audio.shape[1]
            self._changed.notify_all()

    def get(self, timeout_s: float) -> AudioBlock | None:
        """The oldest sound, or None if none comes in time or at all."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._blocks, timeout_s)
            if not self._blocks:
                return None
            oldest = self._blocks.popleft()
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
            self._blocks.clear()
            self._held = 0
            self.end()

    def _fits(self, block: AudioBlock) -> bool:
        return not self._blocks or self._held + block.audio.shape[1] <= self._max_samples


@dataclass(frozen=True)
class Moment:
    """A sample that was computed, in the recording.

    Args:
        missing: samples of the recording before it that never were computed.
        arrival: moment it arrived, by ``time.monotonic``, up to the length of a block.
    """

    missing: int
    arrival: float


class Timeline:
    """Finds the moments of samples that were computed not long ago."""

    def __init__(self) -> None:
        self._ends: deque[tuple[int, Moment]] = deque()
        self._length = 0

    @property
    def num_computed(self) -> int:
        """Samples that were computed so far, or are computed next."""
        return self._length

    @property
    def end(self) -> int:
        """Samples of the recording so far, missing ones included."""
        return self._length + (self._ends[-1][1].missing if self._ends else 0)

    def add(self, block: AudioBlock) -> None:
        """Take the sound that is computed next."""
        moment = Moment(block.start - self._length, block.arrival)
        self._length += block.audio.shape[1]
        self._ends.append((self._length, moment))

    def moment(self, sample: float) -> Moment:
        """The moment of a sample, counted among those computed; of the newest one if it is still to come."""
        return next((moment for end, moment in self._ends if sample < end), self._ends[-1][1])

    def forget_before(self, sample: float) -> None:
        """Nobody will ask for earlier samples than this."""
        while len(self._ends) > 1 and self._ends[0][0] <= sample:
            self._ends.popleft()
