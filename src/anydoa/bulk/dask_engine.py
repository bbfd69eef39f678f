"""Workers of a dask cluster, asked directly.

Futures are bounded by the threads of the workers and taken as they complete. A scheduler that ends takes all
that was submitted with it; the engine waits for the next one at the same address and says what was lost.
"""

import logging
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError
from importlib import import_module
from typing import Any

from anydoa.bulk.engine import Function, Outcome, pack, work_on
from anydoa.errors import EngineError, MissingExtraError
from anydoa.memory import keep_freed_memory

_GLANCE_S = 5.0  # between two looks at whether there are workers
_PATIENCE_S = 60.0  # for a scheduler that is started again, and for the first worker
_KEPT = 2**26  # bytes


class DaskEngine:
    """Workers of a dask cluster. They have this package, in the same version, and reach the same files.

    Args:
        scheduler: address, such as ``tcp://HOST:8786``.
        patience_s: seconds to wait for the scheduler and its first worker, now and whenever they are gone.

    Raises:
        EngineError: if none answers.
        MissingExtraError: without dask and distributed.
    """

    def __init__(self, scheduler: str, *, patience_s: float = _PATIENCE_S) -> None:
        try:
            self._distributed: Any = import_module("distributed")  # its own types are half there
        except ImportError as error:
            raise MissingExtraError("a dask cluster", "bulk", error) from None
        # What is lost is said by outcomes, once; its client says it with tracebacks, too.
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._scheduler, self._patience_s = scheduler, patience_s
        self._name = f"anydoa-{secrets.token_hex(4)}"
        self._running: dict[str, tuple[int, Any]] = {}
        self._client = self._connect()

    @property
    def num_workers(self) -> int:
        """Threads of all workers at this moment; one at least."""
        return max(1, self._threads())

    def submit(self, number: int, function: Function, items: Sequence[Any]) -> None:
        """Give a chunk to whichever worker is free.

        Raises:
            EngineError: if there is no scheduler, or it has no worker.
        """
        packed, key = pack(function, items), f"{self._name}-{number}"
        if self._client.status != "running":
            self._client.close()  # it would go on looking for the scheduler that is gone
            self._client = self._connect()
        # A chunk whose worker is gone is halved, so nobody else shall try the whole of it.
        future = self._client.submit(_work_on, number, packed, key=key, pure=False, retries=0)
        self._running[key] = number, future

    def wait(self) -> list[Outcome]:
        """Outcomes of chunks that are over; none if none is worked on.

        Raises:
            EngineError: if there are no workers for a while.
        """
        seen = time.monotonic()
        while self._running:
            futures = [future for _, future in self._running.values()]
            over = self._distributed.as_completed(futures, timeout=_GLANCE_S, loop=self._client.loop)
            try:
                return [self._outcome(next(over)), *map(self._outcome, over.next_batch(block=False))]
            except TimeoutError:
                if self._threads():
                    seen = time.monotonic()
                elif time.monotonic() - seen > self._patience_s:
                    raise EngineError(self._no_workers()) from None
        return []

    def _threads(self) -> int:
        """Threads of all workers; 0 between two schedulers, too."""
        try:
            threads: int = sum(self._client.nthreads().values())
        except (OSError, CancelledError, RuntimeError):
            return 0
        return threads

    def _no_workers(self) -> str:
        return (
            f"the dask scheduler at {self._scheduler} has no workers; start "
            f"`dask worker {self._scheduler} --nworkers N --nthreads 1`"
        )

    def _outcome(self, future: Any) -> Outcome:
        number, _ = self._running.pop(future.key)
        try:
            outcome: Outcome = future.result()
        except self._distributed.KilledWorker as error:
            return Outcome(number, lost=f"was lost ({error.last_worker.address})")
        except CancelledError:
            return Outcome(number, lost="has no scheduler any more", is_blameless=True)
        except Exception as error:  # of dask itself: the chunk did not get there, or nothing came back
            problem = f"dask: {type(error).__name__}: {error}; see the logs of its scheduler and workers"
            return Outcome(number, error=EngineError(problem))
        return outcome

    def close(self) -> None:
        """Withdraw what is submitted, and leave the cluster as it is."""
        futures = [future for _, future in self._running.values()]
        self._running = {}
        if futures and self._client.status == "running":
            self._client.cancel(futures)
        self._client.close()

    def _connect(self) -> Any:
        deadline = time.monotonic() + self._patience_s
        try:
            client = self._distributed.Client(self._scheduler, timeout=self._patience_s, set_as_default=False)
        except (OSError, ValueError, ImportError) as error:
            raise EngineError(
                f"no dask scheduler answers at {self._scheduler!r:.80} ({error}); start `dask scheduler` "
                "and give its address, such as tcp://HOST:8786"
            ) from None
        try:
            client.wait_for_workers(1, timeout=max(1.0, deadline - time.monotonic()))
        except TimeoutError:
            client.close()
            raise EngineError(self._no_workers()) from None
        except BaseException:
            client.close()
            raise
        return client

    def __enter__(self) -> "DaskEngine":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _work_on(number: int, packed: bytes) -> Outcome:
    """A chunk in the process of a worker."""
    # dask has the C library give back all above 64 kB, so that every array lies in pages made anew.
    keep_freed_memory(_KEPT)
    return work_on(number, packed)
