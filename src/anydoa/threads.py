"""One thread each: for matrix products of streams, and for processes that share the cores.

The matrices of a stream are small. A second thread makes their products no faster, yet spins while it waits
for the next one: measured, it doubles the processor time of a stream.
"""

import os
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from typing import Any

from threadpoolctl import OpenBLASController, ThreadpoolController

_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_inside: Counter[str] = Counter()  # how many hold a variable, and what it said before the first of them
_before: dict[str, str | None] = {}

_lock = threading.RLock()  # a generator may be thrown away, and leave, while another enters
if sys.platform != "win32":  # whoever forks waits until nobody else is about to enter or leave
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


@cache
def _blas_libraries() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


class _Stays:
    """How many are inside, and how many threads each library had before the first of them.

    Args:
        per_thread: whether this is one thread's count, for libraries where each has a number of its own; else
            it is that of the process, for those whose number all threads share.
    """

    def __init__(self, *, per_thread: bool) -> None:
        self._per_thread = per_thread
        self._count = 0
        self._found: list[tuple[Any, int]] = []

    def begin(self) -> None:
        """One more is inside; the first sets the libraries to one thread."""
        with _lock:
            self._count += 1
            if self._count == 1:
                libraries = [each for each in _blas_libraries().lib_controllers if self._counts(each)]
                self._found = [(each, number) for each in libraries if (number := each.num_threads)]
                _set_threads((each, 1) for each, _ in self._found)

    def end(self) -> None:
        """One fewer is inside; the last gives back what the first found, where nobody else has changed it."""
        with _lock:
            self._count -= 1
            if not self._count:
                found, self._found = self._found, []
                _set_threads((each, number) for each, number in found if each.num_threads == 1)

    def _counts(self, library: Any) -> bool:
        """Whether this is the count for a library; OpenMP has a number for each thread."""
        return (getattr(library, "threading_layer", None) == "openmp") is self._per_thread


def _set_threads(numbers: Iterable[tuple[Any, int]]) -> None:
    """Set libraries to their numbers of threads, whichever thread has set them last."""
    for library, number in numbers:
        library.set_num_threads(number)
    # From 3.8 on, threadpoolctl lets the thread that has set a number set it again, and no other.
    release = getattr(OpenBLASController, "clear_controlling_thread", None)
    if release is not None:
        release()


_process = _Stays(per_thread=False)
_thread = threading.local()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Matrix products of NumPy and SciPy run on one thread each in here, in the whole process.

    However many enter, of whichever threads, and in whatever order they leave: the last to leave gives back
    what the first found. A process that is forked in here stays at one thread.
    """
    if not hasattr(_thread, "stays"):
        _thread.stays = _Stays(per_thread=True)
    stays: _Stays = _thread.stays  # those of the thread that enters, whichever leaves for it
    with ExitStack() as stack:
        for each in (_process, stays):
            stack.callback(each.end)
            each.begin()
        yield


def one_thread_in_children() -> AbstractContextManager[None]:
    """Processes spawned inside start with one thread each: several of them share the cores."""
    return one_thread_by_environment(*_THREAD_COUNTS)


@contextmanager
def one_thread_by_environment(*names: str) -> Iterator[None]:
    """Variables say one thread to whatever reads them in here, and afterwards what they said before.

    However many threads are inside, what the first of them found comes back when the last leaves.

    Args:
        names: names of the variables.
    """
    with _lock:
        for name in names:
            if not _inside[name]:
                _before[name] = os.environ.get(name)
            _inside[name] += 1
            os.environ[name] = "1"
    try:
        yield
    finally:
        with _lock:
            for name in names:
                _inside[name] -= 1
                before = _before[name]
                if _inside[name]:
                    continue
                if before is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = before
