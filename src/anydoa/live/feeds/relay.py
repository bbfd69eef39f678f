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
        """Take the next samples; a verdict if there is one. After one without a shift another may come."""
        ...

    def restart(self) -> None:
        """Forget what was heard: the sound has started anew."""
        ...

    def finish(self) -> ShiftVerdict:
        """The verdict on what was heard, if nothing more comes."""
        ...


class OrderedFeed:
    """Another feed with its channels in order, as soon as a check has told how they came.

    Until then sound is held back, for a wrong direction is worse than a late one; then it is given out four
    times as fast as it comes, until nothing is held any more. So nothing is lost. Where the check cannot
    tell, the channels stay as they came until it can. Each start is judged by itself: a feed that starts
    anew, as after a lost connection, counts its starts as ``num_starts``.

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
        self._num_starts = 1
        self._shift: int | None = None  # as long as sound is held back for it
        self._is_told = False
        self._came: list[tuple[float, np.ndarray]] = []  # not in order yet
        self._held: deque[tuple[float, np.ndarray]] = deque()  # in order, to be given out
        self._due = -math.inf  # moment from which the next block is given out
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Float[np.ndarray, "channel time"]]:
        for block in self._feed:
            self.num_arrived += block.shape[1]
            if getattr(self._feed, "num_starts", 1) != self._num_starts:
                self._begin_anew()
            self._came.append((self._feed.lost_s, block))
            if not self._is_told:
                self._judge(self._check.push(block))
            self._put_in_order()
            if self._held:
                yield from self._due_blocks()
            elif self._came:
                yield block[:, :0]  # there is sound, though nothing to compute yet
        if self._came and not self._closed.is_set():
            self._judge(self._check.finish())
            self._put_in_order()
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
            yield block

    def _put_in_order(self) -> None:
        """Turn what came back by the shift, if that is known."""
        shift = self._shift
        if shift is None:
            return
        self._held.extend(
            (lost_s, np.roll(block, -shift, axis=0) if shift else block) for lost_s, block in self._came
        )
        self._came.clear()

    def _begin_anew(self) -> None:
        """Hold sound back again: it may come in another order now."""
        self._judge(self._check.finish() if self._came else None)
        self._put_in_order()
        self._num_starts = getattr(self._feed, "num_starts", 1)
        self._shift, self._is_told = None, False
        self._check.restart()

    def _judge(self, verdict: ShiftVerdict | None) -> None:
        """Take a verdict, if there is one, and say what is done."""
        if verdict is None:
            return
        is_first, self._is_told = self._shift is None, verdict.shift is not None
        self._shift = verdict.shift or 0
        if verdict.shift is None:
            if is_first:
                _logger.warning(
                    "%s: the order of the channels cannot be told so far, they stay as they came; %s",
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
