"""A dask scheduler and two workers on the loopback interface, as a person starts them."""

import os
import signal
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
        self._run("scheduler", "--port", str(self.port))
        self._run("worker", self.address, "--nthreads", "1", "--death-timeout", "120", *options)

    def _run(self, *words: str) -> None:
        number = len(self._processes)
        with (self.folder / f"{words[0]}-{number}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"],
                env={**os.environ, **ENVIRONMENT},
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        self._processes.append(process)

    def restart(self) -> None:
        """The scheduler is killed and comes up again at the same address, with one worker."""
        self.close()
        self._start("--no-nanny")

    def close(self) -> None:
        """All of it is killed, the processes of workers with it."""
        for process in self._processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes = []
