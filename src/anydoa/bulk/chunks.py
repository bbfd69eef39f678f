"""Work cut into chunks: how large they are, and what is done when a process dies over one.

A chunk is work of some 45 s by the speed measured so far: long beside starting and sending, short beside
the run. Towards the end chunks are smaller, so that all processes end together. A chunk whose process died
is halved until one item is left.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Generic, TypeVar

from anydoa.bulk.engine import Engine, Outcome
from anydoa.errors import EngineError

CHUNK_S = 45.0  # of work in a chunk
_GROWTH = 4  # times that a chunk may be larger than the one before it
_MEMORY = 0.8  # weight of what was measured before, against one chunk more
_FEWEST_S = 1.0  # of work in a chunk near the end
_DEATHS = 2  # of processes over one item alone, until it is to blame
_LOSSES = 40  # one after the other, and it is not the items that are to blame

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Finished(Generic[Item, Value]):
    """Items that are done.

    Args:
        items: which.
        value: what the function gave; None if its process died when they were done.
    """

    items: tuple[Item, ...]
    value: Value | None


@dataclass(frozen=True)
class Lost(Generic[Item]):
    """An item over which every process dies.

    Args:
        item: which.
        reason: how the last process ended, such as "was killed by SIGKILL".
    """

    item: Item
    reason: str


@dataclass(frozen=True)
class _Chunk:
    items: tuple[Any, ...]
    deaths: int = 0  # over these items and no others


def run_in_chunks(
    engine: Engine,
    function: Callable[[Sequence[Item]], Value],
    items: Iterable[Item],
    *,
    total: int,
    unfinished: Callable[[Sequence[Item]], Sequence[Item]] = tuple,
    chunk_s: float = CHUNK_S,
) -> Iterator[Finished[Item, Value] | Lost[Item]]:
    """All items, in chunks of a size that suits them, as they are done.

    Args:
        engine: who works.
        function: called with the items of each chunk.
        items: taken one after the other when there is room for them.
        total: how many they are, about.
        unfinished: those of a lost chunk that are not done yet; all, where nobody knows.
        chunk_s: seconds of work in a chunk.

    Raises:
        EngineError: if processes die whatever they are given.
        Exception: whatever the function raises.
    """
    queue = _Queue(items, total, chunk_s)
    working: dict[int, _Chunk] = {}
    numbers = count()
    while True:
        while len(working) < engine.num_workers and (chunk := queue.next(engine.num_workers)):
            number = next(numbers)
            working[number] = chunk
            engine.submit(number, function, chunk.items)
        if not working:
            return
        for outcome in engine.wait():
            chunk = working.pop(outcome.number)
            if outcome.error is not None:
                raise outcome.error
            if outcome.lost:
                queue.check_loss(outcome, engine.num_workers)
                yield from _after_loss(chunk, unfinished(chunk.items), outcome, queue)
            else:
                queue.check_in(len(chunk.items), outcome.seconds)
                yield Finished(chunk.items, outcome.value)


class _Queue:
    """Chunks that are to be worked on: those to be tried again, then the items to come."""

    def __init__(self, items: Iterable[Any], total: int, chunk_s: float) -> None:
        self.again: deque[_Chunk] = deque()
        self._coming, self._left = iter(items), total
        self._size, self._losses = _ChunkSize(chunk_s), 0

    def next(self, num_workers: int) -> _Chunk | None:
        """The next chunk, or None if there is none now."""
        if self.again:
            return self.again.popleft()
        items = tuple(islice(self._coming, self._size.next(self._left, num_workers)))
        self._left -= len(items)
        return _Chunk(items) if items else None

    def check_in(self, num_items: int, seconds: float) -> None:
        """A chunk is done, and took so long."""
        self._losses = 0
        self._size.measure(num_items, seconds)

    def check_loss(self, outcome: Outcome, num_workers: int) -> None:
        """A chunk is lost.

        Raises:
            EngineError: if so many were lost one after the other that no item is to blame.
        """
        self._losses += not outcome.is_blameless
        if self._losses > _LOSSES + 2 * num_workers:  # a machine may take all its processes with it
            raise EngineError(
                f"processes end whatever they are given, the last {outcome.lost}; take fewer processes"
            )


def _after_loss(
    chunk: _Chunk, unfinished: Sequence[Any], outcome: Outcome, queue: _Queue
) -> Iterator[Finished[Any, Any] | Lost[Any]]:
    """What of a lost chunk is done, and who is to blame, if one item is left; the rest is tried again."""
    rest = tuple(unfinished)
    still = set(map(id, rest))
    kept = tuple(item for item in chunk.items if id(item) not in still)
    if kept:
        yield Finished(kept, None)
    if outcome.is_blameless:
        parts = [_Chunk(rest, chunk.deaths)]
    elif len(rest) > 1:
        half = (len(rest) + 1) // 2
        parts = [_Chunk(rest[:half]), _Chunk(rest[half:])]
    else:
        parts = [_Chunk(rest, chunk.deaths + 1 if len(chunk.items) == 1 else 0)]
    for part in filter(lambda part: part.items, parts):
        if part.deaths >= _DEATHS:
            yield Lost(part.items[0], outcome.lost)
        else:
            queue.again.append(part)


def run_each(
    engine: Engine, function: Callable[[Item], Value], items: Sequence[Item], *, chunk_s: float = CHUNK_S
) -> Iterator[Value]:
    """What a function gives for every item, as they are done: like ``map``, but in any order.

    Args:
        engine: who works.
        function: called with each item; pickles.
        items: what it is called with.
        chunk_s: seconds of work that a process takes at once.

    Raises:
        EngineError: if an item ends every process that works on it.
        Exception: whatever the function raises.
    """
    for result in run_in_chunks(engine, _Each(function), items, total=len(items), chunk_s=chunk_s):
        if isinstance(result, Lost):
            raise EngineError(
                f"every process that worked on {result.item!r:.200} {result.reason}; take fewer processes, "
                "or leave it out"
            )
        yield from result.value or ()


@dataclass(frozen=True)
class _Each:
    """A function of one item as a function of many."""

    function: Callable[[Any], Any]

    def __call__(self, items: Sequence[Any]) -> list[Any]:
        return [self.function(item) for item in items]


class _ChunkSize:
    """How many items make a chunk, by what the last ones took."""

    def __init__(self, chunk_s: float) -> None:
        self._chunk_s = chunk_s
        self._items, self._seconds, self._last = 0.0, 0.0, 0

    def measure(self, items: int, seconds: float) -> None:
        """So many took so long."""
        self._items = _MEMORY * self._items + items
        self._seconds = _MEMORY * self._seconds + seconds
        self._last = max(self._last, items)

    def next(self, left: int, num_workers: int) -> int:
        """Items of the next chunk, one at least.

        Args:
            left: items that are in no chunk yet.
            num_workers: processes that will share them.
        """
        if not self._items:
            return 1  # before anything is known
        item_s = max(self._seconds / self._items, 1e-6)
        share = max(left / (2 * num_workers), _FEWEST_S / item_s)
        return max(1, round(min(self._chunk_s / item_s, share, _GROWTH * self._last)))
