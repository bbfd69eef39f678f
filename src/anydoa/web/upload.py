"""Recordings that come over the network: written to a folder of the server's own, within limits.

A server that is killed cannot tidy up, so each one removes what dead servers left behind when it starts. A
lock on a file in the folder says that its server lives; the system lets go of it however the server ends.
"""

import asyncio
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from anydoa.errors import AudioError, ConfigError
from anydoa.io.files import try_to_lock
from anydoa.io.options import check_positive
from anydoa.web.turns import SLICE_S


@dataclass(frozen=True, kw_only=True)
class UploadLimits:
    """What the server takes of recordings.

    Args:
        max_mb: most megabytes of a recording.
        max_minutes: longest recording.
        max_at_once: recordings that may be sent and located at once.
        slice_s: seconds of work on one recording before another that waits goes on.
        patience_s: seconds without a byte after which an upload is given up, and until its rate is judged.
        least_bytes_per_s: lowest mean rate; a few slow uploads would hold all places for hours.

    Raises:
        ConfigError: if a number is out of range.
    """

    max_mb: float = 100.0
    max_minutes: float = 60.0
    max_at_once: int = 4
    slice_s: float = SLICE_S
    patience_s: float = 20.0
    least_bytes_per_s: float = 20_000

    def __post_init__(self) -> None:
        if not 0 < self.max_mb <= 100_000:
            raise ConfigError(f"the upload limit is 0..100000 MB, got {self.max_mb:g}; 100 is usual")
        if not 0 < self.max_minutes <= 1_000_000:
            raise ConfigError(
                f"the longest recording is 0..1000000 minutes, got {self.max_minutes:g}; 60 is usual"
            )
        check_positive(self, "max_at_once", "slice_s", "patience_s", "least_bytes_per_s")


async def received_file(request: Request, path: Path, limits: UploadLimits) -> None:
    """Write the body of a request to a file, as it comes.

    Args:
        request: the request; its body is the recording.
        path: where to write the recording.
        limits: what is taken.

    Raises:
        HTTPException: if it is too large, with status 413, or cannot be written, with status 507.
        AudioError: if it is empty, stops coming, or comes too slowly.
    """
    promised, most_bytes = request.headers.get("content-length", "0"), limits.max_mb * 1e6
    if promised.isdecimal() and int(promised[:20]) > most_bytes:
        raise _too_large(limits.max_mb)
    num_bytes, began = 0, time.monotonic()
    chunks = aiter(request.stream())
    with _needing_room(), path.open("wb") as file:
        while True:
            try:
                chunk = await asyncio.wait_for(anext(chunks, None), limits.patience_s)
            except (TimeoutError, ClientDisconnect):
                raise AudioError("the upload stopped before its end; send the recording again") from None
            if chunk is None:
                break
            num_bytes += len(chunk)
            if num_bytes > most_bytes:
                raise _too_large(limits.max_mb)
            elapsed_s = time.monotonic() - began
            if elapsed_s > limits.patience_s and num_bytes < limits.least_bytes_per_s * elapsed_s:
                raise AudioError(
                    f"an upload brings {limits.least_bytes_per_s / 1000:g} kB a second at least, got "
                    f"{num_bytes / elapsed_s / 1000:.1f}; send the recording over a faster connection"
                )
            file.write(chunk)
    if num_bytes == 0:
        raise AudioError("an upload is one audio file, got nothing; choose a recording")


def _too_large(max_mb: float) -> HTTPException:
    return HTTPException(
        413,
        f"an upload may have {max_mb:g} MB, got more; cut the recording, "
        "or start `anydoa serve` with a larger --max-upload",
    )


@contextmanager
def _needing_room() -> Iterator[None]:
    """What cannot be written, for the disk is full as a rule, is told in words."""
    try:
        yield
    except OSError as error:
        raise HTTPException(
            507,
            f"an upload must fit on the server's disk, got {error.strerror or error}; "
            f"make room in {tempfile.gettempdir()}, or let the server write there",
        ) from None


def harmless_name(name: str) -> str:
    """The name of a file, or its end, without anything that a path or a terminal could take amiss."""
    plain = re.sub(r"[^\w .()-]", "_", Path(name).name).strip(". ")
    # Half a letter may stand where it is cut.
    end = plain.encode()[-_MAX_NAME_BYTES:].decode("utf-8", errors="ignore")
    return end.strip(". ") or "recording"


_PREFIX = "anydoa-serve-"
_LOCK_NAME = "lock"
_MAX_NAME_BYTES = 120  # a letter has up to four; systems take 255 bytes, encrypted folders 143


class Spool:
    """A temporary folder for uploads, empty at first and gone after :meth:`close`."""

    def __init__(self) -> None:
        # A folder whose lock can be taken is that of a dead server.
        for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            with suppress(OSError), (folder / _LOCK_NAME).open("r+b") as lock:
                if try_to_lock(lock):
                    shutil.rmtree(folder, ignore_errors=True)
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = (self._folder / _LOCK_NAME).open("wb")
        try_to_lock(self._lock)

    @contextmanager
    def place(self, name: str) -> Iterator[Path]:
        """A path for one upload that ends like its name, for messages; it is removed afterwards.

        Raises:
            HTTPException: if no folder can be made for it, with status 507.
        """
        path = self.new_path(name)
        try:
            yield path
        finally:
            shutil.rmtree(path.parent, ignore_errors=True)

    def new_path(self, name: str) -> Path:
        """A path for a file that stays until the server ends or somebody removes it.

        Raises:
            HTTPException: if no folder can be made for it, with status 507.
        """
        with _needing_room():
            return Path(tempfile.mkdtemp(dir=self._folder)) / harmless_name(name)

    def close(self) -> None:
        """Remove the folder and all in it."""
        self._lock.close()
        shutil.rmtree(self._folder, ignore_errors=True)
