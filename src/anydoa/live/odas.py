"""Live results as ODAS sends them, for viewers and scripts made for ODAS.

ODAS is the client: it connects to a viewer that listens on port 9000 for tracks (SST) and on 9001 for
potential sources (SSL), and sends JSON objects one after the other. Both have four places; empty ones are
zeros. An id of 0 means an empty place, so ids here are one above those of the tracks.

Reference:
    ODAS, `demo/odaslive` with its configuration files; odas_web, its two servers.
"""

from collections.abc import Sequence

from anydoa.geometry.dialects import direction_to_odas
from anydoa.io.results import Source
from anydoa.live.listener import LiveResult
from anydoa.live.sender import Sender
from anydoa.tracking import Track

SST_PORT = 9000  # tracks
SSL_PORT = 9001  # potential sources
NUM_PLACES = 4
_VIEWER = "ODAS viewer"


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
        self._tracks = Sender(host, sst_port, listener=_VIEWER)
        self._potentials = Sender(host, ssl_port, listener=_VIEWER)
        self._time_stamp = 0

    def write(self, result: LiveResult) -> None:
        """Send one result."""
        self._time_stamp += 1
        self._tracks.send(sst_message(self._time_stamp, result.tracks).encode())
        self._potentials.send(ssl_message(self._time_stamp, result.sources).encode())

    def close(self) -> None:
        """Stop sending; what the viewer has not got yet is lost."""
        self._tracks.close()
        self._potentials.close()


def _message(time_stamp: int, places: Sequence[str], empty: str) -> str:
    padded = [*places, *[empty] * (NUM_PLACES - len(places))]
    rows = ",\n".join(f"        {{ {place} }}" for place in padded)
    return f'{{\n    "timeStamp": {time_stamp},\n    "src": [\n{rows}\n    ]\n}}\n'
