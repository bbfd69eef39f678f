"""Bytes to one port of another machine, which may come and go; nobody ever waits for it."""

import contextlib
import logging
import queue
import socket
import threading

from anydoa.errors import ConfigError
from anydoa.live.feed_log import RareReport

_RETRY_S = 1.0  # between two looks for a listener

_logger = logging.getLogger(__name__)


class Sender:
    """Sends messages from a thread of its own, and looks for whoever listens while nobody does.

    Whoever is there at the first look is told everything. Whoever comes later is told what is new from then
    on, and not what waited.

    Args:
        host: name or address.
        port: port on which somebody listens.
        listener: what a person calls who listens there, for the message that nobody does.
        most_waiting: messages that may wait; the oldest goes where there are more.

    Raises:
        ConfigError: if the host is no possible name of a machine.
    """

    def __init__(self, host: str, port: int, *, listener: str, most_waiting: int = 20) -> None:
        try:
            host.encode("idna")
        except UnicodeError:
            raise ConfigError(
                f"a host is a name or an address of a machine, got {host!r:.80}; give one, as 192.168.1.20"
            ) from None
        self._address, self._listener = (host, port), listener
        self._messages: queue.Queue[bytes | None] = queue.Queue(most_waiting)
        self._closed = threading.Event()
        self._listens: bool | None = None  # whether somebody does; None as long as that is not known
        self._num_dropped = 0  # though somebody listens
        self._drops = RareReport()
        self._thread = threading.Thread(target=self._run, name=f"anydoa-sender-{port}")
        self._thread.start()

    def send(self, message: bytes) -> None:
        """Hand over a message."""
        num_dropped = self._put(message)
        if not self._listens or not num_dropped:
            return
        self._num_dropped += num_dropped
        if self._drops.is_due():
            _logger.warning(
                "the %s at %s:%d takes too little; %d messages left out so far",
                self._listener,
                *self._address,
                self._num_dropped,
            )

    def close(self, *, patience_s: float = 0.0) -> None:
        """End the thread; what was not sent yet is lost.

        Args:
            patience_s: seconds in which it may still be sent, if somebody listens.
        """
        if patience_s and self._listens is not False:
            self._put(None)
            self._thread.join(patience_s)
        self._closed.set()
        self._put(None)
        self._thread.join()

    def _put(self, message: bytes | None) -> int:
        """Let a message wait, None for the end; how many others had to go for it."""
        num_dropped = 0
        while True:
            with contextlib.suppress(queue.Full):
                self._messages.put_nowait(message)
                return num_dropped
            with contextlib.suppress(queue.Empty):
                self._messages.get_nowait()
                num_dropped += 1

    def _forget(self) -> None:
        """Let go of all messages that wait."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._messages.get_nowait()

    def _run(self) -> None:
        while not self._closed.is_set():
            if self._listens is False:
                self._forget()  # before the look: nothing is lost that is sent once a listener is there
            try:
                with socket.create_connection(self._address, timeout=1.0) as connection:
                    self._listens = True
                    # What is left of a listener that went away is an OSError.
                    while not self._closed.is_set():
                        message = self._messages.get()
                        if message is None:
                            return
                        connection.sendall(message)
            except OSError as error:
                if self._listens is not False:
                    host, port = self._address
                    reason = error.strerror or error
                    _logger.warning(
                        "no %s at %s:%d (%s); looking for one", self._listener, host, port, reason
                    )
                self._listens = False
                self._closed.wait(_RETRY_S)
