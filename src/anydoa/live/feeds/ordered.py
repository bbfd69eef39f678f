"""A feed that passes another one on, with its channels put back in order."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from anydoa.live.feed import AudioFeed, RelayedFeed

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
    """Finds out how the channels came, as :class:`~anydoa.calibration.card_start.CardStartCheck` does.

    It may take its time, and is asked by one thread at a time.
    """

    def push(self, block: Float[np.ndarray, "channel time"]) -> ShiftVerdict | None:
        """Take the next samples; a verdict if there is one. After one without a shift another may come."""
        ...

    def restart(self) -> None:
        """Forget what was heard: the sound has started anew."""
        ...

    def finish(self) -> ShiftVerdict:
        """The verdict on what was heard, if nothing more comes."""
        ...


_Asked = Future[ShiftVerdict] | Future[ShiftVerdict | None]


@dataclass
class _Start:
    """One start of a feed: what came since and is not in order yet, and what is known of its order."""

    came: list[tuple[float, np.ndarray]] = field(default_factory=list)
    shift: int | None = None  # as long as sound is held back for it
    is_told: bool = False


class OrderedFeed(RelayedFeed):
    """Another feed with its channels in order, as soon as a check has told how they came.

    Until then sound is held back, for a wrong direction is worse than a late one; then it is given out four
    times as fast as it comes, until nothing is held any more. So nothing is lost. Where the check cannot
    tell, the channels stay as they came until it can. Each start of the feed is judged by itself.

    The check runs in a thread of its own. The feed is read meanwhile, and waits for it only if it can.

    Args:
        feed: sound whose channels may be shifted.
        check: tells by how much they are.
    """

    def __init__(self, feed: AudioFeed, check: ShiftCheck) -> None:
        super().__init__(feed)
        self._check = check
        self._checking = ThreadPoolExecutor(1, thread_name_prefix="anydoa-order")
        self._verdicts: deque[tuple[_Start, _Asked]] = deque()  # in the order in which it was asked
        self._starts = deque([_Start()])  # oldest first; only of the newest more may come
        self._newest_start = 1
        self._held: deque[tuple[float, np.ndarray]] = deque()  # in order, to be given out
        self._num_held = 0
        self._lost_s = 0.0
        self._due = -math.inf  # moment from which the next block is given out
        self._closed = threading.Event()

    @property
    def lost_s(self) -> float:
        """Seconds that the feed lost before the newest block given out."""
        return self._lost_s

    @property
    def num_held(self) -> int:
        """Samples that came but are not given out yet."""
        return self._num_held + self._feed.num_held

    def __iter__(self) -> Iterator[Float[np.ndarray, "channel time"]]:
        try:
            for block in self._feed:
                if self._feed.num_starts != self._newest_start:
                    self._begin_anew()
                self._take(block)
                if self._held:
                    yield from self._due_blocks()
                else:
                    yield block[:, :0]  # there is sound, though nothing to compute yet
            if not self._closed.is_set():
                self._finish_start()
                self._put_in_order(wait=True)
            while self._held and not self._closed.wait(max(self._due - time.monotonic(), 0.0)):
                yield from self._due_blocks()
        finally:
            self._checking.shutdown(cancel_futures=True)

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._closed.set()
        super().close()

    def _due_blocks(self) -> Iterator[Float[np.ndarray, "channel time"]]:
        """The blocks that can be given out by now without flooding whoever computes."""
        # A late block may be followed sooner by the next, by 50 ms at most.
        self._due = max(self._due, time.monotonic() - 0.05)
        while self._held and (self.can_wait or self._due <= time.monotonic()):
            self._lost_s, block = self._held.popleft()
            self._num_held -= block.shape[1]
            self._due += block.shape[1] / self.sample_rate / 4
            yield block

    def _take(self, block: Float[np.ndarray, "channel time"]) -> None:
        """Take the next block, and what the check has found by now."""
        start = self._starts[-1]
        start.came.append((self._feed.lost_s, block))
        self._num_held += block.shape[1]
        if not start.is_told:
            self._verdicts.append((start, self._checking.submit(self._check.push, block)))
        self._put_in_order(wait=self.can_wait)

    def _put_in_order(self, *, wait: bool) -> None:
        """Turn what came back by the shift, where that is known; maybe wait until the check has looked."""
        while self._verdicts and (wait or self._verdicts[0][1].done()):
            start, verdict = self._verdicts.popleft()
            self._judge(start, verdict.result())
        while (shift := self._starts[0].shift) is not None:
            came = self._starts[0].came
            self._held.extend(
                (lost_s, np.roll(block, -shift, axis=0) if shift else block) for lost_s, block in came
            )
            came.clear()
            if len(self._starts) == 1:
                return
            self._starts.popleft()

    def _begin_anew(self) -> None:
        """Hold sound back again: it may come in another order now."""
        self._finish_start()
        if not self._starts[-1].came:  # all of it was given out, or none ever came
            self._starts.pop()
        self._checking.submit(self._check.restart)
        self._starts.append(_Start())
        self._newest_start = self._feed.num_starts

    def _finish_start(self) -> None:
        """Nothing more comes of the newest start: let the check say what it can."""
        start = self._starts[-1]
        if start.came:
            self._verdicts.append((start, self._checking.submit(self._check.finish)))
        else:
            self._verdicts.clear()  # all of it was given out

    def _judge(self, start: _Start, verdict: ShiftVerdict | None) -> None:
        """Take a verdict, if there is one and it is news, and say what is done."""
        if verdict is None or start.is_told:
            return
        is_first, start.is_told = start.shift is None, verdict.shift is not None
        start.shift = verdict.shift or 0
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
