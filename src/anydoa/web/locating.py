"""`POST /api/locate`: a recording comes in, waits for its turn, and its directions go out.

The answer is one JSON object, or, for a client that accepts ``application/x-ndjson``, a line for every step:
how many recordings come before this one, the share that is done, and last the result or what is wrong.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from anydoa.errors import AnydoaError
from anydoa.web.catalogue import Catalogue, Choice
from anydoa.web.recording import locate_recording
from anydoa.web.turns import GivenUpError, Turn, Turns
from anydoa.web.upload import Spool, UploadLimits, received_file

LINES = "application/x-ndjson"


class LocateEndpoint:
    """Answers uploads. One recording is located at a time, so that the stream keeps its core.

    Args:
        catalogue: what may be chosen.
        limits: what is taken.
        is_stopping: whether the server wants to end.
    """

    def __init__(self, catalogue: Catalogue, limits: UploadLimits, is_stopping: Callable[[], bool]) -> None:
        self._catalogue = catalogue
        self._limits = limits
        self._is_stopping = is_stopping
        self._turns = Turns(limits.slice_s)
        self._num_uploads = 0
        self._spool: Spool | None = None

    def open(self) -> None:
        """Make the place where uploads lie; called when the server starts."""
        self._spool = Spool()

    def close(self) -> None:
        """Remove the place where uploads lie; called when the server stops."""
        if self._spool is not None:
            self._spool.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the upload is there for exactly as long."""
        request = Request(scope, receive)
        if self._num_uploads >= self._limits.max_at_once:
            refusal = _refusal(
                f"{self._limits.max_at_once} recordings are being located already; try again in a minute",
                503,
            )
            await refusal(scope, receive, send)
            return
        self._num_uploads += 1
        try:
            assert self._spool is not None  # open() comes before the first request
            name = request.query_params.get("name", "")[:120] or "recording"
            with self._spool.place(name) as path:
                try:
                    await received_file(request, path, self._limits)
                except HTTPException as error:
                    response = _refusal(error.detail, error.status_code)
                except AnydoaError as error:
                    response = _refusal(str(error), 400)
                else:
                    response = await self._response(request, path, name)
                await response(request.scope, request.receive, send)
        finally:
            self._num_uploads -= 1

    async def _response(self, request: Request, path: Path, name: str) -> Response:
        steps = self._steps(request, path, name)
        if LINES in request.headers.get("accept", ""):
            return StreamingResponse((json.dumps(step) + "\n" async for step in steps), media_type=LINES)
        async with aclosing(steps):  # closing them ends the work
            async for step in steps:
                last = step
                if await request.is_disconnected():
                    break
        if last["type"] == "result":
            return JSONResponse({key: value for key, value in last.items() if key != "type"})
        return _refusal(last.get("error", ""), last.get("status", 400))

    async def _steps(self, request: Request, path: Path, name: str) -> AsyncGenerator[dict[str, Any], None]:
        """Progress every so often, then the result or what is wrong."""
        query = request.query_params
        choice = Choice(**{field: query[field] for field in asdict(Choice()) if field in query})
        work = _Work(self._catalogue, choice, Turn(self._turns), self._limits.max_minutes)
        task = asyncio.create_task(asyncio.to_thread(work.locate, path, name))
        try:
            while not (await asyncio.wait({task}, timeout=0.25))[0]:
                if self._is_stopping():
                    work.turn.give_up()
                yield {"type": "progress", "place": work.turn.place, "done": round(work.done, 4)}
            try:
                last = {"type": "result", **task.result()}
            except GivenUpError:
                reason = "the server is stopping; send the recording again"
                last = {"type": "error", "error": reason, "status": 503}
            except AnydoaError as error:
                last = {"type": "error", "error": str(error), "status": 400}
            yield last
        finally:
            work.turn.give_up()
            await asyncio.wait({task})


class _Work:
    """The locating of one recording in a thread of its own."""

    def __init__(self, catalogue: Catalogue, choice: Choice, turn: Turn, max_minutes: float) -> None:
        self.turn = turn
        self.done = 0.0
        self._catalogue = catalogue
        self._choice = choice
        self._max_minutes = max_minutes

    def locate(self, path: Path, name: str) -> dict[str, Any]:
        """The content of the answer."""

        def go_on(done: float) -> None:
            self.done = done
            self.turn.give_way()

        with self.turn.held():
            localizer = self._catalogue.localizer(self._choice)
            return locate_recording(
                localizer, path, name, max_duration_s=60 * self._max_minutes, on_progress=go_on
            )


def _refusal(message: str, status: int) -> Response:
    return JSONResponse({"error": message}, status)
