"""The live stream over plain HTTP, for programs without WebSockets: the newest frame, who talks, and events.

Everything here leaves out spectra, which are most of a frame.
"""

from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from anydoa.web.hub import Hub, HubFullError

_NO_STREAM = "this server has no live stream; start anydoa serve with --replay or --device"
_NOTHING_YET = "the live stream has no frame yet; ask again in a second"


class LiveAnswers:
    """Endpoints that answer from a live stream.

    Args:
        hub: the live stream, if there is one.
        is_stopping: whether the server wants to end; streams of events then end, too.
    """

    def __init__(self, hub: Hub | None, is_stopping: Callable[[], bool]) -> None:
        self._hub, self._is_stopping = hub, is_stopping

    async def health(self, request: Request) -> Response:
        """Status 200 while the server does what it was started for, 503 once its live stream is over."""
        reason = None if self._hub is None else self._hub.end_reason
        if reason is not None:
            return JSONResponse({"status": "over", "reason": reason}, 503)
        return JSONResponse({"status": "ok", "live": self._hub is not None})

    async def now(self, request: Request) -> Response:
        """The newest frame."""
        return self._newest()

    async def talkers(self, request: Request) -> Response:
        """Who is followed now, and since when."""
        return self._newest("time_s", "speech", "tracks")

    async def events(self, request: Request) -> Response:
        """Hello, frames and end as Server-Sent Events."""
        if self._hub is None:
            return JSONResponse({"error": _NO_STREAM}, 404)
        messages = self._hub.brief_messages()
        try:
            first = await anext(messages)
        except HubFullError as error:
            return JSONResponse({"error": str(error)}, 503)
        headers = {"x-accel-buffering": "no"}  # so that a proxy passes each event on at once
        return StreamingResponse(
            self._as_events(first, messages), media_type="text/event-stream", headers=headers
        )

    def _newest(self, *keys: str) -> Response:
        """Fields of the newest frame, all unless named, and why the stream is over if it is."""
        if self._hub is None:
            return JSONResponse({"error": _NO_STREAM}, 404)
        frame, reason = self._hub.newest, self._hub.end_reason
        if frame is None:
            return JSONResponse({"error": _NOTHING_YET if reason is None else reason}, 503)
        over = {} if reason is None else {"over": reason}
        return JSONResponse({**{key: frame[key] for key in keys or frame}, **over})

    async def _as_events(self, first: str | None, messages: AsyncIterator[str | None]) -> AsyncIterator[str]:
        """Each message as an event; a comment where none came, by which a lost client is noticed."""
        yield _event(first)
        async for message in messages:
            if self._is_stopping():
                return
            yield _event(message)


def _event(message: str | None) -> str:
    return ": waiting\n\n" if message is None else f"data: {message}\n\n"
