"""One live stream from its first result to its end: a pipeline in a thread, and what is kept of it."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from anydoa.errors import AnydoaError
from anydoa.geometry import Zone
from anydoa.live import LivePipeline, ZoneWatch
from anydoa.web.messages import end_message, frame_message, hello_message
from anydoa.web.sound_recorder import SoundRecorder
from anydoa.web.track_log import TrackLog

_logger = logging.getLogger(__name__)


class LiveStream:
    """Runs a pipeline in a thread of its own and says what it hears, as messages.

    Args:
        pipeline: gives the results; closed by :meth:`close`.
        zones: zones to name directions by.
        recorder: writes the sound while somebody wants it.
    """

    def __init__(
        self, pipeline: LivePipeline, zones: Sequence[Zone] = (), recorder: SoundRecorder | None = None
    ) -> None:
        self.pipeline = pipeline
        self.recorder = recorder
        localizer = pipeline.localizer
        self.tracks = TrackLog(localizer.header(pipeline.feed.name), zones, localizer.finder)
        self._watch = ZoneWatch(zones)
        self._zones = tuple(zones)
        self._id = secrets.token_hex(4)
        self._began_s = time.time()
        self._thread = threading.Thread(target=self._run, name="anydoa-live", daemon=True)
        self._receive: Callable[[dict[str, Any]], None] = lambda message: None

    @property
    def hello(self) -> dict[str, Any]:
        """First message to every client."""
        said = hello_message(self.pipeline.localizer, self.pipeline.feed, self._zones)
        said["stream"] |= {"id": self._id, "began_s": round(self._began_s, 3)}
        return said

    def start(self, receive: Callable[[dict[str, Any]], None]) -> None:
        """Begin to listen.

        Args:
            receive: called in the thread of the stream with every message: frames, and last the end.
        """
        self._began_s = time.time()
        self._receive = receive
        self._thread.start()

    def close(self) -> None:
        """End the pipeline and wait for its thread."""
        self.pipeline.close()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        """Body of the thread."""
        reason = "the stream has ended"
        try:
            for result in self.pipeline:
                events = self._watch.push(result)
                self.tracks.push(result, events)
                recording = None if self.recorder is None else self.recorder.content
                self._receive(frame_message(result, self._watch.inside if self._zones else None, recording))
        except AnydoaError as error:
            reason = str(error)
            _logger.warning("%s", reason)
        except Exception:
            reason = "the live pipeline failed; the terminal of `anydoa serve` shows why"
            raise
        finally:
            self._receive(end_message(reason))
