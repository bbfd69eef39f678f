"""Recordings that come over the network: streamed to a temporary file, never more than is allowed."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from anydoa.errors import AudioError

DEFAULT_MAX_UPLOAD_MB = 100.0
_PATIENCE_S = 20.0  # without a byte, after which an upload is given up


@asynccontextmanager
async def received_file(request: Request, max_mb: float) -> AsyncIterator[Path]:
    """The body of a request as a file that is gone afterwards.

    Args:
        request: whose body is the recording, as it is.
        max_mb: most megabytes it may have.

    Raises:
        HTTPException: if it has more, with status 413.
        AudioError: if it has none, or stops coming.
    """
    promised = request.headers.get("content-length", "0")
    if promised.isdecimal() and int(promised[:20]) > max_mb * 1e6:
        raise _too_large(max_mb)
    with tempfile.TemporaryDirectory(prefix="anydoa-") as folder:
        path = Path(folder) / "upload"
        await _receive(request, path, max_mb)
        yield path


async def _receive(request: Request, path: Path, max_mb: float) -> None:
    num_bytes = 0
    chunks = aiter(request.stream())
    with path.open("wb") as file:
        while (chunk := await _next_chunk(chunks)) is not None:
            num_bytes += len(chunk)
            if num_bytes > max_mb * 1e6:
                raise _too_large(max_mb)
            file.write(chunk)
    if num_bytes == 0:
        raise AudioError("an upload is one audio file, got nothing; choose a recording")


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
