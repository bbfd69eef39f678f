"""Two tables: how well each estimator does on each kind of recording, and what its errors are made of."""

import csv
import io
import json
import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import reduce
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING, Literal

import numpy as np

from anydoa.evaluation.causes import Cause, CauseShare
from anydoa.evaluation.scoring import ClipScore
from anydoa.metrics.detection import score
from anydoa.metrics.localization import summarize

if TYPE_CHECKING:
    from rich.table import Table

SNR_EDGES_DB = (0, 5, 10, 20)
"""Ratios of speech to noise between the bands of shares; each belongs to the band above it."""

_BAND_NAMES = (
    f"<{SNR_EDGES_DB[0]}",
    *(f"{low}..{high}" for low, high in pairwise(SNR_EDGES_DB)),
    f">={SNR_EDGES_DB[-1]}",
)


@dataclass(frozen=True)
class ReportRow:
    """One row. Shares are 0..1; a value nobody knows is NaN.

    Args:
        estimator: name of the estimator.
        suite: kind of recording.
        talkers: how many talkers the recordings have.
        clips: how many recordings with speech in a scored frame.
        clip_s: mean length of the recordings in seconds.
        look_ahead_s: seconds of later sound that a frame was judged by; rows with 0 stand beside published
            figures.
        mae_deg: mean angle between talker and estimate in degrees, their number known.
        mae_ci95: half the width of its 95 % confidence interval.
        acc10: share of talkers found within 10 degrees, their number known.
        acc10_ci95: half the width of its 95 % confidence interval.
        recording_mae_deg: mean error as ``mae_deg``, with one answer for a whole recording.
        recording_acc10: accuracy as ``acc10``, with one answer for a whole recording.
        recording_within: share of talkers whom one answer for a whole recording finds within the tolerance
            that the truth of real recordings has; NaN for others.
        precision: share of estimates within 10 degrees of a talker, number of talkers not known; NaN without
            estimates.
        recall: share of talkers within 10 degrees of an estimate, number of talkers not known; NaN without
            talkers.
        f1: harmonic mean of both.
        count_accuracy: share of frames with the right number of estimates.
        real_time_factor: seconds of work for a second of sound.
    """

    estimator: str
    suite: str
    talkers: int
    clips: int
    clip_s: float
    look_ahead_s: float
    mae_deg: float
    mae_ci95: float
    acc10: float
    acc10_ci95: float
    recording_mae_deg: float
    recording_acc10: float
    recording_within: float
    precision: float
    recall: float
    f1: float
    count_accuracy: float
    real_time_factor: float

    @classmethod
    def from_scores(cls, scores: Sequence[ClipScore]) -> "ReportRow":
        """The row of recordings of one kind, one number of talkers, one estimator and look-ahead."""
        frames = summarize([clip_score.frames for clip_score in scores])
        recording = summarize([clip_score.recording for clip_score in scores])
        detection = score(reduce(add, (clip_score.detection for clip_score in scores)))
        within = [clip_score.within for clip_score in scores if not math.isnan(clip_score.within)]
        return cls(
            estimator=scores[0].estimator,
            suite=scores[0].suite,
            talkers=scores[0].talkers,
            clips=frames.num_clips,
            clip_s=sum(clip_score.duration_s for clip_score in scores) / len(scores),
            look_ahead_s=scores[0].look_ahead_s,
            mae_deg=frames.mae_deg,
            mae_ci95=frames.mae_ci95,
            acc10=frames.acc10,
            acc10_ci95=frames.acc10_ci95,
            recording_mae_deg=recording.mae_deg,
            recording_acc10=recording.acc10,
            recording_within=sum(within) / len(within) if within else math.nan,
            precision=detection.precision,
            recall=detection.recall,
            f1=detection.f1,
            count_accuracy=detection.count_accuracy,
            real_time_factor=sum(s.busy_s for s in scores) / sum(s.duration_s for s in scores),
        )


@dataclass(frozen=True)
class CauseRow:
    """One cause of one row of the main table. Shares are 0..1; a value nobody knows is NaN.

    Args:
        estimator: name of the estimator.
        suite: kind of recording.
        talkers: how many talkers the recordings have.
        look_ahead_s: seconds of later sound that a frame was judged by.
        cause: why the direction is wrong, or that it is right.
        share: share of the active talkers of all frames, mean over clips. The sum over causes is 1.
        error_deg: what this cause adds to the mean error. The sum over causes is the main table's.
        error_share: the same as a share of the mean error.
        share_by_snr: ``share`` of the clips in each band between :data:`SNR_EDGES_DB`.
    """

    estimator: str
    suite: str
    talkers: int
    look_ahead_s: float
    cause: Cause
    share: float
    error_deg: float
    error_share: float
    share_by_snr: tuple[float, ...]


