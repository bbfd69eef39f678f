"""The table: a row for every estimator, kind of recording and number of talkers."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from anydoa.evaluation.scoring import ClipScore
from anydoa.evaluation.table import console_table, json_list, known_value, markdown_table, number_cell
from anydoa.metrics.detection import score
from anydoa.metrics.localization import summarize

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class ReportRow:
    """One row. Shares are 0..1; a value nobody knows is NaN.

    Args:
        estimator: name of the estimator.
        suite: kind of recording.
        talkers: how many talkers the recordings have.
        clips: how many recordings with speech in a scored frame.
        mae_deg: mean angle between talker and estimate in degrees, their number known.
        mae_ci95: half the width of its 95 % confidence interval.
        acc10: share of talkers found within 10 degrees, their number known.
        acc10_ci95: half the width of its 95 % confidence interval.
        recording_mae_deg: as ``mae_deg``, with one answer for a whole recording.
        recording_acc10: as ``acc10``, with one answer for a whole recording.
        recording_within: share of talkers whom one answer for a whole recording finds within the tolerance
            that the truth of real recordings has; NaN for others.
        precision: share of estimates within 10 degrees of a talker, number of talkers not known.
        recall: share of talkers within 10 degrees of an estimate, number of talkers not known.
        f1: harmonic mean of both.
        count_accuracy: share of frames with the right number of estimates.
        real_time_factor: seconds of work for a second of sound.
    """

    estimator: str
    suite: str
    talkers: int
    clips: int
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


_TITLES = (
    "estimator", "suite", "talkers", "clips", "MAE °", "ACC10 %", "whole MAE °", "whole ACC10 %", "F1 %",
    "count %", "RTF",
)  # fmt: skip
_NAMES = 2  # columns that hold names


def report_rows(scores: Sequence[ClipScore]) -> list[ReportRow]:
    """Rows in the order in which suites, numbers of talkers and estimators first occur."""
    return [_row(group) for group in group_scores(scores)]


def group_scores(scores: Sequence[ClipScore]) -> list[list[ClipScore]]:
    """Scores of each row, in the order in which suites, numbers of talkers and estimators first occur."""
    groups: dict[tuple[str, int, str], list[ClipScore]] = {}
    for clip_score in scores:
        groups.setdefault((clip_score.suite, clip_score.talkers, clip_score.estimator), []).append(clip_score)
    places = {key[:2]: place for place, key in reversed(list(enumerate(groups)))}
    return [groups[key] for key in sorted(groups, key=lambda key: places[key[:2]])]


def rows_to_json(rows: Sequence[ReportRow]) -> str:
    """A list of objects with the names of :class:`ReportRow`; NaN becomes null."""
    return json_list(map(asdict, rows))


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
    return markdown_table(*_columns(rows), names=_NAMES)


def rows_to_table(rows: Sequence[ReportRow]) -> "Table":
    """A table for the terminal: the chief columns, shares in per cent."""
    return console_table(*_columns(rows), names=_NAMES)


def _row(scores: Sequence[ClipScore]) -> ReportRow:
    frames = summarize([clip_score.frames for clip_score in scores])
    recording = summarize([clip_score.recording for clip_score in scores])
    detection = score(reduce(add, (clip_score.detection for clip_score in scores)))
    return ReportRow(
        estimator=scores[0].estimator,
        suite=scores[0].suite,
        talkers=scores[0].talkers,
        clips=frames.num_clips,
        mae_deg=frames.mae_deg,
        mae_ci95=frames.mae_ci95,
        acc10=frames.acc10,
        acc10_ci95=frames.acc10_ci95,
        recording_mae_deg=recording.mae_deg,
        recording_acc10=recording.acc10,
        recording_within=_known_mean([clip_score.within for clip_score in scores]),
        precision=detection.precision,
        recall=detection.recall,
        f1=detection.f1,
        count_accuracy=detection.count_accuracy,
        real_time_factor=sum(s.busy_s for s in scores) / sum(s.duration_s for s in scores),
    )


def _known_mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _columns(rows: Sequence[ReportRow]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Titles and cells; those of tolerances only where a row has one."""
    tolerated = any(not math.isnan(row.recording_within) for row in rows)
    place = _TITLES.index("whole ACC10 %") + 1
    if not tolerated:
        return _TITLES, list(_cells(rows))
    within = [number_cell(100 * row.recording_within) for row in rows]
    cells = [(*line[:place], cell, *line[place:]) for line, cell in zip(_cells(rows), within, strict=True)]
    return (*_TITLES[:place], "whole in tolerance %", *_TITLES[place:]), cells


def _cells(rows: Sequence[ReportRow]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        yield (
            row.estimator,
            row.suite,
            str(row.talkers),
            str(row.clips),
            number_cell(row.mae_deg, row.mae_ci95),
            number_cell(100 * row.acc10, 100 * row.acc10_ci95),
            number_cell(row.recording_mae_deg),
            number_cell(100 * row.recording_acc10),
            number_cell(100 * row.f1),
            number_cell(100 * row.count_accuracy),
            f"{row.real_time_factor:.3f}",
        )
