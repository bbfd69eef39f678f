"""The web application: its routes and their endpoints."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from anydoa.web.access import HEALTH_PATH, AccessMiddleware, AccessRules
from anydoa.web.catalogue import Catalogue
from anydoa.web.hub import Hub
from anydoa.web.live_answers import LiveAnswers
from anydoa.web.locating import LocateEndpoint
from anydoa.web.upload import UploadLimits

_STATIC = Path(__file__).parent / "static"
_NO_STREAM = 1011


def make_app(
    catalogue: Catalogue,
    rules: AccessRules,
    *,
    hub: Hub | None = None,
    limits: UploadLimits | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """The whole application.

    Args:
        catalogue: what may be chosen on the page.
        rules: who is let in.
        hub: the live stream, if there is one.
        limits: what is taken of recordings.
        is_stopping: whether the server wants to end; work for clients then ends, too.
    """
    limits = limits or UploadLimits()
    locating = LocateEndpoint(catalogue, limits, is_stopping)
    endpoints = _Endpoints(catalogue, hub, limits, locating)
    live = LiveAnswers(hub, is_stopping)
    return Starlette(
        routes=[
            Route("/", endpoints.page),
            Route("/api/options", endpoints.options),
            Route("/api/locate", locating, methods=["POST"]),
            Route("/api/now", live.now),
            Route("/api/talkers", live.talkers),
            Route("/api/events", live.events),
            Route(HEALTH_PATH, live.health),
            WebSocketRoute("/live", endpoints.live),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[
            Middleware(AccessMiddleware, rules=rules, login_page=(_STATIC / "login.html").read_text("utf-8"))
        ],
        lifespan=endpoints.lifespan,
    )


class _Endpoints:
    """Every endpoint but that of uploads."""

    def __init__(
        self, catalogue: Catalogue, hub: Hub | None, limits: UploadLimits, locating: LocateEndpoint
    ) -> None:
        self._catalogue = catalogue
        self._hub = hub
        self._limits = limits
        self._locating = locating

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """The live stream runs as long as the server, and uploads lie nowhere longer."""
        self._locating.open()
        if self._hub is not None:
            self._hub.start()
        yield
        self._locating.close()
        if self._hub is not None:
            await self._hub.stop()

    async def page(self, request: Request) -> Response:
        """The page itself."""
        return FileResponse(_STATIC / "index.html")

    async def options(self, request: Request) -> Response:
        """What can be chosen, and whether there is a live stream."""
        return JSONResponse(
            {
                **self._catalogue.content(),
                "live": self._hub is not None,
                "max_upload_mb": self._limits.max_mb,
                "max_minutes": self._limits.max_minutes,
            }
        )

    async def live(self, websocket: WebSocket) -> None:
        """The live stream."""
        if self._hub is None:
            await websocket.accept()
            await websocket.close(_NO_STREAM, "no live stream; start anydoa serve with --replay or --device")
            return
        await self._hub.serve(websocket)
