"""A dask scheduler and two workers on the loopback interface, as a person starts them."""

import os
import socket
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)]),
    "OMP_NUM_THREADS": "1",
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",  # as docs/bulk.md advises
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Cluster:
    """A scheduler and two workers with a thread each; what is written goes to a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._start("--nworkers", "2")

    def _start(self, *options: str) -> None:
        self._scheduler = self._run("scheduler", "--port", str(self.port))
        self._run("worker", self.address, "--nthreads", "1", "--death-timeout", "120", *options)

    def _run(self, *words: str) -> "subprocess.Popen[bytes]":
        number = len(self._processes)
        with (self.folder / f"{words[0]}-{number}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"],
                env={**os.environ, **ENVIRONMENT},
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self._processes.append(process)
        return process

    def restart(self) -> None:
        """The scheduler is killed and comes up again at the same address, with one worker."""
        self._scheduler.kill()
        self.close()
        self._start("--no-nanny")

    def close(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
