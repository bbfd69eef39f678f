"""Files of results: JSON lines, CSV, DCASE CSV and RTTM, all written line by line; JSON lines are read again.

JSON lines: a header, a line a frame, a summary. CSV: a row a source and frame. DCASE CSV: a row a source and
100 ms. RTTM: a line a turn. The header of JSON lines spells out what angles and times are.
"""

import csv
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from anydoa.errors import ConfigError
from anydoa.geometry import Zone, zone_of
from anydoa.geometry.dialects import direction_to_dcase
from anydoa.io.angles import round_angles_deg
from anydoa.io.output import whole_text
from anydoa.io.result_json import (
    events_from_json,
    source_to_json,
    sources_from_json,
    talker_to_json,
    talkers_from_json,
)
from anydoa.io.results import (
    FRAME_CONVENTION,
    TIME_CONVENTION,
    FrameResult,
    LocalizationResult,
    ResultHeader,
    ResultSummary,
    Source,
)
from anydoa.io.talkers import Talker

SCHEMA = "anydoa-results-1"
DCASE_FRAME_S = 0.1
NO_ZONES_IN_DCASE = "the DCASE format has no place for zones; take json, csv or rttm"


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
        zones: zones to name directions by; none for angles alone.
    """

    def __init__(
        self, file: TextSink, header: ResultHeader, *, tracked: bool = False, zones: Sequence[Zone] = ()
    ) -> None:
        self.file = file
        self.tracked = tracked
        self.zones = tuple(zones)
        self.start(header)

    def zone(self, source: Source | Talker) -> str | None:
        """Name of the zone that a source or a talker is in, or None."""
        return zone_of(self.zones, source.direction, source.mirror)

    @abstractmethod
    def start(self, header: ResultHeader) -> None:
        """Write what comes before the first frame."""

    @abstractmethod
    def write(self, frame: FrameResult) -> None:
        """Write one frame; frames come in order of time."""

    def finish(self, summary: ResultSummary) -> None:  # noqa: B027 # most have no summary
        """Write what comes after the last frame."""


class JsonLinesWriter(ResultWriter):
    """A JSON object a line: header, frames, summary. :func:`read_results` reads them."""

    def start(self, header: ResultHeader) -> None:
        """Write the header line."""
        conventions = {"frame_convention": FRAME_CONVENTION, "time_convention": TIME_CONVENTION}
        content = {"schema": SCHEMA, **asdict(header), **conventions}
        if header.id is None:
            del content["id"]
        self._line(content)

    def write(self, frame: FrameResult) -> None:
        """Write a frame's line."""
        sources = [{**source_to_json(source), **self._zone(source)} for source in frame.sources]
        line: dict[str, Any] = {"time_s": round(frame.time_s, 4), "sources": sources}
        if frame.events:
            line["events"] = [asdict(event) for event in frame.events]
        self._line(line)

    def finish(self, summary: ResultSummary) -> None:
        """Write the summary line: directions of the whole recording, talkers, and what is wrong with it."""
        content = {
            "duration_s": round(summary.duration_s, 4),
            "sources": [{**source_to_json(source), **self._zone(source)} for source in summary.directions],
            "talkers": [{**talker_to_json(talker), **self._zone(talker)} for talker in summary.talkers],
            "warnings": list(summary.warnings),
        }
        self._line({"summary": content})

    def _zone(self, source: Source | Talker) -> dict[str, str | None]:
        """The field of zones, where there are any."""
        return {"zone": self.zone(source)} if self.zones else {}

    def _line(self, content: dict[str, Any]) -> None:
        self.file.write(json.dumps(content, allow_nan=False) + "\n")


