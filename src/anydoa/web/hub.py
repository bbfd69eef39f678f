"""One live pipeline, many clients: every result goes to each of them, and none waits for a slow one."""

import asyncio
import contextlib
import json
import logging
import threading

from starlette.websockets import WebSocket, WebSocketDisconnect

from anydoa.errors import AnydoaError
from anydoa.live import LivePipeline
from anydoa.web.messages import end_message, frame_message

_logger = logging.getLogger(__name__)

_TRY_AGAIN_LATER = 1013  # close code of RFC 6455's registry


class Client:
    """One listener and the messages that wait for it.

    Args:
        max_waiting: messages that it may be behind before it is too slow.
    """

    def __init__(self, max_waiting: int) -> None:
        self._waiting: asyncio.Queue[str] = asyncio.Queue(max_waiting)
        self.too_slow = asyncio.Event()

    def offer(self, message: str) -> None:
        """Queue a message; a client with a full queue is too slow for good."""
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self.too_slow.set()

    async def deliver(self, websocket: WebSocket) -> None:
        """Send what waits, for as long as there is a connection."""
        while True:
            await websocket.send_text(await self._waiting.get())

    async def wait_until_gone(self, websocket: WebSocket) -> None:
        """Read and forget what the client sends, for it has nothing to say, until the connection ends."""
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return


class Hub:
    """Runs a pipeline in a thread of its own and hands its results to all clients.

    Args:
        pipeline: gives the results; closed by :meth:`stop`.
        hello: first message to every client.
        max_clients: how many may listen at once.
        max_waiting: messages that a client may be behind before it is dropped; two seconds at ten a second.
    """

    def __init__(
        self,
        pipeline: LivePipeline,
        hello: dict[str, object],
        *,
        max_clients: int = 100,
        max_waiting: int = 20,
    ) -> None:
        self._max_clients = max_clients
        self._max_waiting = max_waiting
        self._pipeline = pipeline
        self._hello = json.dumps(hello)
        self._end: str | None = None
        self._clients: set[Client] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="anydoa-live", daemon=True)

    @property
    def num_clients(self) -> int:
        """How many listen now."""
        return len(self._clients)

    def start(self) -> None:
        """Begin to listen; called inside the event loop of the clients."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """End the pipeline and wait for its thread."""
        self._pipeline.close()
        await asyncio.to_thread(self._thread.join)

    async def serve(self, websocket: WebSocket) -> None:
        """Send everything to one client until it leaves or is too slow."""
        await websocket.accept()  # first, for a refusal without it gives browsers no reason
        if self.num_clients >= self._max_clients:
            await websocket.close(
                _TRY_AGAIN_LATER, f"all {self._max_clients} places are taken; try again later"
            )
            return
        client = Client(self._max_waiting)
        client.offer(self._hello)
        if self._end is not None:
            client.offer(self._end)
        self._clients.add(client)
        tasks = [
            asyncio.create_task(client.deliver(websocket)),
            asyncio.create_task(client.wait_until_gone(websocket)),
            asyncio.create_task(client.too_slow.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._clients.discard(client)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self) -> None:
        """Body of the thread."""
        reason = "the stream has ended"
        try:
            for result in self._pipeline:
                self._hand_over(json.dumps(frame_message(result)))
        except AnydoaError as error:
            reason = str(error)
            _logger.warning("%s", reason)
        except Exception:
            reason = "the live pipeline failed; the terminal of `anydoa serve` shows why"
            raise
        finally:
            self._hand_over(json.dumps(end_message(reason)), last=True)

    def _hand_over(self, message: str, *, last: bool = False) -> None:
        assert self._loop is not None  # the thread is started by start() alone

        def publish() -> None:
            if last:
                self._end = message
            for client in self._clients:
                client.offer(message)

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(publish)