@dataclass(frozen=True)
class _Columns:
    """A table as people read it.

    Args:
        titles: titles of the columns.
        cells: texts of each row.
        num_names: how many columns hold names; the others hold numbers and are set to the right.
    """

    titles: tuple[str, ...]
    cells: list[tuple[str, ...]]
    num_names: int

    def to_markdown(self) -> str:
        """A Markdown table."""
        rule = ["---"] * self.num_names + ["---:"] * (len(self.titles) - self.num_names)
        return "".join("| " + " | ".join(line) + " |\n" for line in (self.titles, rule, *self.cells))

    def to_table(self) -> "Table":
        """A table for the terminal."""
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        for place, title in enumerate(self.titles):
            is_name, longest = place < self.num_names, max(map(len, title.split()))
            justify: Literal["left", "right"] = "left" if is_name else "right"
            table.add_column(title, justify=justify, no_wrap=is_name, min_width=longest)
        for row in self.cells:
            table.add_row(*row)
        return table


def report_rows(scores: Sequence[ClipScore]) -> list[ReportRow]:
    """Rows in the order in which suites, numbers of talkers and estimators first occur."""
    return [ReportRow.from_scores(group) for group in _group_scores(scores)]


def cause_rows(scores: Sequence[ClipScore]) -> list[CauseRow]:
    """Rows in the order of the main table, causes in their order of precedence.

    A cause that could not be told in any recording, such as noise sources in real rooms, has no row.
    """
    return [row for group in _group_scores(scores) for row in _cause_rows(group)]


def rows_to_json(rows: Sequence[ReportRow]) -> str:
    """A list of objects with the names of :class:`ReportRow`; NaN becomes null."""
    return _to_json(map(asdict, rows))


def record_rows(scores: Sequence[ClipScore], *, grid: str, rule: str) -> list[dict[str, str | int | float]]:
    """Rows for a record: the values of :class:`ReportRow`, and the grid and rule, which all rows share."""
    return [{**asdict(row), "grid": grid, "rule": rule} for row in report_rows(scores)]


