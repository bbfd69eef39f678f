"""Batches prepared by other processes while the network learns from the last one."""

import itertools
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from torch.utils.data import DataLoader, Dataset, Sampler

Item = TypeVar("Item")
_THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class _Counting(Sampler[int]):
    def __init__(self, first: int, step: int) -> None:
        self.first, self.step = first, step

    def __iter__(self) -> Iterator[int]:
        return itertools.count(self.first, self.step)


def endless_batches(dataset: Dataset[Item], *, first: int, step: int, workers: int) -> Iterator[Item]:
    """``dataset[first]``, ``dataset[first + step]``, ... without end, always in this order.

    Args:
        dataset: gives a batch for a number, the same one in every process.
        first: number of the first batch.
        step: from a batch to the next.
        workers: processes, one thread each; 0 prepares batches in this process.
    """
    loader = DataLoader(
        dataset,
        sampler=_Counting(first, step),
        batch_size=None,
        num_workers=workers,
        # A fork of a process whose threads hold locks may hang.
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_leave_signals_to_the_trainer if workers else None,
    )
    with _one_thread_in_children():
        return iter(loader)


def _leave_signals_to_the_trainer(worker: int) -> None:
    """An interrupt from the keyboard reaches the whole group; the trainer still wants its batch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _one_thread_in_children() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _THREAD_LIMITS}
    os.environ.update(dict.fromkeys(_THREAD_LIMITS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
