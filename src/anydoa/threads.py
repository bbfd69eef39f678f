"""One thread each: for matrix products of streams, and for processes that share the cores.

The matrices of a stream are small. A second thread makes their products no faster, yet spins while it waits
for the next one: measured, it doubles the processor time of a stream.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@cache
def _blas_libraries() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


class _Stays:
    """How often a thread is inside; each stay would give back what it found, maybe the limit of another."""

    def __init__(self) -> None:
        self.count = 0
        self.limit: AbstractContextManager[object] | None = None


_thread = threading.local()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Matrix products of NumPy and SciPy run on one thread each in here, in the whole process.

    If a thread enters several times and leaves in any order, the last to leave gives back what the first
    found. If several threads enter, the stay of the first one counts.
    """
    if not hasattr(_thread, "stays"):
        _thread.stays = _Stays()
    stays: _Stays = _thread.stays  # those of the thread that enters, whichever leaves for it
    if not stays.count:
        stays.limit = _blas_libraries().limit(limits=1)
        stays.limit.__enter__()
    stays.count += 1
    try:
        yield
    finally:
        stays.count -= 1
        if not stays.count and stays.limit is not None:
            stays.limit.__exit__(None, None, None)
            stays.limit = None


@contextmanager
def one_thread_in_children() -> Iterator[None]:
    """Processes spawned inside start with one thread each: several of them share the cores."""
    before = {name: os.environ.get(name) for name in _THREAD_COUNTS}
    os.environ.update(dict.fromkeys(_THREAD_COUNTS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
