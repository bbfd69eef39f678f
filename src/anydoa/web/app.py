"""The web application: its few addresses, and what each of them answers."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from anydoa.errors import AnydoaError
from anydoa.web.access import AccessRules, Doorkeeper
from anydoa.web.catalogue import Catalogue, Choice
from anydoa.web.hub import Hub
from anydoa.web.recording import locate_recording
from anydoa.web.upload import DEFAULT_MAX_UPLOAD_MB, received_file

_STATIC = Path(__file__).parent / "static"
_MAX_UPLOADS = 4  # at once; they are located one after the other
_NO_STREAM = 1011
_MAX_NAME = 120


def make_app(
    catalogue: Catalogue,
    rules: AccessRules,
    *,
    hub: Hub | None = None,
    max_upload_mb: float = DEFAULT_MAX_UPLOAD_MB,
) -> ASGIApp:
    """The whole application.

    Args:
        catalogue: what may be chosen on the page.
        rules: who is let in.
        hub: the live stream, if there is one.
        max_upload_mb: most megabytes of a recording.
    """
    desk = _Desk(catalogue, hub, max_upload_mb)
    return Starlette(
        routes=[
            Route("/", desk.page),
            Route("/api/options", desk.options),
            Route("/api/locate", desk.locate, methods=["POST"]),
            WebSocketRoute("/live", desk.live),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[
            Middleware(Doorkeeper, rules=rules, login_page=(_STATIC / "login.html").read_text("utf-8"))
        ],
        lifespan=desk.lifespan,
    )


class _Desk:
    """Answers every address. One recording is located at a time: uploads shall leave the stream its core."""

    def __init__(self, catalogue: Catalogue, hub: Hub | None, max_upload_mb: float) -> None:
        self._catalogue = catalogue
        self._hub = hub
        self._max_upload_mb = max_upload_mb
        self._num_uploads = 0
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """The live stream runs as long as the server."""
        if self._hub is not None:
            self._hub.start()
        yield
        if self._hub is not None:
            await self._hub.stop()

    async def page(self, request: Request) -> Response:
        """The page itself."""
        return FileResponse(_STATIC / "index.html")

    async def options(self, request: Request) -> Response:
        """What can be chosen, and whether there is a live stream."""
        content = self._catalogue.content()
        return JSONResponse({**content, "live": self._hub is not None, "max_upload_mb": self._max_upload_mb})

    async def live(self, websocket: WebSocket) -> None:
        """The live stream."""
        if self._hub is None:
            await websocket.accept()
            await websocket.close(_NO_STREAM, "no live stream; start anydoa serve with --replay or --device")
            return
        await self._hub.serve(websocket)

    async def locate(self, request: Request) -> Response:
        """The directions of the recording in the body."""
        if self._num_uploads >= _MAX_UPLOADS:
            return _refusal(
                f"{_MAX_UPLOADS} recordings are being located already; try again in a minute", 503
            )
        self._num_uploads += 1
        try:
            async with received_file(request, self._max_upload_mb) as path:
                return JSONResponse(await self._locate(request, path))
        except HTTPException as error:
            return _refusal(error.detail, error.status_code)
        except AnydoaError as error:
            return _refusal(str(error), 400)
        finally:
            self._num_uploads -= 1

    async def _locate(self, request: Request, path: Path) -> dict[str, Any]:
        query = request.query_params
        choice = Choice(**{field: query[field] for field in asdict(Choice()) if field in query})
        name = query.get("name", "recording")[:_MAX_NAME]
        given_up = threading.Event()
        watch = asyncio.create_task(_set_when_gone(request, given_up))
        try:
            async with self._turn:
                localizer = await asyncio.to_thread(self._catalogue.localizer, choice)
                return await asyncio.to_thread(locate_recording, localizer, path, name, given_up)
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch


async def _set_when_gone(request: Request, given_up: threading.Event) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(0.5)
    given_up.set()


def _refusal(message: str, status: int) -> Response:
    return JSONResponse({"error": message}, status)
