"""Processes on this machine, each with a pipe of its own.

A process that dies takes its chunk with it and nothing else; another one takes its place. Processes are
spawned, have one thread each, and end when the one that started them is gone.
"""

import os
import signal
import threading
from collections.abc import Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from anydoa.bulk.engine import Function, Outcome, pack, work_on
from anydoa.errors import ConfigError, EngineError
from anydoa.threads import one_thread_in_children

_FAILED_STARTS = 3  # one after the other, and there is no use in another
_PATIENCE_S = 5.0  # for a process that is told to end


class LocalEngine:
    """Processes on this machine.

    Args:
        num_workers: how many; they are started when there is work for them.

    Raises:
        ConfigError: if it is not one at least.
    """

    def __init__(self, num_workers: int = 1) -> None:
        if num_workers < 1:
            raise ConfigError(f"work needs at least 1 process, got {num_workers}; give more")
        self._num_workers = num_workers
        self._idle: list[_Worker] = []
        self._busy: dict[int, _Worker] = {}
        self._failed_starts = 0

    @property
    def num_workers(self) -> int:
        """Processes that work at once."""
        return self._num_workers

    @property
    def pids(self) -> list[int]:
        """Numbers of the processes that there are, for whoever looks after them."""
        return [worker.pid for worker in (*self._busy.values(), *self._idle)]

    def submit(self, number: int, function: Function, items: Sequence[Any]) -> None:
        """Give a chunk to an idle process, or to one that is started for it.

        Raises:
            EngineError: if as many chunks as there are processes are worked on.
        """
        if len(self._busy) >= self._num_workers:
            raise EngineError(f"all {self._num_workers} processes are at work; wait for one of them")
        packed = pack(function, items)
        while True:
            worker = self._busy[number] = self._idle.pop() if self._idle else _Worker()
            if worker.send(number, packed) or not worker.has_begun:
                return  # one that died at its start is heard of in wait()
            worker.end()  # it died with nothing to do

    def wait(self) -> list[Outcome]:
        """Outcomes of chunks that are over; none if none is worked on.

        Raises:
            EngineError: if processes end before they can begin.
        """
        outcomes: list[Outcome] = []
        while self._busy and not outcomes:
            ready = set(wait([worker.pipe for worker in self._busy.values()]))
            for number, worker in list(self._busy.items()):
                if worker.pipe in ready and (outcome := self._hear(number, worker)) is not None:
                    outcomes.append(outcome)
        return outcomes

    def _hear(self, number: int, worker: "_Worker") -> Outcome | None:
        """What a process says of its chunk; None for its first word, that it has begun."""
        try:
            said = worker.pipe.recv()
        except (EOFError, OSError):
            return self._bury(number, worker)
        if said is None:
            worker.has_begun, self._failed_starts = True, 0
            return None
        self._idle.append(self._busy.pop(number))
        outcome: Outcome = said
        return outcome

    def _bury(self, number: int, worker: "_Worker") -> Outcome:
        del self._busy[number]
        reason = worker.end()
        if not worker.has_begun:
            self._failed_starts += 1
            if self._failed_starts >= _FAILED_STARTS:
                raise EngineError(
                    f"processes end before they begin: the last {reason}; does the program that starts them "
                    "keep its own work under `if __name__ == '__main__':`?"
                )
        return Outcome(number, lost=reason, is_blameless=not worker.has_begun)

    def close(self) -> None:
        """End every process, whatever it does."""
        workers = [*self._busy.values(), *self._idle]
        self._busy, self._idle = {}, []
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.end()

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class _Worker:
    """A process and this end of its pipe."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with one_thread_in_children():
            self._process.start()
        theirs.close()
        self.has_begun = False

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid or 0

    def send(self, number: int, packed: bytes) -> bool:
        """Whether the process is there to take a chunk."""
        try:
            self.pipe.send((number, packed))
        except ConnectionError:
            return False
        return True

    def stop(self) -> None:
        """Tell it to end, whatever it does."""
        self._process.terminate()

    def end(self) -> str:
        """See it to its end; how it ended."""
        self._process.join(_PATIENCE_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self.pipe.close()
        code = self._process.exitcode or 0
        self._process.close()
        return f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"


def _signal_name(number: int) -> str:
    """Name of a signal, and what most often sends it."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"{name} (no memory left?)" if name == "SIGKILL" else name


def _serve(pipe: Connection) -> None:
    """What a process does: chunk after chunk, until its pipe or its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, who ends its processes
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pipe.send(None)
    while True:
        try:
            number, packed = pipe.recv()
        except EOFError:
            return
        pipe.send(work_on(number, packed))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