class CsvWriter(ResultWriter):
    """A row a source and frame, under a row of column names; tracked ones say whether they sound."""

    def start(self, header: ResultHeader) -> None:
        """Write the column names."""
        self._rows = csv.writer(self.file, lineterminator="\n")
        activity = ("activity", "active") if self.tracked else ()
        zone = ("zone",) if self.zones else ()
        names = ("time_s", "id", "azimuth_deg", "elevation_deg", "x", "y", "z", "score", *activity, *zone)
        self._rows.writerow(names)

    def write(self, frame: FrameResult) -> None:
        """Write a row for each source of the frame."""
        for source in frame.sources:
            angles = (f"{angle:.2f}" for angle in round_angles_deg(source.direction, 2))
            place = (f"{x:.5f}" for x in source.direction)
            activity = self._activity(source) if self.tracked else ()
            zone = (self.zone(source) or "",) if self.zones else ()
            row = (f"{frame.time_s:.4f}", source.id, *angles, *place, f"{source.score:.4f}", *activity, *zone)
            self._rows.writerow(row)

    def _activity(self, source: Source) -> tuple[str, str]:
        """What a tracker says of a source; nothing of one that it does not follow."""
        return ("", "") if source.activity is None else (f"{source.activity:.3f}", f"{source.active:d}")


class DcaseWriter(ResultWriter):
    """The DCASE localization format: frame of 100 ms, class 0, source, azimuth, elevation; no header.

    Angles are whole degrees as :func:`~anydoa.geometry.dialects.direction_to_dcase` gives them. Of the frames
    whose times fall into the same 100 ms, the one nearest to their middle counts. Talkers in a pause are left
    out.

    Reference:
        DCASE challenge task 3 (2020 and later), metadata format.
    """

    def start(self, header: ResultHeader) -> None:
        """Write nothing: the format has no header.

        Raises:
            ConfigError: if there are zones.
        """
        if self.zones:
            raise ConfigError(NO_ZONES_IN_DCASE)
        self._nearest: FrameResult | None = None

    def write(self, frame: FrameResult) -> None:
        """Keep the frame, or write the one kept for the 100 ms before."""
        if self._nearest is not None and _dcase_index(frame) != _dcase_index(self._nearest):
            self._flush()
        if self._nearest is None or _from_middle(frame) < _from_middle(self._nearest):
            self._nearest = frame

    def finish(self, summary: ResultSummary) -> None:
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


class RttmWriter(ResultWriter):
    """A line a turn, as programs for speaker diarization read them; talkers are ``talker_0``, ``talker_1``.

    With zones a name begins with that of the zone that the talker is in: ``desk_0``.

    Directions have no place in it: readers take no other lines, and no other words where theirs are.

    Reference:
        NIST (2009), *The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan*, appendix A:
        type, file, channel, begin, duration, orthography, subtype, name, confidence, look-ahead.
    """

    def start(self, header: ResultHeader) -> None:
        """Write nothing: the format has no header."""
        self._name = "_".join(Path(header.file).stem.split()) or "recording"

    def write(self, frame: FrameResult) -> None:
        """Write nothing: the format has no frames."""

    def finish(self, summary: ResultSummary) -> None:
        """Write the turns of all talkers, in order of time."""
        names = {
            talker.id: f"{'_'.join((self.zone(talker) or 'talker').split())}_{talker.id}"
            for talker in summary.talkers
        }
        turns = [(turn.begin_s, talker.id, turn) for talker in summary.talkers for turn in talker.turns]
        for begin_s, id, turn in sorted(turns, key=lambda each: each[:2]):
            length_s = max(turn.end_s - begin_s, turn.heard_s)  # of a single frame, too
            time = f"{begin_s:.3f} {length_s:.3f}"
            self.file.write(f"SPEAKER {self._name} 1 {time} <NA> <NA> {names[id]} <NA> <NA>\n")


WRITERS: dict[str, type[ResultWriter]] = {
    "json": JsonLinesWriter,
    "csv": CsvWriter,
    "dcase": DcaseWriter,
    "rttm": RttmWriter,
}
"""Writers by the name of their format."""


