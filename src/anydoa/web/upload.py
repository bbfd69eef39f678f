"""Recordings that come over the network: written to a folder of the server's own, within limits.

A server that is killed cannot tidy up, so each one removes what dead servers left behind when it starts. A
lock on a file in the folder says that its server lives; the system lets go of it however the server ends.
"""

import asyncio
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from anydoa.errors import AudioError
from anydoa.io.files import try_to_lock

DEFAULT_MAX_UPLOAD_MB = 100.0
_PATIENCE_S = 20.0  # without a byte, after which an upload is given up; and until its pace is judged
_LEAST_RATE = 20_000  # bytes a second in the mean, or few slow uploads would hold all places for hours


async def received_file(request: Request, path: Path, max_mb: float) -> None:
    """Write the body of a request to a file, as it comes.

    Args:
        request: whose body is the recording, as it is.
        path: the file.
        max_mb: most megabytes it may have.

    Raises:
        HTTPException: if it has more, with status 413.
        AudioError: if it has none, stops coming, or comes too slowly.
    """
    promised = request.headers.get("content-length", "0")
    if promised.isdecimal() and int(promised[:20]) > max_mb * 1e6:
        raise _too_large(max_mb)
    num_bytes = 0
    began = time.monotonic()
    chunks = aiter(request.stream())
    with path.open("wb") as file:
        while (chunk := await _next_chunk(chunks)) is not None:
            num_bytes += len(chunk)
            if num_bytes > max_mb * 1e6:
                raise _too_large(max_mb)
            _check_rate(num_bytes, time.monotonic() - began)
            file.write(chunk)
    if num_bytes == 0:
        raise AudioError("an upload is one audio file, got nothing; choose a recording")


def _check_rate(num_bytes: int, elapsed_s: float) -> None:
    if elapsed_s > _PATIENCE_S and num_bytes < _LEAST_RATE * elapsed_s:
        raise AudioError(
            f"an upload brings {_LEAST_RATE / 1000:g} kB a second at least, got "
            f"{num_bytes / elapsed_s / 1000:.1f}; send the recording over a faster connection"
        )


async def _next_chunk(chunks: AsyncIterator[bytes]) -> bytes | None:
    try:
        return await asyncio.wait_for(anext(chunks, None), _PATIENCE_S)
    except (TimeoutError, ClientDisconnect):
        raise AudioError("the upload stopped before its end; send the recording again") from None


def _too_large(max_mb: float) -> HTTPException:
    return HTTPException(
        413,
        f"an upload may have {max_mb:g} MB, got more; cut the recording, "
        "or start `anydoa serve` with a larger --max-upload",
    )


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
