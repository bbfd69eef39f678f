"""What is answered to a request that cannot be met: one sentence with rule, value and cure."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from anydoa.errors import AnydoaError

STOPPING = "the server is stopping; send the recording again"


def refusal(reason: str | AnydoaError | HTTPException, status: int = 400) -> Response:
    """The answer that says what is wrong.

    Args:
        reason: sentence, or error that has one.
        status: status of HTTP, unless the error has its own.
    """
    if isinstance(reason, HTTPException):
        return JSONResponse({"error": reason.detail}, reason.status_code)
    return JSONResponse({"error": str(reason)}, status)


def stopping() -> Response:
    """The answer of a server that ends before its work is done."""
    return refusal(STOPPING, 503)


@contextmanager
def named(path: Path, name: str) -> Iterator[None]:
    """Mistakes in a file of the server are told by the name that its owner knows."""
    try:
        yield
    except AnydoaError as error:
        error.args = (renamed(str(error), path, name),)
        raise


def renamed(message: str, path: Path, name: str) -> str:
    """A message with the name that the owner of a file knows."""
    return message.replace(str(path), name).replace(f"{path.name}: ", f"{name}: ", 1)
