"""What a localization says, in memory and on disk.

JSON lines: a header, a line a frame, a summary. CSV: a row a source and frame. DCASE CSV: a row a source and
100 ms. All are written line by line while frames come in. Angles in degrees, in the frame and at the times
that the header spells out.
"""

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from anydoa.errors import ConfigError, GeometryError
from anydoa.geometry.coordinates import direction_to_angles_deg, normalize_direction
from anydoa.geometry.dialects import direction_to_dcase
from anydoa.io.output import whole_text

SCHEMA = "anydoa-results-1"
FRAME_CONVENTION = (
    "right-handed, x front, y left, z up; azimuth in degrees anticlockwise from +x seen from above, "
    "(-180, 180]; elevation in degrees up from the horizontal, -90..90; xyz is the unit vector "
    "towards the source"
)
TIME_CONVENTION = (
    "time_s is the centre of the newest analysis window of the frame, in seconds from the first sample"
)
DCASE_FRAME_S = 0.1
ACTIVE = 0.5  # probability from which a source is said to sound


@dataclass(frozen=True, eq=False)
class Source:
    """A direction that sound comes from.

    Args:
        direction: unit vector towards it.
        score: value of the spectrum there, 0..1.
        id: number of the source in the frame, 0 for the strongest. It names the same source in the next frame
            only where a tracker has set it.
        mirror: other directions that the array cannot tell from this one.
        activity: probability that it sounds in this frame; None where no tracker follows it, for such a
            source always sounds.
    """

    direction: Float[np.ndarray, "3"]
    score: float
    id: int = 0
    mirror: tuple[Float[np.ndarray, "3"], ...] = ()
    activity: float | None = None

    @property
    def active(self) -> bool:
        """Whether it sounds in this frame; a talker in a pause does not."""
        return self.activity is None or self.activity >= ACTIVE

    @property
    def azimuth_deg(self) -> float:
        """Degrees anticlockwise from the front, (-180, 180]."""
        return float(direction_to_angles_deg(self.direction)[0])

    @property
    def elevation_deg(self) -> float:
        """Degrees up from the horizontal, -90..90."""
        return float(direction_to_angles_deg(self.direction)[1])

    def __repr__(self) -> str:
        angles = f"azimuth {self.azimuth_deg:.1f}°, elevation {self.elevation_deg:.1f}°"
        return f"Source({angles}, score {self.score:.2f})"


@dataclass(frozen=True, eq=False)
class FrameResult:
    """The sources of one frame.

    Args:
        time_s: centre of the newest analysis window of the frame, in seconds from the first sample.
        sources: sources that were heard, strongest first; none in silence.
    """

    time_s: float
    sources: tuple[Source, ...]


@dataclass(frozen=True, eq=False)
class Span:
    """A source for as long as it stays where it is.

    Args:
        start_s: time of its first frame, in seconds from the first sample.
        end_s: time of its last frame.
        direction: unit vector towards it, the mean of its frames weighted by their scores.
        score: mean score of its frames, 0..1.
        heard_s: seconds of frames that it was heard in; pauses do not count.
        is_brief: whether it is too short or too faint for a table.
    """

    start_s: float
    end_s: float
    direction: Float[np.ndarray, "3"]
    score: float
    heard_s: float
    is_brief: bool

    @property
    def duration_s(self) -> float:
        """Seconds from its first frame to its last."""
        return self.end_s - self.start_s

    def __repr__(self) -> str:
        azimuth_deg, elevation_deg = direction_to_angles_deg(self.direction)
        time = f"{self.start_s:.1f} to {self.end_s:.1f} s"
        return f"Span({time}, azimuth {azimuth_deg:.1f}°, elevation {elevation_deg:.1f}°)"


@dataclass(frozen=True)
class ResultHeader:
    """Recording, array and estimator of results.

    Args:
        file: name of the recording.
        estimator: name of the estimator.
        weights_hash: hash of a network's weights; None for classical estimators.
        array: name of the microphone array.
        array_hash: hash of all in the array that an estimate depends on.
        array_rank: ``line``, ``plane`` or ``volume``: whether directions have mirrors.
        grid: name of the grid of directions.
        version: version of anydoa.
        look_ahead_s: seconds of later sound that a frame was judged by, at most; 0: by its past alone.
    """

    file: str
    estimator: str
    weights_hash: str | None
    array: str
    array_hash: str
    array_rank: str
    grid: str
    version: str
    look_ahead_s: float = 0.0


