"""What is answered to a request that cannot be met: one sentence with rule, value and cure."""

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from anydoa.errors import AnydoaError


def refusal(reason: str | AnydoaError | HTTPException, status: int = 400) -> Response:
    """The answer that says what is wrong.

    Args:
        reason: sentence, or error that has one.
        status: status of HTTP, unless the error has its own.
    """
    if isinstance(reason, HTTPException):
        return JSONResponse({"error": reason.detail}, reason.status_code)
    return JSONResponse({"error": str(reason)}, status)
