"""`POST /api/locate`: a recording comes in, waits for its turn, and its directions go out.

The answer is one JSON object, or, for a client that accepts ``application/x-ndjson``, a line for every step:
how many recordings come before this one, the share that is done, and last the result or what is wrong.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from anydoa.errors import AnydoaError
from anydoa.web.catalogue import Catalogue, Choice
from anydoa.web.inbox import Inbox, upload_name
from anydoa.web.recording import locate_recording
from anydoa.web.refusal import refusal, status_of
from anydoa.web.turns import Turns, WorkTurn

LINES = "application/x-ndjson"


class LocateEndpoint:
    """Answers uploads. One recording is located at a time, so that the stream keeps its core.

    Args:
        catalogue: what may be chosen.
        inbox: where recordings come in.
        turns: the turns of all work of the server.
        is_stopping: whether the server wants to end.
    """

    def __init__(
        self, catalogue: Catalogue, inbox: Inbox, turns: Turns, is_stopping: Callable[[], bool]
    ) -> None:
        self._catalogue = catalogue
        self._inbox = inbox
        self._is_stopping = is_stopping
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the upload is there for exactly as long."""
        request = Request(scope, receive)
        name = upload_name(request, "recording")
        with ExitStack() as stack:
            try:
                path = stack.enter_context(self._inbox.place(name))
                await self._inbox.receive(request, path)
                response = await self._response(request, path, name)
            except (HTTPException, AnydoaError) as error:
                response = refusal(error)
            await response(request.scope, request.receive, send)

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
        return refusal(last.get("error", ""), last.get("status", 400))

    async def _steps(self, request: Request, path: Path, name: str) -> AsyncGenerator[dict[str, Any], None]:
        """Progress every so often, then the result or what is wrong."""
        query = request.query_params
        choice = Choice(**{field: query[field] for field in asdict(Choice()) if field in query})
        work = _Work(self._catalogue, choice, WorkTurn(self._turns), self._inbox.limits.max_minutes)
        task = asyncio.create_task(asyncio.to_thread(work.locate, path, name))
        try:
            while not (await asyncio.wait({task}, timeout=0.25))[0]:
                if self._is_stopping():
                    work.turn.give_up()
                yield {"type": "progress", "place": work.turn.place, "done": round(work.done, 4)}
            try:
                last = {"type": "result", **task.result()}
            except AnydoaError as error:
                last = {"type": "error", "error": str(error), "status": status_of(error)}
            yield last
        finally:
            work.turn.give_up()
            with anyio.CancelScope(shield=True):  # the place and the upload are needed until it has ended
                await asyncio.wait({task})
            task.exception()  # a client that left need not be told


class _Work:
    """The locating of one recording in a thread of its own."""

    def __init__(self, catalogue: Catalogue, choice: Choice, turn: WorkTurn, max_minutes: float) -> None:
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