def write_results(
    result: LocalizationResult,
    path: str | os.PathLike[str],
    *,
    format: str = "json",
    zones: Sequence[Zone] = (),
) -> None:
    """Write a whole result to a file.

    Args:
        result: what was found.
        path: file to write; an old one is replaced when the new one is whole.
        format: ``json``, ``csv``, ``dcase`` or ``rttm``.
        zones: zones to name directions by.

    Raises:
        ConfigError: if there is no such format, it has no place for zones, or the file cannot be written.
    """
    if format not in WRITERS:
        raise ConfigError(f"results are written as {', '.join(WRITERS)}, got {format!r}; take one of them")
    with whole_text(path) as file:
        tracked = any(source.activity is not None for frame in result.frames for source in frame.sources)
        writer = WRITERS[format](file, result.header, tracked=tracked, zones=zones)
        for frame in result.frames:
            writer.write(frame)
        writer.finish(result.summary)


def read_results(path: str | os.PathLike[str]) -> LocalizationResult:
    """A result from the JSON lines of one recording.

    Raises:
        ConfigError: if the file is missing, not our JSON lines, or of several recordings.
    """
    name, lines = os.fspath(path), list(_lines(path))
    if sum(map(_is_summary, lines)) > 1:
        raise ConfigError(f"{name}: holds several recordings; take read_all_results")
    if len(lines) < 2:
        raise ConfigError(
            f"{name}: results have a header, frames and a summary, got {len(lines)} lines; were they written "
            "to the end?"
        )
    return _result(lines, name)


def read_all_results(path: str | os.PathLike[str]) -> Iterator[LocalizationResult]:
    """The results of many recordings, from JSON lines that follow one another; one is held at a time.

    Raises:
        ConfigError: as :func:`read_results`.
    """
    lines: list[str] = []
    for line in _lines(path):
        lines.append(line)
        if _is_summary(line):
            yield _result(lines, os.fspath(path))
            lines = []
    if lines:
        raise ConfigError(f"{os.fspath(path)}: ends within a recording; was it written to its end?")


def _is_summary(line: str) -> bool:
    """Whether a line is the last of a recording."""
    return line.startswith('{"summary"')


def _lines(path: str | os.PathLike[str]) -> Iterator[str]:
    """The lines of a file that are not blank."""
    try:
        with open(path, encoding="utf-8") as file:
            yield from (line.rstrip("\n") for line in file if not line.isspace())
    except (OSError, UnicodeDecodeError) as error:
        name = os.fspath(path)
        raise ConfigError(f"{name}: cannot be read as results ({error}); give JSON lines of anydoa") from None


def _result(lines: Sequence[str], name: str) -> LocalizationResult:
    """A result from the lines of one recording."""
    try:
        header, *frames, last = map(json.loads, lines)
        if header["schema"] != SCHEMA:
            raise ConfigError(f"{name}: schema must be {SCHEMA!r}, got {header['schema']!r}; locate anew")
        frame_results = tuple(
            FrameResult(float(frame["time_s"]), sources_from_json(frame), events_from_json(frame))
            for frame in frames
        )
        return LocalizationResult(
            header=ResultHeader(
                **{field: header[field] for field in ResultHeader.__dataclass_fields__ if field in header}
            ),
            frames=frame_results,
            directions=sources_from_json(last["summary"]),
            duration_s=float(last["summary"]["duration_s"]),
            warnings=tuple(map(str, last["summary"]["warnings"])),
            talkers=talkers_from_json(last["summary"].get("talkers", []), frame_results),
        )
    except ConfigError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigError(
            f"{name}: not the results of one recording ({error!r}); were they written to the end?"
        ) from None


def _dcase_index(frame: FrameResult) -> int:
    return int(frame.time_s / DCASE_FRAME_S + 1e-9)


def _from_middle(frame: FrameResult) -> float:
    return abs(frame.time_s / DCASE_FRAME_S - _dcase_index(frame) - 0.5)
