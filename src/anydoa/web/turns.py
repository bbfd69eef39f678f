"""Whose turn it is: one piece of work at a time, in the order of asking; long work gives way to others."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from anydoa.web.refusal import RefusedError

SLICE_S = 2.0
_POLL_S = 0.2


class GivenUpError(RefusedError):
    """The client has gone or the server must end, so the work is given up."""

    status = 503


class Turns:
    """The turns of all work of a server.

    Args:
        slice_s: seconds that work may take before it gives way to what waits.
    """

    def __init__(self, slice_s: float = SLICE_S) -> None:
        self.slice_s = slice_s
        self.changed = threading.Condition()
        self.queue: deque[WorkTurn] = deque()  # the first one works


class WorkTurn:
    """The place of one piece of work; may be watched and given up from any thread.

    Args:
        turns: what it stands in line for.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._given_up = threading.Event()
        self._began = 0.0

    @property
    def place(self) -> int:
        """How many come before; 0 for work that is being done, or is done."""
        with self._turns.changed:
            queue = self._turns.queue
            return queue.index(self) if self in queue else 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the turn and keep it.

        Raises:
            GivenUpError: if the work is given up meanwhile.
        """
        with self._turns.changed:
            self._turns.queue.append(self)
        try:
            self._wait()
            yield
        finally:
            with self._turns.changed:
                self._turns.queue.remove(self)
                self._turns.changed.notify_all()

    def give_way(self) -> None:
        """Let others go first if the slice is over; called by the work now and then.

        Raises:
            GivenUpError: if the work is given up.
        """
        self._check()
        if time.monotonic() - self._began < self._turns.slice_s:
            return
        with self._turns.changed:
            self._turns.queue.rotate(-1)
            self._turns.changed.notify_all()
        self._wait()

    def give_up(self) -> None:
        """Make the work end at its next chance."""
        self._given_up.set()

    def _wait(self) -> None:
        with self._turns.changed:
            while self._turns.queue[0] is not self:
                self._turns.changed.wait(_POLL_S)
                self._check()
        self._check()
        self._began = time.monotonic()

    def _check(self) -> None:
        if self._given_up.is_set():
            raise GivenUpError("the server is stopping; ask again when it runs")
