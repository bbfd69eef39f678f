"""Connections of clients that do not do their part are cut, so that they hold no place for ever.

uvicorn waits without end for the first request of a connection, and for a client to take what was sent, and
calls it a fault when a WebSocket is refused with an answer. Both classes are its own protocols without that.
"""

import asyncio

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

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
