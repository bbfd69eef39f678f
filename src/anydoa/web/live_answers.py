"""The live stream over plain HTTP, for programs without WebSockets: its newest frame, tracks and events.

Everything here leaves out spectra, which are most of a frame.
"""

from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from anydoa.errors import ConfigError
from anydoa.web.access import HEALTH_PATH
from anydoa.web.hub import NO_STREAM, Hub
from anydoa.web.refusal import explained, refusal

_NOTHING_YET = "the live stream has no frame yet; ask again in a second"


class LiveAnswers:
    """Endpoints that answer from a live stream.

    Args:
        hub: the live stream.
        is_stopping: whether the server wants to end; streams of events then end, too.
    """

    def __init__(self, hub: Hub, is_stopping: Callable[[], bool]) -> None:
        self._hub, self._is_stopping = hub, is_stopping

    @property
    def routes(self) -> list[Route]:
        """What is asked for where."""
        return [
            Route("/api/now", self.now),
            Route("/api/talkers", self.talkers),
            Route("/api/tracks", explained(self.tracks)),
            Route("/api/events", explained(self.events)),
            Route(HEALTH_PATH, self.health),
        ]

    async def health(self, request: Request) -> Response:
        """Status 200 while the server does what it was started for, 503 once its live stream is over."""
        if self._hub.lost_sound is not None:
            return JSONResponse({"status": "over", "reason": self._hub.lost_sound}, 503)
        return JSONResponse({"status": "ok", "live": self._hub.stream is not None})

    async def now(self, request: Request) -> Response:
        """The newest frame."""
        return self._newest()

    async def talkers(self, request: Request) -> Response:
        """Who is followed now, and since when."""
        return self._newest("time_s", "speech", "tracks")

    async def tracks(self, request: Request) -> Response:
        """The talkers so far as a file: JSON lines, CSV or RTTM."""
        stream = self._hub.stream
        if stream is None:
            return refusal(NO_STREAM, 404)
        query = request.query_params
        form = query.get("form", "json")
        begin_s, end_s = _seconds(query.get("begin", "-inf")), _seconds(query.get("end", "inf"))
        pieces = stream.tracks.text(form, begin_s, end_s)
        name = f"live_tracks.{'jsonl' if form == 'json' else form}"
        return StreamingResponse(
            pieces,
            media_type="text/csv" if form == "csv" else "text/plain",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    async def events(self, request: Request) -> Response:
        """Hello, frames and end as Server-Sent Events."""
        if self._hub.stream is None:
            return refusal(NO_STREAM, 404)
        messages = self._hub.brief_messages()
        first = await anext(messages)
        headers = {"x-accel-buffering": "no"}  # so that a proxy passes each event on at once
        return StreamingResponse(
            self._as_events(first, messages), media_type="text/event-stream", headers=headers
        )

    def _newest(self, *keys: str) -> Response:
        """Fields of the newest frame, all unless named, and why the stream is over if it is."""
        if self._hub.stream is None:
            return refusal(NO_STREAM, 404)
        frame, reason = self._hub.newest, self._hub.end_reason
        if frame is None:
            return refusal(_NOTHING_YET if reason is None else reason, 503)
        over = {} if reason is None else {"over": reason}
        return JSONResponse({**{key: frame[key] for key in keys or frame}, **over})

    async def _as_events(self, first: str | None, messages: AsyncIterator[str | None]) -> AsyncIterator[str]:
        """Each message as an event; a comment where none came, by which a lost client is noticed."""
        yield _event(first)
        async for message in messages:
            if self._is_stopping():
                return
            yield _event(message)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(
            f"times are seconds from the start of the stream, got {text[:80]!r}; give a number, or leave "
            "it out"
        ) from None


def _event(message: str | None) -> str:
    return ": waiting\n\n" if message is None else f"data: {message}\n\n"
