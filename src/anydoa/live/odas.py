"""Live results as ODAS sends them, for viewers and scripts made for ODAS.

ODAS is the client: it connects to a viewer that listens on port 9000 for tracks (SST) and on 9001 for
potential sources (SSL), and sends JSON objects one after the other. Both have four places; empty ones are
zeros. An id of 0 means an empty place, so ids here are one above those of the tracks.

Reference:
    ODAS, `demo/odaslive` with its configuration files; odas_web, its two servers.
"""

import contextlib
import logging
import queue
import socket
import threading
from collections.abc import Sequence

from anydoa.geometry.dialects import direction_to_odas
from anydoa.io.results import Source
from anydoa.live.listener import LiveResult
from anydoa.tracking import Track

SST_PORT = 9000  # tracks
SSL_PORT = 9001  # potential sources
NUM_PLACES = 4

_logger = logging.getLogger(__name__)


def ssl_message(time_stamp: int, sources: Sequence[Source]) -> str:
    """Potential sources; E is their score.

    Args:
        time_stamp: number of the message, from 1; viewers expect steps of 1.
        sources: strongest first; those beyond the places are left out.
    """
    places = [
        f'"x": {x:.3f}, "y": {y:.3f}, "z": {z:.3f}, "E": {source.score:.3f}'
        for source in sources[:NUM_PLACES]
        for x, y, z in [direction_to_odas(source.direction)]
    ]
    return _message(time_stamp, places, '"x": 0.000, "y": 0.000, "z": 0.000, "E": 0.000')


def sst_message(time_stamp: int, tracks: Sequence[Track]) -> str:
    """Tracked sources.

    Args:
        time_stamp: number of the message, from 1; viewers expect steps of 1.
        tracks: oldest first; those beyond the places are left out.
    """
    places = [
        f'"id": {track.id + 1}, "tag": "dynamic", '
        f'"x": {x:.3f}, "y": {y:.3f}, "z": {z:.3f}, "activity": {track.activity:.3f}'
        for track in tracks[:NUM_PLACES]
        for x, y, z in [direction_to_odas(track.direction)]
    ]
    empty = '"id": 0, "tag": "", "x": 0.000, "y": 0.000, "z": 0.000, "activity": 0.000'
    return _message(time_stamp, places, empty)


class OdasOutput:
    """Sends every result to a viewer of ODAS, if there is one; never waits for it.

    Args:
        host: name or address of the machine that runs the viewer.
        sst_port: port on which the viewer takes tracks.
        ssl_port: port on which the viewer takes potential sources.
    """

    def __init__(self, host: str, *, sst_port: int = SST_PORT, ssl_port: int = SSL_PORT) -> None:
        self._tracks = _Sender(host, sst_port)
        self._potentials = _Sender(host, ssl_port)
        self._time_stamp = 0

    def write(self, result: LiveResult) -> None:
        """Send one result."""
        self._time_stamp += 1
        self._tracks.send(sst_message(self._time_stamp, result.tracks))
        self._potentials.send(ssl_message(self._time_stamp, result.sources))

    def close(self) -> None:
        """Stop sending; what the viewer has not got yet is lost."""
        self._tracks.close()
        self._potentials.close()


class _Sender:
    """Sends messages to one port from a thread of its own, and looks for the viewer while it is away."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._messages: queue.Queue[bytes | None] = queue.Queue(20)  # older ones are of no use to a viewer
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"anydoa-odas-{port}")
        self._thread.start()

    def send(self, message: str) -> None:
        """Hand over a message; the oldest goes where too many wait."""
        self._put(message.encode())

    def close(self) -> None:
        """End the thread."""
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
                with socket.create_connection(self._address, timeout=1.0) as viewer:
                    missed = False
                    # What is left of a viewer that went away is an OSError.
                    while not self._closed.is_set():
                        message = self._messages.get()
                        if message is not None:
                            viewer.sendall(message)
            except OSError as error:
                if not missed:
                    reason = error.strerror or error
                    _logger.warning("no ODAS viewer at %s:%d (%s); looking for one", *self._address, reason)
                missed = True
                self._closed.wait(1.0)


def _message(time_stamp: int, places: Sequence[str], empty: str) -> str:
    padded = [*places, *[empty] * (NUM_PLACES - len(places))]
    rows = ",\n".join(f"        {{ {place} }}" for place in padded)
    return f'{{\n    "timeStamp": {time_stamp},\n    "src": [\n{rows}\n    ]\n}}\n'
