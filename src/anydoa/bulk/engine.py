"""What an engine is: processes, here or elsewhere, that work on chunks.

A chunk is a function and the items that it is called with. Both travel to another process, so both pickle.
"""

import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from anydoa.errors import EngineError

Function = Callable[[Sequence[Any]], Any]
"""What is done to a chunk: called with its items, gives anything that pickles."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a chunk.

    Args:
        number: number that the chunk was submitted under.
        value: what the function gave.
        error: what the function raised; None if it did not.
        lost: why the process that worked on the chunk ended; empty if it did not.
        is_blameless: whether a lost chunk can have had nothing to do with that.
        seconds: how long the function took.
    """

    number: int
    value: Any = None
    error: Exception | None = None
    lost: str = ""
    is_blameless: bool = False
    seconds: float = 0.0


@runtime_checkable
class Engine(Protocol):
    """Processes that work on chunks; to be closed, or used as a context."""

    @property
    def num_workers(self) -> int:
        """Chunks that are worked on at once; more need not be submitted."""
        ...

    def submit(self, number: int, function: Function, items: Sequence[Any]) -> None:
        """Take a chunk.

        Args:
            number: tells its outcome from those of others.
            function: what is done to it.
            items: what the function is called with.

        Raises:
            EngineError: if there is nobody to work on it.
        """
        ...

    def wait(self) -> list[Outcome]:
        """Outcomes of chunks that are over; waits until there is one, unless none is worked on.

        Raises:
            EngineError: if nobody works on them any more, and nobody will.
        """
        ...

    def close(self) -> None:
        """End all work. What was submitted and is not over has no outcome."""
        ...

    def __enter__(self) -> "Engine":
        """The engine."""
        ...

    def __exit__(self, *error: object) -> None:
        """Close it."""
        ...


def pack(function: Function, items: Sequence[Any]) -> bytes:
    """A chunk on its way to another process."""
    return pickle.dumps((function, items))


def work_on(number: int, packed: bytes) -> Outcome:
    """A chunk from beginning to end, in the process that works on it; its outcome pickles."""
    began = time.perf_counter()
    value, error = None, None
    try:
        function, items = pickle.loads(packed)
        value = function(items)
        pickle.dumps(value)
    except Exception as raised:  # it is raised where the chunk was submitted
        value, error = None, _portable(raised)
    return Outcome(number, value, error, seconds=time.perf_counter() - began)


def _portable(error: Exception) -> Exception:
    """The error, or one that says the same, as it comes out in another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever the classes of others do
        return EngineError(f"{type(error).__name__}: {error}")
    return error
