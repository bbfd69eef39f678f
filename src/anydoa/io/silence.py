"""Silence for libraries that write to the terminal and have no option against it."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2  # the descriptor, whatever Python calls standard error


class _Silence:
    """How many need silence, of whichever thread, and the stream that the first of them put aside."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._count = 0
        self._kept: int | None = None

    def begin(self) -> None:
        """One more needs silence; the first puts the stream aside."""
        with self.lock:
            self._count += 1
            if self._count == 1:
                self._put_aside()

    def end(self) -> None:
        """One fewer needs silence; the last puts the stream back."""
        with self.lock:
            self._count = max(self._count - 1, 0)  # in a forked process it was forgotten
            if not self._count:
                self._put_back()

    def forget(self) -> None:
        """Put the stream back in a process that was forked: whoever needed silence is in the other one."""
        self._count = 0
        self._put_back()
        self.lock.release()

    def _put_aside(self) -> None:
        try:
            self._kept = os.dup(_STDERR)
        except OSError:  # there is no such stream to keep quiet
            return
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)

    def _put_back(self) -> None:
        if self._kept is not None:
            os.dup2(self._kept, _STDERR)
            os.close(self._kept)
            self._kept = None


_silence = _Silence()
if sys.platform != "win32":  # whoever forks waits until nobody else is about to begin or end
    os.register_at_fork(
        before=_silence.lock.acquire,
        after_in_parent=_silence.lock.release,
        after_in_child=_silence.forget,
    )


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Nothing that this process writes to standard error is seen while anybody is in here."""
    try:
        _silence.begin()
        yield
    finally:
        _silence.end()
