"""Where uploads lie while they are located: a folder of the server's own that does not outlive it.

A server that is killed cannot tidy up, so each one removes what dead servers left behind when it starts. A
lock on a file in the folder says that its server lives; the system lets go of it however the server ends.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from anydoa.io.files import try_to_lock

_PREFIX = "anydoa-serve-"
_LOCK_NAME = "lock"
_MAX_NAME = 80


class Spool:
    """A temporary folder for uploads, empty at first and gone after :meth:`close`."""

    def __init__(self) -> None:
        _remove_abandoned(Path(tempfile.gettempdir()))
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = (self._folder / _LOCK_NAME).open("wb")
        try_to_lock(self._lock)

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        """A path for one upload that ends like its name, for messages; it is removed afterwards."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            yield folder / _harmless(name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove the folder and all in it."""
        self._lock.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders of servers that are dead."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError), (folder / _LOCK_NAME).open("r+b") as lock:
            if try_to_lock(lock):
                shutil.rmtree(folder, ignore_errors=True)


def _harmless(name: str) -> str:
    """The last part of a file name without anything that a path or a terminal could take amiss."""
    return re.sub(r"[^\w .()-]", "_", Path(name).name).strip(". ")[-_MAX_NAME:] or "recording"
