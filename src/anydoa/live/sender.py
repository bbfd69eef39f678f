"""Bytes to one port of another machine, which may come and go; nobody ever waits for it."""

import contextlib
import logging
import queue
import socket
import threading

_logger = logging.getLogger(__name__)


class Sender:
    """Sends messages from a thread of its own, and looks for whoever listens while nobody does.

    Args:
        host: name or address.
        port: port on which somebody listens.
        listener: what a person calls who listens there, for the message that nobody does.
        most_waiting: messages that may wait; the oldest goes where there are more.
    """

    def __init__(self, host: str, port: int, *, listener: str, most_waiting: int = 20) -> None:
        self._address, self._listener = (host, port), listener
        self._messages: queue.Queue[bytes | None] = queue.Queue(most_waiting)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"anydoa-sender-{port}")
        self._thread.start()

    def send(self, message: bytes) -> None:
        """Hand over a message."""
        self._put(message)

    def close(self) -> None:
        """End the thread; what was not sent yet is lost."""
        self._closed.set()
        self._put(None)
        self._thread.join()

    def _put(self, message: bytes | None) -> None:
        while True:
            with contextlib.suppress(queue.Full):
                self._messages.put_nowait(message)
                return
            with contextlib.suppress(queue.Empty):
                self._messages.get_nowait()

    def _run(self) -> None:
        missed = False
        while not self._closed.is_set():
            try:
                with socket.create_connection(self._address, timeout=1.0) as connection:
                    missed = False
                    # What is left of a listener that went away is an OSError.
                    while not self._closed.is_set():
                        message = self._messages.get()
                        if message is not None:
                            connection.sendall(message)
            except OSError as error:
                if not missed:
                    host, port = self._address
                    reason = error.strerror or error
                    _logger.warning(
                        "no %s at %s:%d (%s); looking for one", self._listener, host, port, reason
                    )
                missed = True
                self._closed.wait(1.0)
