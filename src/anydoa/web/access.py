"""Who may talk to the server: checks of host, origin and token before anything else, and strict headers.

A page of another site must not reach a server on this machine through the user's browser. Its own name in
``Host`` (DNS rebinding) and its origin (cross-site requests, WebSockets included) give it away.
"""

import asyncio
import hmac
import ipaddress
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from anydoa.errors import ConfigError
from anydoa.io.options import check_positive

MIN_TOKEN_LENGTH = 8
PUBLIC_FOLDER = "/static/"  # the page's own code and style: the same in every copy of the package
HEALTH_PATH = "/healthz"  # whether the server works, which whoever watches over it may know without a token
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-cache",
}


@dataclass(frozen=True, kw_only=True)
class AccessOptions:
    """How wrong tokens are slowed down; right ones are never late.

    Args:
        free_tries: number of wrong tokens in a period that are answered at once, at least 1: people mistype.
        period_s: seconds of a period.
        delay_s: seconds that the answer to each further wrong token waits.

    Raises:
        ConfigError: if one is not above 0.
    """

    free_tries: int = 5
    period_s: float = 60.0
    delay_s: float = 1.0

    def __post_init__(self) -> None:
        check_positive(self, "free_tries", "period_s", "delay_s")


@dataclass(frozen=True)
class AccessRules:
    """Who is let in.

    Args:
        names: host names the server answers to, besides every numeric address.
        token: secret that a client must show, or None where being on this machine is enough.
        options: how wrong tokens are slowed down.

    Raises:
        ConfigError: if the token is too short to be a secret, or no header can carry it.
    """

    names: frozenset[str]
    token: str | None = None
    options: AccessOptions = AccessOptions()

    def __post_init__(self) -> None:
        if self.token is None:
            return
        if not (self.token.isascii() and self.token.isprintable()):
            raise ConfigError(
                "a token has letters, digits and signs of ASCII only, for headers carry nothing else; "
                "leave it out and one is made"
            )
        length = len("".join(self.token.split()))
        if length < MIN_TOKEN_LENGTH or self.token != self.token.strip():
            raise ConfigError(
                f"a token has at least {MIN_TOKEN_LENGTH} characters, got {length}; blanks do not count, nor "
                "may they stand at an end; leave it out and one is made"
            )

    @classmethod
    def for_host(
        cls,
        host: str,
        token: str | None,
        options: AccessOptions = AccessOptions(),
        *,
        names: Sequence[str] = (),
    ) -> "AccessRules":
        """Rules of a server on this host: its name, localhost, the names of this machine, and more names."""
        own = socket.gethostname().lower()
        known = {"localhost", host.lower(), own, f"{own}.local", *(name.lower() for name in names)}
        return cls(frozenset(known), token, options)

    def knows_host(self, host: str) -> bool:
        """Whether a ``Host`` header names this server. No name can be rebound to a numeric address."""
        if any(sign in host for sign in "/?#@\\"):  # no part of a host, but of an URL made of it
            return False
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")  # without the port, in lower case
        except ValueError:
            return False
        return name in self.names or is_address(name)

    def accepts_token(self, token: str) -> bool:
        """Whether this is the token; takes equally long for every wrong one."""
        return self.token is None or hmac.compare_digest(token.encode(), self.token.encode())


def is_address(name: str) -> bool:
    """Whether a host is a numeric address, IPv4 or IPv6."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class AccessMiddleware:
    """Lets in whom the rules allow, and puts the strict headers on every response.

    A browser shows the token once, in the address; from then on it is in a cookie that no script can read.
    Programs send it as ``Authorization: Bearer`` or in the address.

    Args:
        app: what is guarded.
        rules: who is let in.
        login_page: what a browser without a token gets.
    """

    def __init__(self, app: ASGIApp, rules: AccessRules, login_page: str) -> None:
        self._app = app
        self._rules = rules
        self._login_page = login_page
        self._wrong_times: deque[float] = deque(maxlen=rules.options.free_tries)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_strictly(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request = HTTPConnection(scope)
        response = self._check_source(request) or await self._authenticate(request)
        await (response or self._app)(scope, receive, send_strictly)

    async def _authenticate(self, request: HTTPConnection) -> Response | None:
        """The response that sets the cookie or asks for a token; None for a request to be handed on."""
        path = request.scope["path"]  # by which it is routed; an URL is made of what the client says
        if self._rules.token is None or path.startswith(PUBLIC_FOLDER) or path == HEALTH_PATH:
            return None
        in_address = request.query_params.get("token")
        in_header = request.headers.get("authorization", "").removeprefix("Bearer ")
        in_cookie = request.cookies.get(_cookie_name(request), "")
        if any(self._rules.accepts_token(shown) for shown in (in_address or "", in_header, in_cookie)):
            if in_address is None or path != "/":
                return None
            # The address keeps no token: history and logs would keep it, too.
            redirect = RedirectResponse("/", 303)
            redirect.set_cookie(_cookie_name(request), self._rules.token, httponly=True, samesite="lax")
            return redirect
        if in_address or in_header or in_cookie:
            await self._delay_wrong_token()
        if "text/html" in request.headers.get("accept", ""):  # a browser, not a program
            if in_address:
                return RedirectResponse("/?refused", 303)
            shown = "" if "refused" in request.query_params else " hidden"
            return Response(self._login_page.replace(" data-refused", shown), 401, media_type="text/html")
        return JSONResponse(
            {"error": "this server asks for a token; use the address that `anydoa serve` printed"},
            401,
            {"www-authenticate": "Bearer"},
        )

    async def _delay_wrong_token(self) -> None:
        """Wait if there have been too many wrong tokens just now."""
        options, now = self._rules.options, time.monotonic()
        many = len(self._wrong_times) == options.free_tries and now - self._wrong_times[0] < options.period_s
        self._wrong_times.append(now)
        if many:
            await asyncio.sleep(options.delay_s)

    def _check_source(self, request: HTTPConnection) -> Response | None:
        """Refuse requests to another host's name or from another site's page."""
        host = request.headers.get("host", "")
        if not self._rules.knows_host(host):
            return JSONResponse(
                {"error": f"a request must name this server as host, got {host[:80]!r}; use its address"},
                403,
            )
        origin = request.headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()):
            return JSONResponse(
                {
                    "error": f"requests must come from this server's own page, got one from {origin[:80]!r}; "
                    "open the address that `anydoa serve` prints"
                },
                403,
            )
        return None


def _cookie_name(request: HTTPConnection) -> str:
    """Browsers share the cookies of all ports of a host, so the port is part of the name."""
    server = request.scope.get("server")
    return f"anydoa_token_{server[1] if server else 0}"
