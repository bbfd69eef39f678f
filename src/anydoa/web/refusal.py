"""What is answered to a request that cannot be met: one sentence with rule, value and cure."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from anydoa.errors import AnydoaError

Answer = Callable[[Request], Awaitable[Response]]


class RefusedError(AnydoaError):
    """A mistake that has a status of HTTP of its own."""

    status = 400


def status_of(error: AnydoaError) -> int:
    """The status of HTTP that an error is told with."""
    return error.status if isinstance(error, RefusedError) else RefusedError.status


def refusal(reason: str | AnydoaError | HTTPException, status: int | None = None) -> Response:
    """The answer that says what is wrong.

    Args:
        reason: sentence, or error that has one.
        status: status of HTTP of a sentence; an error has its own.
    """
    if isinstance(reason, HTTPException):
        return JSONResponse({"error": reason.detail}, reason.status_code)
    if isinstance(reason, AnydoaError):
        status = status_of(reason)
    return JSONResponse({"error": str(reason)}, status or RefusedError.status)


def explained(answer: Answer) -> Answer:
    """An endpoint whose mistakes are told in words."""

    async def told(request: Request) -> Response:
        try:
            return await answer(request)
        except (AnydoaError, HTTPException) as error:
            return refusal(error)

    return told


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
