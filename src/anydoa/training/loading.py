"""Batches prepared by other processes while the network learns from the last one."""

import itertools
import signal
from collections.abc import Iterator
from typing import TypeVar

from torch.utils.data import DataLoader, Dataset, Sampler

from anydoa.threads import one_thread_in_children

Item = TypeVar("Item")


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
    with one_thread_in_children():
        return iter(loader)


def _leave_signals_to_the_trainer(worker: int) -> None:
    """An interrupt from the keyboard reaches the whole group; the trainer still wants its batch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
