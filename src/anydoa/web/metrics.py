"""`GET /metrics`: how the server is, in the text format of Prometheus.

Reference:
    Prometheus (2024), *Exposition formats*, text-based format, version 0.0.4.
"""

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from anydoa.web.listening import Listening

_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Tells programs that watch over servers how this one is.

    Args:
        listening: what is listened to.
    """

    def __init__(self, listening: Listening) -> None:
        self._listening = listening

    async def text(self, request: Request) -> Response:
        """All figures of now."""
        lines = (line for figure in self._figures() for line in _lines(*figure))
        return Response("".join(f"{line}\n" for line in lines), media_type=_FORMAT)

    def _figures(self) -> Iterator[tuple[str, str, str, float]]:
        """Name, kind, meaning and value of each figure; without a stream there are but two."""
        hub = self._listening.hub
        yield "listeners", "gauge", "Clients that follow the live stream.", hub.num_clients
        yield "live", "gauge", "Whether there is a live stream.", hub.end_reason is None
        frame = hub.newest
        if hub.stream is None or frame is None:
            return
        pipeline = hub.stream.pipeline
        yield "sound_seconds_total", "counter", "Sound of the stream so far.", pipeline.duration_s
        yield "dropped_seconds_total", "counter", "Sound of the stream that is missing.", pipeline.dropped_s
        yield "latency_seconds", "gauge", "Age of the newest result when it was ready.", frame["latency_s"]
        yield "talkers", "gauge", "Talkers that are followed.", len(frame["tracks"])
        active = sum(track["active"] for track in frame["tracks"])
        yield "talkers_active", "gauge", "Talkers that sound now.", active
        yield "speech", "gauge", "Whether somebody speaks.", frame["speech"]
        yield "sound_warnings", "gauge", "Things that are wrong with the sound.", len(frame["warnings"])
        recorder = hub.stream.recorder
        yield "recording", "gauge", "Whether the stream is being recorded.", bool(recorder and recorder.is_on)


def _lines(name: str, kind: str, meaning: str, value: float) -> Iterator[str]:
    yield f"# HELP anydoa_{name} {meaning}"
    yield f"# TYPE anydoa_{name} {kind}"
    yield f"anydoa_{name} {float(value):.12g}"
