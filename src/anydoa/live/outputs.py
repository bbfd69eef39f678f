"""Live results in files and pipes, in the formats of every other result."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from anydoa.errors import ConfigError
from anydoa.geometry import Zone
from anydoa.io.result_files import WRITERS, TextSink
from anydoa.io.results import FrameResult, ResultSummary, Source, ZoneEvent
from anydoa.live.listener import LiveResult
from anydoa.live.pipeline import LivePipeline
from anydoa.live.zone_watch import ZoneWatch


@runtime_checkable
class FlushableText(TextSink, Protocol):
    """Anything that text can be written to and that can be made to pass it on."""

    def flush(self) -> None:
        """Pass on what was written."""
        ...


def tracked_frame(result: LiveResult, events: Sequence[ZoneEvent] = ()) -> FrameResult:
    """The tracks of a live result as a frame of results: the id of a source is that of its track.

    Args:
        result: live result.
        events: who enters or leaves a zone with it.
    """
    return FrameResult(
        result.time_s,
        tuple(
            Source(track.direction, track.score, track.id, track.mirror, track.activity)
            for track in result.tracks
        ),
        tuple(events),
    )


class ResultFile:
    """Writes the tracks of live results line by line, each at once, so that others can read along.

    Args:
        file: open for writing; not closed.
        format: ``json``, ``csv`` or ``dcase``.
        pipeline: pipeline that gives the results; its summary is written at the end.
        zones: zones to name directions by; JSON lines also say who enters and leaves.

    Raises:
        ConfigError: if the file cannot be written.
    """

    def __init__(
        self, file: FlushableText, format: str, pipeline: LivePipeline, zones: Sequence[Zone] = ()
    ) -> None:
        self._file = file
        self._pipeline = pipeline
        self._watch = ZoneWatch(zones)
        header = pipeline.localizer.header(pipeline.feed.name)
        self._writer = WRITERS[format](file, header, tracked=True, zones=zones)
        self._flush()

    def write(self, result: LiveResult) -> None:
        """Write one result."""
        self._writer.write(tracked_frame(result, self._watch.push(result)))
        self._flush()

    def close(self) -> None:
        """Write what comes after the last result."""
        pipeline = self._pipeline
        warnings = tuple(dict.fromkeys(pipeline.warnings))  # what came back was said again, in the same words
        self._writer.finish(ResultSummary(pipeline.directions, pipeline.duration_s, warnings))
        self._flush()

    def _flush(self) -> None:
        try:
            self._file.flush()
        except BrokenPipeError:
            raise  # a reader that has had enough is no mistake
        except OSError as error:
            raise ConfigError(f"results cannot be written ({error.strerror}); is there room?") from None
