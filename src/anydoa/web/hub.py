"""One live stream, many clients: every result goes to each of them, and none waits for a slow one."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from anydoa.web.live_stream import LiveStream
from anydoa.web.messages import end_message
from anydoa.web.refusal import RefusedError

NO_STREAM = "no live stream; start one on the page, or anydoa serve with --replay or --device"

_TRY_AGAIN_LATER = 1013  # close code of RFC 6455's registry


class HubFullError(RefusedError):
    """All places of listeners are taken."""

    status = 503


class Client:
    """One listener and the messages that wait for it.

    Args:
        max_waiting: messages that it may be behind before it is too slow.
        brief: whether it gets frames without their spectrum.
    """

    def __init__(self, max_waiting: int, *, brief: bool = False) -> None:
        self._waiting: asyncio.Queue[str] = asyncio.Queue(max_waiting)
        self._brief = brief
        self.too_slow = asyncio.Event()

    def offer(self, message: str, brief: str) -> None:
        """Queue a message, whole or brief; a client with a full queue is too slow for good."""
        try:
            self._waiting.put_nowait(brief if self._brief else message)
        except asyncio.QueueFull:
            self.too_slow.set()

    async def next_message(self) -> str:
        """The oldest message that waits; waits for one if none does."""
        return await self._waiting.get()

    async def deliver(self, websocket: WebSocket) -> None:
        """Send what waits, for as long as there is a connection."""
        while True:
            await websocket.send_text(await self.next_message())

    async def wait_until_gone(self, websocket: WebSocket) -> None:
        """Read and forget what the client sends, for it has nothing to say, until the connection ends."""
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return


class Hub:
    """Hands the results of one stream after another to all clients.

    Args:
        max_clients: how many may listen at once.
        max_waiting: messages that a client may be behind before it is dropped; two seconds at ten a second.
    """

    def __init__(self, *, max_clients: int = 100, max_waiting: int = 20) -> None:
        self._max_clients = max_clients
        self._max_waiting = max_waiting
        self._stream: LiveStream | None = None
        self._hello: str | None = None
        self._newest: dict[str, Any] | None = None
        self._end: dict[str, Any] | None = end_message(NO_STREAM)
        self._clients: set[Client] = set()
        self.lost_sound: str | None = None
        """Why the newest sound ended though somebody wants it; None if it did not, and after :meth:`end`."""
        self.on_end: Callable[[str], None] = lambda reason: None
        """Called with the reason when the sound ends though somebody wants it."""

    @property
    def num_clients(self) -> int:
        """How many listen now."""
        return len(self._clients)

    @property
    def stream(self) -> LiveStream | None:
        """What is listened to, or was until it ended by itself; None where nobody wants to listen."""
        return self._stream

    @property
    def newest(self) -> dict[str, Any] | None:
        """The newest frame without its spectrum; None before the first."""
        return self._newest

    @property
    def end_reason(self) -> str | None:
        """Why the stream is over; None while it goes on."""
        return None if self._end is None else str(self._end["reason"])

    def begin(self, stream: LiveStream) -> None:
        """Listen to a stream from now on; called inside the event loop of the clients."""
        loop = asyncio.get_running_loop()

        def hand_over(message: dict[str, Any]) -> None:
            small = {key: value for key, value in message.items() if key != "spectrum"}
            whole, brief = json.dumps(message), json.dumps(small)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(self._publish, stream, small, whole, brief)

        self._stream, self._newest, self._end = stream, None, None
        self.lost_sound = None
        stream.start(hand_over)  # what it says is handed over after this
        self._hello = json.dumps(stream.hello)
        for client in self._clients:
            client.offer(self._hello, self._hello)

    async def end(self, reason: str = NO_STREAM) -> None:
        """Listen to nothing from now on; waits until the stream is closed."""
        stream, self._stream, self._newest = self._stream, None, None
        self._hello, self._end = None, end_message(reason)
        self.lost_sound = None
        if stream is not None:
            await asyncio.to_thread(stream.close)  # first: what clients ask for at its end is then settled
            self._tell(self._end)

    def lose(self, reason: str) -> None:
        """Say that the sound is gone though somebody wants it, where no stream can say so itself."""
        self._end, self.lost_sound = end_message(reason), reason
        self._tell(self._end)
        self.on_end(reason)

    async def serve(self, websocket: WebSocket) -> None:
        """Send everything to one client until it leaves or is too slow."""
        await websocket.accept()  # first, for a refusal without it gives browsers no reason
        try:
            with self._joined() as client:
                tasks = [
                    asyncio.create_task(client.deliver(websocket)),
                    asyncio.create_task(client.wait_until_gone(websocket)),
                    asyncio.create_task(client.too_slow.wait()),
                ]
                try:
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
        except HubFullError as error:
            await websocket.close(_TRY_AGAIN_LATER, str(error))

    async def brief_messages(self) -> AsyncIterator[str | None]:
        """Messages without spectra until the client is too slow; None about every second in which none came.

        Raises:
            HubFullError: if all places are taken.
        """
        with self._joined(brief=True) as client:
            while not client.too_slow.is_set():
                try:
                    yield await asyncio.wait_for(client.next_message(), 1.0)
                except TimeoutError:
                    yield None

    @contextmanager
    def _joined(self, *, brief: bool = False) -> Iterator[Client]:
        """A new listener, who hears what is said from now on."""
        if self.num_clients >= self._max_clients:
            raise HubFullError(f"all {self._max_clients} places are taken; try again later")
        client = Client(self._max_waiting, brief=brief)
        if self._hello is not None:
            client.offer(self._hello, self._hello)
        if self._end is not None:
            end = json.dumps(self._end)
            client.offer(end, end)
        self._clients.add(client)
        try:
            yield client
        finally:
            self._clients.discard(client)

    def _publish(self, stream: LiveStream, small: dict[str, Any], whole: str, brief: str) -> None:
        """Tell everyone what a stream says, unless another is listened to by now."""
        if stream is not self._stream:
            return
        if small["type"] == "end":
            self.lose(str(small["reason"]))
            return
        self._newest = small
        for client in self._clients:
            client.offer(whole, brief)

    def _tell(self, message: dict[str, Any]) -> None:
        said = json.dumps(message)
        for client in self._clients:
            client.offer(said, said)
