"""Recordings that come over the network: streamed to a file, never more nor slower than is allowed."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from anydoa.errors import AudioError

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
