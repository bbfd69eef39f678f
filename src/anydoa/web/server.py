"""The server: a bound socket, uvicorn with tight limits, and the address to open."""

import asyncio
import functools
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import uvicorn
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from anydoa.errors import AudioError, ConfigError
from anydoa.io.options import check_positive
from anydoa.web.access import AccessOptions, AccessRules, is_address
from anydoa.web.app import make_app
from anydoa.web.catalogue import Catalogue
from anydoa.web.listening import Listening
from anydoa.web.upload import UploadLimits

_MOST_STUCK_CHECKS = 6  # the system takes more of what waits only when a part of its own has gone out


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """Address, limits and patience of the server.

    Args:
        host: address or name; only this machine reaches the default.
        port: 0 for any that is free.
        token: secret that clients must show; made if None and others reach the host.
        names: more names that the server answers to, as behind a proxy.
        ends_with_sound: whether the server ends when the sound it listens to ends for good, so that whoever
            watches over it can start it anew.
        uploads: what is taken of recordings.
        access: how wrong tokens are slowed down.
        max_connections: connections that are open at once.
        max_message_bytes: longest message of a WebSocket client; clients have nothing to say.
        max_head_bytes: longest request line with its headers.
        send_buffer_bytes: what the system holds for a client. With its usual megabytes a stalled client would
            go unnoticed for minutes.
        request_within_s: seconds in which a client must complete the head of a request.
        shutdown_within_s: seconds that running requests have to end when the server stops.

    Raises:
        ConfigError: if a number is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    names: tuple[str, ...] = ()
    ends_with_sound: bool = False
    uploads: UploadLimits = field(default_factory=UploadLimits)
    access: AccessOptions = field(default_factory=AccessOptions)
    max_connections: int = 200
    max_message_bytes: int = 4096
    max_head_bytes: int = 16_384
    send_buffer_bytes: int = 65_536
    request_within_s: float = 10.0
    shutdown_within_s: int = 3

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"a port is 0..65535, got {self.port}; 0 takes any that is free")
        check_positive(self, "max_connections", "max_message_bytes", "max_head_bytes", "send_buffer_bytes")
        check_positive(self, "request_within_s", "shutdown_within_s")


class PageServer:
    """The page and its WebSocket, on a socket that is bound at once.

    Args:
        options: address, limits and patience of the server.
        catalogue: what may be chosen on the page.
        listening: what is listened to, and may be changed on the page; nothing at first if None.

    Raises:
        ConfigError: if the host or port cannot be had, or the token is too short.
    """

    def __init__(
        self, options: ServerOptions, catalogue: Catalogue, listening: Listening | None = None
    ) -> None:
        host, token = options.host, options.token
        is_local = host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)
        if token is None and not is_local:
            token = secrets.token_urlsafe(16)
        rules = AccessRules.for_host(host, token, options.access, names=options.names)
        self._listening = listening or Listening(catalogue)
        self._ends_with_sound = options.ends_with_sound
        self._socket = _bound_socket(options)
        self._host = host
        self._token = token
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                make_app(
                    catalogue,
                    rules,
                    self._listening,
                    limits=options.uploads,
                    is_stopping=lambda: self._uvicorn.should_exit,
                ),
                http=functools.partial(  # type: ignore[arg-type] # uvicorn wants a class, but only calls it
                    PromptHttp, request_within_s=options.request_within_s
                ),
                ws=PromptWebSocket,
                ws_max_size=options.max_message_bytes,
                ws_per_message_deflate=False,
                h11_max_incomplete_event_size=options.max_head_bytes,
                limit_concurrency=options.max_connections,
                timeout_graceful_shutdown=options.shutdown_within_s,
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
        """Serve until interrupted or stopped.

        Raises:
            AudioError: if the sound has ended for good and the server is to end with it.
        """
        reasons: list[str] = []

        def end(reason: str) -> None:
            reasons.append(reason)
            self.stop()

        if self._ends_with_sound:
            self._listening.hub.on_end = end
        self._uvicorn.run(sockets=[self._socket])
        if reasons:
            raise AudioError(reasons[0])

    def stop(self) -> None:
        """Make :meth:`run` return; may be called from any thread."""
        self._uvicorn.should_exit = True


def _bound_socket(options: ServerOptions) -> socket.socket:
    host, port = options.host, options.port
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
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, options.send_buffer_bytes)
        bound.bind(address)
        bound.listen()  # from here on clients wait instead of being refused
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"{host} port {port} cannot be had ({error.strerror}); stop what holds it or give another --port"
        ) from None
    return bound


class PromptHttp(H11Protocol):
    """HTTP whose clients must complete the head of a request in time.

    Args:
        arguments: what uvicorn gives to every protocol.
        request_within_s: seconds that a client has.
    """

    def __init__(self, *arguments: Any, request_within_s: float, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._check_every_s = request_within_s / 2
        self._num_idle_checks = -1  # the first check comes with the connection
        self._num_stuck_checks, self._num_waiting = 0, 0  # checks at which as many bytes waited to be taken

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Begin to check the connection."""
        super().connection_made(transport)
        self._check_idle()

    def _check_idle(self) -> None:
        """Cut a connection that was idle at two checks in a row, or whose client hardly takes anything."""
        if self not in self.connections:  # lost, or a WebSocket by now
            return
        answering = self.cycle is not None and not self.cycle.response_complete
        self._num_idle_checks = 0 if answering else self._num_idle_checks + 1
        waiting = self.transport.get_write_buffer_size() if self.flow.write_paused else 0
        is_stuck = waiting > 0 and waiting == self._num_waiting
        self._num_stuck_checks = self._num_stuck_checks + 1 if is_stuck else 0
        self._num_waiting = waiting
        if self._num_idle_checks > 1 or self._num_stuck_checks > _MOST_STUCK_CHECKS:
            self.transport.abort()
        else:
            self.loop.call_later(self._check_every_s, self._check_idle)


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
