"""A feed that passes another one on, with its channels put back in order."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from anydoa.live.feed import AudioFeed

_logger = logging.getLogger(__name__)


@runtime_checkable
class ShiftVerdict(Protocol):
    """How the channels came."""

    @property
    def shift(self) -> int | None:
        """What belongs on channel c is on channel c + shift, round the end; None if it cannot be told."""
        ...

    @property
    def reason(self) -> str:
        """What gave it away, or why it cannot be told."""
        ...


@runtime_checkable
class ShiftCheck(Protocol):
    """Finds out how the channels came, as :class:`~anydoa.calibration.card_start.CardStartCheck` does."""

    def push(self, block: Float[np.ndarray, "channel time"]) -> ShiftVerdict | None:
        """Take the next samples; the verdict once there is one."""
        ...

    def finish(self) -> ShiftVerdict:
        """The verdict on what was heard, if nothing more comes."""
        ...


class OrderedFeed:
    """Another feed with its channels in order, as soon as a check has told how they came.

    Until then sound is held back, for a wrong direction is worse than a late one; then it is given out four
    times as fast as it comes, until nothing is held any more. So nothing is lost. Where the check cannot
    tell, the channels stay as they came.

    Args:
        feed: sound whose channels may be shifted.
        check: tells by how much they are.
    """

    def __init__(self, feed: AudioFeed, check: ShiftCheck) -> None:
        self.name = feed.name
        self.sample_rate = feed.sample_rate
        self.num_channels = feed.num_channels
        self.can_wait = feed.can_wait
        self.pace = getattr(feed, "pace", 1.0)
        self.lost_s = 0.0
        self.num_arrived = 0
        """Samples that came so far, those still held included."""
        self._feed = feed
        self._check = check
        self._shift: int | None = None  # as long as it is not known
        self._held: deque[tuple[float, np.ndarray]] = deque()
        self._due = -math.inf  # moment from which the next block is given out
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Float[np.ndarray, "channel time"]]:
        for block in self._feed:
            self.num_arrived += block.shape[1]
            self._held.append((self._feed.lost_s, block))
            if self._shift is None:
                self._judge(self._check.push(block))
            if self._shift is None:
                yield block[:, :0]  # there is sound, though nothing to compute yet
            else:
                yield from self._due_blocks()
        if self._shift is None and not self._closed.is_set():
            self._judge(self._check.finish())
        while self._held and not self._closed.wait(max(self._due - time.monotonic(), 0.0)):
            yield from self._due_blocks()

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._closed.set()
        self._feed.close()

    def _due_blocks(self) -> Iterator[Float[np.ndarray, "channel time"]]:
        """The blocks that can be given out by now without flooding whoever computes."""
        # A late block may be followed sooner by the next, by 50 ms at most.
        self._due = max(self._due, time.monotonic() - 0.05)
        while self._held and (self.can_wait or self._due <= time.monotonic()):
            self.lost_s, block = self._held.popleft()
            self._due += block.shape[1] / self.sample_rate / 4
            yield np.roll(block, -self._shift, axis=0) if self._shift else block

    def _judge(self, verdict: ShiftVerdict | None) -> None:
        """Take a verdict, if there is one, and say what is done."""
        if verdict is None:
            return
        self._shift = verdict.shift or 0
        if verdict.shift is None:
            _logger.warning(
                "%s: the order of the channels cannot be told, they stay as they came; %s",
                self.name,
                verdict.reason,
            )
        elif verdict.shift:
            _logger.warning(
                "%s: channels came shifted by %d and are put back in order; %s",
                self.name,
                verdict.shift,
                verdict.reason,
            )
        else:
            _logger.info("%s: the channels are in order", self.name)