@dataclass(frozen=True, eq=False)
class LocalizationResult:
    """All that was found in a recording.

    Args:
        header: recording, array and estimator of the result.
        frames: results of the frames, in order of time.
        directions: the sources of the recording as a whole, strongest first.
        duration_s: length of the recording in seconds.
        warnings: what is wrong with the recording, a line each: dead or copied channels, hum, a lone tone.
        spans: who was where when, in order of start; none for results that were read from a file.
    """

    header: ResultHeader
    frames: tuple[FrameResult, ...]
    directions: tuple[Source, ...]
    duration_s: float
    warnings: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()

    def __repr__(self) -> str:
        found = ", ".join(map(repr, self.directions)) or "no source"
        length = f"{self.duration_s:.1f} s, {len(self.frames)} frames"
        return f"LocalizationResult({self.header.file}, {length}: {found})"


@runtime_checkable
class TextSink(Protocol):
    """Anything that text can be written to: an open file, standard output, a string buffer."""

    def write(self, text: str, /) -> int:
        """Take some text."""
        ...


class ResultWriter(ABC):
    """Writes results as text while they are found.

    Args:
        file: open for writing; not closed.
        header: recording, array and estimator of the results.
        tracked: whether sources are talkers whom a tracker follows, through their pauses as well.
    """

    def __init__(self, file: TextSink, header: ResultHeader, *, tracked: bool = False) -> None:
        self.file = file
        self.tracked = tracked
        self.start(header)

    @abstractmethod
    def start(self, header: ResultHeader) -> None:
        """Write what comes before the first frame."""

    @abstractmethod
    def write(self, frame: FrameResult) -> None:
        """Write one frame; frames come in order of time."""

    def finish(  # noqa: B027 # most have no summary
        self, directions: Iterable[Source], duration_s: float, warnings: Iterable[str] = ()
    ) -> None:
        """Write what comes after the last frame."""


class JsonLinesWriter(ResultWriter):
    """A JSON object a line: header, frames, summary. :func:`read_results` reads them."""

    def start(self, header: ResultHeader) -> None:
        """Write the header line."""
        conventions = {"frame_convention": FRAME_CONVENTION, "time_convention": TIME_CONVENTION}
        self._line({"schema": SCHEMA, **asdict(header), **conventions})

    def write(self, frame: FrameResult) -> None:
        """Write a frame's line."""
        self._line(
            {"time_s": round(frame.time_s, 4), "sources": [_to_json(source) for source in frame.sources]}
        )

    def finish(self, directions: Iterable[Source], duration_s: float, warnings: Iterable[str] = ()) -> None:
        """Write the summary line: the directions of the recording as a whole, and what is wrong with it."""
        sources = [_to_json(source) for source in directions]
        duration = {"duration_s": round(duration_s, 4)}
        self._line({"summary": {**duration, "sources": sources, "warnings": list(warnings)}})

    def _line(self, content: dict[str, Any]) -> None:
        self.file.write(json.dumps(content, allow_nan=False) + "\n")


class CsvWriter(ResultWriter):
    """A row a source and frame, under a row of column names; tracked ones say whether they sound."""

    def start(self, header: ResultHeader) -> None:
        """Write the column names."""
        activity = ",activity,active" if self.tracked else ""
        self.file.write(f"time_s,id,azimuth_deg,elevation_deg,x,y,z,score{activity}\n")

    def write(self, frame: FrameResult) -> None:
        """Write a row for each source of the frame."""
        for source in frame.sources:
            angles = f"{source.azimuth_deg:.2f},{source.elevation_deg:.2f}"
            x, y, z = source.direction
            activity = "" if source.activity is None else f",{source.activity:.3f},{source.active:d}"
            place = f"{angles},{x:.5f},{y:.5f},{z:.5f},{source.score:.4f}{activity}"
            self.file.write(f"{frame.time_s:.4f},{source.id},{place}\n")


