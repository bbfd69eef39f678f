"""Raw samples from a TCP sender, such as a board with microphones on the network."""

import logging
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32

from anydoa.errors import AudioError
from anydoa.live.feed_log import RareReport
from anydoa.live.feeds.pcm import PcmDecoder, PcmFormat

_logger = logging.getLogger(__name__)


class TcpFeed:
    """Raw samples from a listening sender. A connection that breaks is made again until the feed is closed.

    Args:
        host: name or address.
        port: port on which the sender listens.
        format: what the bytes mean; each connection begins with a whole frame or a header.
        quiet_s: seconds without a byte after which the connection counts as broken; a sender whose power
            fails does not say so.

    Attributes:
        num_starts: connections that sound has come from; channels may come in another order in each.

    Iterating raises AudioError if nobody listens there at first.

    Raises:
        AudioError: if the rate or the number of channels cannot be.
    """

    def __init__(self, host: str, port: int, format: PcmFormat, *, quiet_s: float = 5.0) -> None:
        self.name = f"tcp://{host}:{port}"
        self._decoder = PcmDecoder(format, self.name)
        self.sample_rate = format.sample_rate
        self.num_channels = format.num_channels
        self.can_wait = False
        self.pace = 1.0
        self.lost_s = 0.0
        self.num_held = 0
        self.num_starts = 0
        self._address = (host, port)
        self._quiet_s = quiet_s
        self._heard_at = 0.0  # moment of the last bytes
        self._read_bytes = format.read_bytes
        self._closed = threading.Event()
        self._breaks = RareReport()
        self._is_break_told = False

    def __iter__(self) -> Iterator[Float32[np.ndarray, "channel time"]]:
        connection: socket.socket | None
        try:
            connection = self._connect()
        except UnicodeError:
            raise AudioError(f"{self.name}: no possible name of a machine; say HOST:PORT") from None
        except OSError as error:
            raise AudioError(
                f"{self.name}: a sender must listen there ({error.strerror or error}); start it first"
            ) from None
        while connection is not None:
            with connection:
                yield from self._blocks(connection)
            connection = self._reconnect()

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._closed.set()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, timeout=2.0)
        connection.settimeout(0.1)  # then look whether the feed was closed
        return connection

    def _blocks(self, connection: socket.socket) -> Iterator[Float32[np.ndarray, "channel time"]]:
        """Sound until the connection ends or the feed is closed."""
        self._decoder.restart()
        is_new, quiet_since = True, time.monotonic()
        while not self._closed.is_set():
            try:
                content = connection.recv(self._read_bytes)
            except TimeoutError:
                if time.monotonic() > quiet_since + self._quiet_s:
                    return
                continue
            except OSError:
                return
            if not content:
                return
            quiet_since = time.monotonic()
            if is_new:
                self._count_start(quiet_since)
                is_new = False
            self._heard_at = quiet_since
            block = self._decoder.push(content)
            if block.shape[1]:
                yield block

    def _count_start(self, moment: float) -> None:
        """The first bytes of a connection; all since the last of the one before is lost sound."""
        self.num_starts += 1
        if self.num_starts == 1:
            return
        away_s = moment - self._heard_at
        self.lost_s += away_s
        if self._is_break_told:
            _logger.warning("%s: connected again, %.1f s of sound are lost", self.name, away_s)

    def _reconnect(self) -> socket.socket | None:
        """Try until it works. None if the feed is closed before."""
        if self._closed.is_set():
            return None
        self._is_break_told = self._breaks.is_due()
        if self._is_break_told:
            _logger.warning("%s: connection lost; trying again until it is back", self.name)
        while not self._closed.wait(0.5):
            try:
                connection = self._connect()
            except OSError:
                continue
            return connection
        return None
