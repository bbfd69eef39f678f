"""The server: a bound socket, uvicorn with tight limits, and the address to open."""

import asyncio
import ipaddress
import secrets
import socket
from dataclasses import dataclass
from urllib.parse import quote

import uvicorn
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from anydoa.errors import ConfigError
from anydoa.web.access import AccessRules, is_address
from anydoa.web.app import make_app
from anydoa.web.catalogue import Catalogue
from anydoa.web.hub import MAX_CLIENTS, Hub
from anydoa.web.locating import DEFAULT_MAX_MINUTES, UploadLimits
from anydoa.web.upload import DEFAULT_MAX_UPLOAD_MB

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8765
_MAX_CONNECTIONS = 2 * MAX_CLIENTS
_MAX_MESSAGE = 4096  # bytes; clients have nothing to say
_MAX_HEAD = 16_384  # bytes of a request line and its headers
_SEND_BUFFER = 65_536  # bytes; with the system's megabytes a stalled client would go unnoticed for minutes
_GOODBYE_S = 3


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """Where the server listens, and what it takes.

    Args:
        host: address or name; only this machine reaches the default.
        port: 0 for any that is free.
        token: secret that clients must show; made if None and others reach the host.
        max_upload_mb: most megabytes of a recording.
        max_minutes: longest recording.

    Raises:
        ConfigError: if a number is out of range.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    token: str | None = None
    max_upload_mb: float = DEFAULT_MAX_UPLOAD_MB
    max_minutes: float = DEFAULT_MAX_MINUTES

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"a port is 0..65535, got {self.port}; 0 takes any that is free")
        if not 0 < self.max_upload_mb <= 100_000:
            raise ConfigError(f"the upload limit is 0..100000 MB, got {self.max_upload_mb:g}")
        if not 0 < self.max_minutes <= 1_000_000:
            raise ConfigError(f"the longest recording is 0..1000000 minutes, got {self.max_minutes:g}")


class PageServer:
    """The page and its WebSocket, on a socket that is bound at once.

    Args:
        options: where, and what is taken.
        catalogue: what may be chosen on the page.
        hub: the live stream, if there is one.

    Raises:
        ConfigError: if the host or port cannot be had, or the token is too short.
    """

    def __init__(self, options: ServerOptions, catalogue: Catalogue, hub: Hub | None = None) -> None:
        token = options.token
        if token is None and not _is_this_machine(options.host):
            token = secrets.token_urlsafe(16)
        rules = AccessRules.for_host(options.host, token)
        self._socket = _bound_socket(options.host, options.port)
        self._host = options.host
        self._token = token
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                make_app(
                    catalogue,
                    rules,
                    hub=hub,
                    limits=UploadLimits(max_mb=options.max_upload_mb, max_minutes=options.max_minutes),
                    is_stopping=lambda: self._uvicorn.should_exit,
                ),
                http=PromptHttp,
                ws=PromptWebSocket,
                ws_max_size=_MAX_MESSAGE,
                ws_per_message_deflate=False,
                h11_max_incomplete_event_size=_MAX_HEAD,
                limit_concurrency=_MAX_CONNECTIONS,
                timeout_graceful_shutdown=_GOODBYE_S,
                lifespan="on",
                access_log=False,  # it would hold the token
                log_config=None,
                log_level="error",
                proxy_headers=False,
                server_header=False,
            )
        )

    @property
    def port(self) -> int:
        """The port in use."""
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """What to open in a browser, the token included."""
        host = socket.gethostname() if self._host in ("0.0.0.0", "::", "") else self._host
        shown = f"[{host}]" if ":" in host else host
        return f"http://{shown}:{self.port}/" + (f"?token={quote(self._token)}" if self._token else "")

    def run(self) -> None:
        """Serve until interrupted or stopped."""
        self._uvicorn.run(sockets=[self._socket])

    def stop(self) -> None:
        """Make :meth:`run` return; may be called from any thread."""
        self._uvicorn.should_exit = True


def _is_this_machine(host: str) -> bool:
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def _bound_socket(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:  # the latter for what can be no name at all
        reason = error.strerror if isinstance(error, OSError) else "no possible name"
        raise ConfigError(
            f"{host[:80]} is no address of this machine ({reason}); give another --host"
        ) from None
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        bound.bind(address)
        bound.listen()  # from here on clients wait instead of being refused
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"{host} port {port} cannot be had ({error.strerror}); stop what holds it or give another --port"
        ) from None
    return bound


REQUEST_WITHIN_S = 10.0


class PromptHttp(H11Protocol):
    """HTTP whose clients must complete the head of a request within :data:`REQUEST_WITHIN_S`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Begin to look at the connection every so often."""
        super().connection_made(transport)
        self._num_looks_idle = 0
        self._look_later()

    def _look_later(self) -> None:
        self.loop.call_later(REQUEST_WITHIN_S / 2, self._look)

    def _look(self) -> None:
        if self not in self.connections:  # lost, or a WebSocket by now
            return
        answering = self.cycle is not None and not self.cycle.response_complete
        self._num_looks_idle = 0 if answering else self._num_looks_idle + 1
        if self._num_looks_idle > 1:
            self.transport.abort()
        else:
            self._look_later()


class PromptWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that is cut when the application is done with a client that takes nothing."""

    async def send(self, message: ASGISendEvent) -> None:
        """Send as uvicorn does, and know that a refusal ends the handshake."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def on_task_complete(self, task: "asyncio.Task[None]") -> None:
        """Close as uvicorn does, unless what waits to be sent would keep the connection open for ever."""
        super().on_task_complete(task)
        if not self.writable.is_set():
            self.transport.abort()