class DcaseWriter(ResultWriter):
    """The DCASE localization format: frame of 100 ms, class 0, source, azimuth, elevation; no header.

    Angles are whole degrees as :func:`~anydoa.geometry.dialects.direction_to_dcase` gives them. Of the frames
    whose times fall into the same 100 ms, the one nearest to their middle counts. Talkers in a pause are left
    out.

    Reference:
        DCASE challenge task 3 (2020 and later), metadata format.
    """

    def start(self, header: ResultHeader) -> None:
        """Write nothing: the format has no header."""
        self._nearest: FrameResult | None = None

    def write(self, frame: FrameResult) -> None:
        """Keep the frame, or write the one kept for the 100 ms before."""
        if self._nearest is not None and _dcase_index(frame) != _dcase_index(self._nearest):
            self._flush()
        if self._nearest is None or _from_middle(frame) < _from_middle(self._nearest):
            self._nearest = frame

    def finish(self, directions: Iterable[Source], duration_s: float, warnings: Iterable[str] = ()) -> None:
        """Write the last frame."""
        self._flush()

    def _flush(self) -> None:
        if self._nearest is None:
            return
        for source in (one for one in self._nearest.sources if one.active):
            azimuth_deg, elevation_deg = direction_to_dcase(source.direction)
            index = _dcase_index(self._nearest)
            self.file.write(f"{index},0,{source.id},{azimuth_deg},{elevation_deg}\n")
        self._nearest = None


WRITERS: dict[str, type[ResultWriter]] = {"json": JsonLinesWriter, "csv": CsvWriter, "dcase": DcaseWriter}
"""Writers by the name of their format."""


def write_results(result: LocalizationResult, path: str | os.PathLike[str], *, format: str = "json") -> None:
    """Write a whole result to a file.

    Args:
        result: what was found.
        path: file to write; an old one is replaced when the new one is whole.
        format: ``json``, ``csv`` or ``dcase``.

    Raises:
        ConfigError: if there is no such format, or the file cannot be written.
    """
    if format not in WRITERS:
        raise ConfigError(f"results are written as {', '.join(WRITERS)}, not {format!r}")
    with whole_text(path) as file:
        writer = WRITERS[format](file, result.header)
        for frame in result.frames:
            writer.write(frame)
        writer.finish(result.directions, result.duration_s, result.warnings)


def read_results(path: str | os.PathLike[str]) -> LocalizationResult:
    """A result from the JSON lines of one recording.

    Raises:
        ConfigError: if the file is missing or not our JSON lines, naming the line.
    """
    name = os.fspath(path)
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: cannot be read as results ({error}); give JSON lines of anydoa") from None
    if len(lines) < 2:
        raise ConfigError(f"{name}: results have a header, frames and a summary, got {len(lines)} lines")
    try:
        header, *frames, last = map(json.loads, lines)
        if header["schema"] != SCHEMA:
            raise ConfigError(f"{name}: schema must be {SCHEMA!r}, got {header['schema']!r}; locate anew")
        return LocalizationResult(
            header=ResultHeader(
                **{field: header[field] for field in ResultHeader.__dataclass_fields__ if field in header}
            ),
            frames=tuple(FrameResult(frame["time_s"], _sources_from_json(frame)) for frame in frames),
            directions=_sources_from_json(last["summary"]),
            duration_s=last["summary"]["duration_s"],
            warnings=tuple(map(str, last["summary"]["warnings"])),
        )
    except (KeyError, TypeError, json.JSONDecodeError, GeometryError) as error:
        raise ConfigError(
            f"{name}: not the results of one recording ({error!r}); were they written to the end?"
        ) from None


def _angles_and_xyz(direction: Float[np.ndarray, "3"]) -> dict[str, Any]:
    azimuth_deg, elevation_deg = direction_to_angles_deg(direction)
    return {
        "azimuth_deg": round(float(azimuth_deg), 2),
        "elevation_deg": round(float(elevation_deg), 2),
        "xyz": [round(float(x), 5) for x in direction],
    }


def _to_json(source: Source) -> dict[str, Any]:
    activity = (
        {} if source.activity is None else {"activity": round(source.activity, 3), "active": source.active}
    )
    return {
        "id": source.id,
        **_angles_and_xyz(source.direction),
        "score": round(source.score, 4),
        **activity,
        "mirror": [_angles_and_xyz(mirror) for mirror in source.mirror],
    }


def _sources_from_json(content: dict[str, Any]) -> tuple[Source, ...]:
    return tuple(
        Source(
            direction=normalize_direction(source["xyz"]),
            score=float(source["score"]),
            id=int(source["id"]),
            mirror=tuple(normalize_direction(mirror["xyz"]) for mirror in source["mirror"]),
            activity=float(source["activity"]) if "activity" in source else None,
        )
        for source in content["sources"]
    )


def _dcase_index(frame: FrameResult) -> int:
    return int(frame.time_s / DCASE_FRAME_S + 1e-9)


def _from_middle(frame: FrameResult) -> float:
    return abs(frame.time_s / DCASE_FRAME_S - _dcase_index(frame) - 0.5)
