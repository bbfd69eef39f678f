"""Where talkers were in a live stream, for some hours back, and files of it."""

import io
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.errors import ConfigError
from anydoa.geometry import Zone
from anydoa.io.result_files import WRITERS
from anydoa.io.results import ACTIVE, FrameResult, ResultHeader, ResultSummary, Source, ZoneEvent
from anydoa.io.talkers import Talker, TalkerPath, Turn
from anydoa.live import LiveResult
from anydoa.peaks import PeakFinder

MAX_FRAMES = 144_000
"""Frames that are kept: four hours at ten a second, 25 MB with two talkers."""

FORMS = ("json", "csv", "rttm")
_PAUSE_S = 1.0  # a longer one ends a turn


@dataclass(frozen=True, eq=False, slots=True)
class LoggedFrame:
    """The talkers of one frame in as little memory as they take.

    Args:
        time_s: time of the frame, in seconds from the start of the stream.
        packed: :attr:`rows` as 32-bit floats; an array would take three times as much beside its numbers.
        events: who enters or leaves a zone.
    """

    time_s: float
    packed: bytes
    events: tuple[ZoneEvent, ...] = ()

    @classmethod
    def of(cls, result: LiveResult, events: Sequence[ZoneEvent]) -> "LoggedFrame":
        """The frame of a live result."""
        rows = [(track.id, *track.direction, track.score, track.activity) for track in result.tracks]
        return cls(result.time_s, np.array(rows, dtype=np.float32).tobytes(), tuple(events))

    @property
    def rows(self) -> Float[np.ndarray, "talker 6"]:
        """Number, direction, score and activity of each talker, exact to seven digits."""
        return np.frombuffer(self.packed, dtype=np.float32).astype(np.float64).reshape(-1, 6)


class TrackLog:
    """The talkers of a live stream, frame by frame; written by one thread, read by any.

    Args:
        header: array and estimator of the stream.
        zones: zones to name directions by.
        finder: says which directions the array cannot tell apart.
        max_frames: frames that are kept; the oldest go first.
    """

    def __init__(
        self, header: ResultHeader, zones: Sequence[Zone], finder: PeakFinder, *, max_frames: int = MAX_FRAMES
    ) -> None:
        self._header, self._zones, self._finder = header, tuple(zones), finder
        self._frames: deque[LoggedFrame] = deque(maxlen=max_frames)
        self._lock = threading.Lock()

    def push(self, result: LiveResult, events: Sequence[ZoneEvent] = ()) -> None:
        """Keep the talkers of a result."""
        frame = LoggedFrame.of(result, events)
        with self._lock:
            self._frames.append(frame)

    def text(self, form: str, begin_s: float = -np.inf, end_s: float = np.inf) -> Iterator[str]:
        """A file of the talkers between two times, piece by piece, both included.

        Args:
            form: ``json`` for JSON lines, ``csv`` or ``rttm``.
            begin_s: seconds from the start of the stream.
            end_s: later seconds.

        Raises:
            ConfigError: if there is no such form, or nothing was heard then.
        """
        if form not in FORMS:
            raise ConfigError(
                f"tracks are written as {', '.join(FORMS)}, got {form[:80]!r}; take one of them"
            )
        with self._lock:
            frames = [frame for frame in self._frames if begin_s <= frame.time_s <= end_s]
        if not frames:
            raise ConfigError(
                f"nothing was heard from {begin_s:g} to {end_s:g} s of the stream; ask for another time"
            )
        return self._pieces(form, frames)

    def _pieces(self, form: str, frames: Sequence[LoggedFrame]) -> Iterator[str]:
        file = io.StringIO()
        writer = WRITERS[form](file, self._header, tracked=True, zones=self._zones)
        for frame in frames:
            writer.write(self._result(frame))
            if file.tell() > 1 << 16:
                yield file.getvalue()
                file.seek(0)
                file.truncate()
        talkers = tuple(_talkers(frames, self._finder.mirror))
        loudest = sorted(talkers, key=lambda talker: -talker.heard_s)
        directions = tuple(self._source(t.direction, t.score, t.id, None) for t in loudest)
        writer.finish(ResultSummary(directions, frames[-1].time_s, (), talkers))
        yield file.getvalue()

    def _result(self, frame: LoggedFrame) -> FrameResult:
        sources = (self._source(row[1:4], row[4], int(row[0]), row[5]) for row in frame.rows)
        return FrameResult(frame.time_s, tuple(sources), frame.events)

    def _source(
        self, direction: Float[np.ndarray, "3"], score: float, id: int, activity: float | None
    ) -> Source:
        mirror = self._finder.mirror(direction)
        return Source(direction, float(score), id, mirror, None if activity is None else float(activity))


def _talkers(
    frames: Sequence[LoggedFrame],
    mirror: Callable[[Float[np.ndarray, "3"]], tuple[Float[np.ndarray, "3"], ...]],
) -> Iterator[Talker]:
    """Everyone who sounded, with the turns between pauses of a second or more."""
    each = [frame.rows for frame in frames]
    times_s = np.repeat([frame.time_s for frame in frames], [len(rows) for rows in each])
    rows = np.concatenate(each)
    step_s = float(np.median(np.diff([frame.time_s for frame in frames]))) if len(frames) > 1 else 0.0
    sounding = rows[:, 5] >= ACTIVE
    times_s, rows = times_s[sounding], rows[sounding]
    for id in np.unique(rows[:, 0]):
        own = rows[:, 0] == id
        path = TalkerPath(times_s[own], rows[own, 1:4], rows[own, 4])
        parts = np.split(path.times_s, np.flatnonzero(np.diff(path.times_s) > _PAUSE_S) + 1)
        turns = (Turn(float(part[0]), float(part[-1]), step_s * len(part)) for part in parts)
        yield Talker(int(id), path, tuple(turns), mirror(path.direction))
