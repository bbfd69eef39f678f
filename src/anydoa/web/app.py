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

from anydoa.web.access import AccessMiddleware, AccessRules
from anydoa.web.calibrating import CalibrateEndpoint
from anydoa.web.catalogue import Catalogue
from anydoa.web.examining import DoctorEndpoint
from anydoa.web.inbox import Inbox
from anydoa.web.listening import Listening
from anydoa.web.live_answers import LiveAnswers
from anydoa.web.live_control import LiveControl
from anydoa.web.locating import LocateEndpoint
from anydoa.web.metrics import Metrics
from anydoa.web.refusal import explained
from anydoa.web.turns import Turns
from anydoa.web.upload import UploadLimits

_STATIC = Path(__file__).parent / "static"


def make_app(
    catalogue: Catalogue,
    rules: AccessRules,
    listening: Listening,
    *,
    limits: UploadLimits | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> ASGIApp:
    """The whole application.

    Args:
        catalogue: what may be chosen on the page.
        rules: who is let in.
        listening: what is listened to.
        limits: what is taken of recordings.
        is_stopping: whether the server wants to end; work for clients then ends, too.
    """
    inbox = Inbox(limits or UploadLimits())
    turns = Turns(inbox.limits.slice_s)
    endpoints = _Endpoints(catalogue, listening, inbox)
    calibrate = CalibrateEndpoint(catalogue, listening, turns, is_stopping)
    doctor = DoctorEndpoint(catalogue, inbox, turns, is_stopping)
    return Starlette(
        routes=[
            Route("/", endpoints.page),
            Route("/api/options", endpoints.options),
            Route("/api/locate", LocateEndpoint(catalogue, inbox, turns, is_stopping), methods=["POST"]),
            Route("/api/calibrate", explained(calibrate.answer), methods=["POST"]),
            Route("/api/doctor", explained(doctor.answer), methods=["POST"]),
            *LiveControl(listening, catalogue, inbox).routes,
            *LiveAnswers(listening.hub, is_stopping).routes,
            Route("/metrics", Metrics(listening).text),
            WebSocketRoute("/live", listening.hub.serve),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[
            Middleware(AccessMiddleware, rules=rules, login_page=(_STATIC / "login.html").read_text("utf-8"))
        ],
        lifespan=endpoints.lifespan,
    )


class _Endpoints:
    """The page, and what it needs before anything else."""

    def __init__(self, catalogue: Catalogue, listening: Listening, inbox: Inbox) -> None:
        self._catalogue, self._listening, self._inbox = catalogue, listening, inbox

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """The live stream runs no longer than the server, and uploads lie nowhere longer."""
        self._inbox.open()
        self._listening.begin()
        yield
        await self._listening.close()
        self._inbox.close()

    async def page(self, request: Request) -> Response:
        """The page itself."""
        return FileResponse(_STATIC / "index.html")

    async def options(self, request: Request) -> Response:
        """What can be chosen, and whether there is a live stream."""
        limits = self._inbox.limits
        return JSONResponse(
            {
                **self._catalogue.content(),
                "live": self._listening.hub.stream is not None,
                "max_upload_mb": limits.max_mb,
                "max_minutes": limits.max_minutes,
            }
        )