def rows_to_csv(rows: Sequence[ReportRow]) -> str:
    """Columns with the names of :class:`ReportRow`; NaN becomes an empty cell."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow([field.name for field in fields(ReportRow)])
    for row in rows:
        table.writerow([known_value(value) for value in asdict(row).values()])
    return stream.getvalue()


def rows_to_markdown(rows: Sequence[ReportRow]) -> str:
    """A Markdown table: the chief columns, shares in per cent."""
    return _report_columns(rows).to_markdown()


def rows_to_table(rows: Sequence[ReportRow]) -> "Table":
    """A table for the terminal: the chief columns, shares in per cent."""
    return _report_columns(rows).to_table()


def causes_to_json(rows: Sequence[CauseRow]) -> str:
    """A list of objects with the names of :class:`CauseRow`; NaN becomes null.

    Instead of ``share_by_snr`` there is a ``share_snr_BAND`` for each, such as ``share_snr_0..5``.
    """
    records = []
    for row in rows:
        record: dict[str, object] = {**vars(row)}
        del record["share_by_snr"]
        for name, share in zip(_BAND_NAMES, row.share_by_snr, strict=True):
            record[f"share_snr_{name}"] = share
        records.append(record)
    return _to_json(records)


def causes_to_markdown(rows: Sequence[CauseRow]) -> str:
    """A Markdown table, shares in per cent."""
    return _cause_columns(rows).to_markdown()


def causes_to_table(rows: Sequence[CauseRow]) -> "Table":
    """A table for the terminal, shares in per cent."""
    return _cause_columns(rows).to_table()


def _group_scores(scores: Sequence[ClipScore]) -> list[list[ClipScore]]:
    """Scores of each row, in the order in which suites, numbers of talkers and estimators first occur."""
    groups: dict[tuple[str, int, str, float], list[ClipScore]] = {}
    for one in scores:
        groups.setdefault((one.suite, one.talkers, one.estimator, one.look_ahead_s), []).append(one)
    places = {key[:2]: place for place, key in reversed(list(enumerate(groups)))}
    return [groups[key] for key in sorted(groups, key=lambda key: places[key[:2]])]


def _cause_rows(scores: Sequence[ClipScore]) -> Iterator[CauseRow]:
    spoken = [clip_score for clip_score in scores if clip_score.causes]
    mae_deg = float(np.mean([clip_score.frames.mae_deg for clip_score in spoken])) if spoken else math.nan
    for cause in Cause:
        if not any(cause in clip_score.causes for clip_score in spoken):
            continue
        parts = [clip_score.causes.get(cause, CauseShare(0.0, 0.0)) for clip_score in spoken]
        by_snr: list[list[float]] = [[] for _ in _BAND_NAMES]
        for clip_score, part in zip(spoken, parts, strict=True):
            if not math.isnan(clip_score.snr_db):
                by_snr[bisect_right(SNR_EDGES_DB, clip_score.snr_db)].append(part.share)
        error_deg = float(np.mean([part.error_deg for part in parts]))
        yield CauseRow(
            estimator=scores[0].estimator,
            suite=scores[0].suite,
            talkers=scores[0].talkers,
            look_ahead_s=scores[0].look_ahead_s,
            cause=cause,
            share=float(np.mean([part.share for part in parts])),
            error_deg=error_deg,
            error_share=error_deg / mae_deg if mae_deg else math.nan,
            share_by_snr=tuple(float(np.mean(shares)) if shares else math.nan for shares in by_snr),
        )


def _report_columns(rows: Sequence[ReportRow]) -> _Columns:
    """The chief columns; that of tolerances only where a row has one.

    A row with fewer clips than another estimator has, which took more arrays, says of how many they are.
    """
    most: dict[tuple[str, int], int] = {}
    for row in rows:
        most[row.suite, row.talkers] = max(row.clips, most.get((row.suite, row.talkers), 0))
    columns: dict[str, list[str]] = {
        "estimator": [row.estimator for row in rows],
        "suite": [row.suite for row in rows],
        "talkers": [str(row.talkers) for row in rows],
        "clips": [_share_of(row.clips, most[row.suite, row.talkers]) for row in rows],
        "clip s": [_number(row.clip_s) for row in rows],
        "look-ahead s": [_number(row.look_ahead_s) for row in rows],
        "MAE °": [_number(row.mae_deg, row.mae_ci95) for row in rows],
        "ACC10 %": [_number(100 * row.acc10, 100 * row.acc10_ci95) for row in rows],
        "whole MAE °": [_number(row.recording_mae_deg) for row in rows],
        "whole ACC10 %": [_number(100 * row.recording_acc10) for row in rows],
        "whole in tolerance %": [_number(100 * row.recording_within) for row in rows],
        "F1 %": [_number(100 * row.f1) for row in rows],
        "count %": [_number(100 * row.count_accuracy) for row in rows],
        "RTF": [f"{row.real_time_factor:.3f}" for row in rows],
    }
    if all(math.isnan(row.recording_within) for row in rows):
        del columns["whole in tolerance %"]
    return _Columns(tuple(columns), list(zip(*columns.values(), strict=True)), num_names=2)


def _cause_columns(rows: Sequence[CauseRow]) -> _Columns:
    bands = (f"{name} dB" for name in _BAND_NAMES)
    names = ("estimator", "suite", "talkers", "look-ahead s", "cause")
    cells = [
        (
            *(row.estimator, row.suite, str(row.talkers), _number(row.look_ahead_s), row.cause),
            *(_number(100 * row.share), _number(row.error_deg), _number(100 * row.error_share)),
            *(_number(100 * share) for share in row.share_by_snr),
        )
        for row in rows
    ]
    return _Columns((*names, "frames %", "MAE °", "of MAE %", *bands), cells, num_names=len(names))


def _to_json(records: Iterable[Mapping[str, object]]) -> str:
    """A list of objects; numbers have four decimals, NaN becomes null."""
    rows = [{key: known_value(value) for key, value in record.items()} for record in records]
    return json.dumps(rows, indent=2) + "\n"


def known_value(value: object) -> object:
    """The value, with four decimals if it is a number with a point; None for NaN. Lists hold such values."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    if isinstance(value, list | tuple):
        return [known_value(one) for one in value]
    return value


def _share_of(count: int, most: int) -> str:
    return str(count) if count == most else f"{count} of {most}"


def _number(value: float, half_width: float = math.nan) -> str:
    """A number with one decimal and half the width of its confidence interval; a dash for NaN."""
    if math.isnan(value):
        return "-"
    return f"{value:.1f}" if math.isnan(half_width) else f"{value:.1f} ±{half_width:.1f}"
