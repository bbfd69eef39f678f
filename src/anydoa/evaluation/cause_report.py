"""The table of causes: what the errors of every row of the main table are made of."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anydoa.evaluation.causes import Cause, CauseShare
from anydoa.evaluation.report import group_scores
from anydoa.evaluation.scoring import ClipScore
from anydoa.evaluation.table import console_table, json_list, markdown_table, number_cell

if TYPE_CHECKING:
    from rich.table import Table

SNR_BANDS_DB = ((-5, 0), (0, 5), (5, 10), (10, 20), (20, 30))
"""Ratios of speech to noise that shares are given for; the last band includes its end."""


@dataclass(frozen=True)
class CauseRow:
    """One cause of one row of the main table. Shares are 0..1; a value nobody knows is NaN.

    Args:
        estimator: name of the estimator.
        suite: kind of recording.
        talkers: how many talkers the recordings have.
        cause: why the direction is wrong, or that it is right.
        share: of the active talkers of all frames, mean over clips. The sum over causes is 1.
        error_deg: what this cause adds to the mean error. The sum over causes is the main table's.
        error_share: the same as a share of the mean error.
        share_by_snr: ``share`` of the clips in each of :data:`SNR_BANDS_DB`.
    """

    estimator: str
    suite: str
    talkers: int
    cause: Cause
    share: float
    error_deg: float
    error_share: float
    share_by_snr: tuple[float, ...]


_TITLES = ("estimator", "suite", "talkers", "cause", "frames %", "MAE °", "of MAE %")
_BAND_NAMES = tuple(f"{low}..{high}" for low, high in SNR_BANDS_DB)
_NAMES = 4  # columns that hold names


def cause_rows(scores: Sequence[ClipScore]) -> list[CauseRow]:
    """Rows in the order of the main table, causes in their order of precedence.

    A cause that could not be told in any recording, such as noise sources in real rooms, has no row.
    """
    return [row for group in group_scores(scores) for row in _rows(group)]


def causes_to_json(rows: Sequence[CauseRow]) -> str:
    """A list of objects with the names of :class:`CauseRow`; NaN becomes null.

    Instead of ``share_by_snr`` there is a ``share_snr_LOW..HIGH`` for each band.
    """
    return json_list(_record(row) for row in rows)


def causes_to_markdown(rows: Sequence[CauseRow]) -> str:
    """A Markdown table, shares in per cent."""
    return markdown_table(_titles(), _cells(rows), names=_NAMES)


def causes_to_table(rows: Sequence[CauseRow]) -> "Table":
    """A table for the terminal, shares in per cent."""
    return console_table(_titles(), _cells(rows), names=_NAMES)


def _rows(scores: Sequence[ClipScore]) -> Iterator[CauseRow]:
    spoken = [score for score in scores if score.causes]
    mae_deg = float(np.mean([score.frames.mae_deg for score in spoken])) if spoken else math.nan
    for cause in Cause:
        if not any(cause in score.causes for score in spoken):
            continue
        error_deg = float(np.mean([_of(score, cause).error_deg for score in spoken]))
        yield CauseRow(
            estimator=scores[0].estimator,
            suite=scores[0].suite,
            talkers=scores[0].talkers,
            cause=cause,
            share=float(np.mean([_of(score, cause).share for score in spoken])),
            error_deg=error_deg,
            error_share=error_deg / mae_deg if mae_deg else math.nan,
            share_by_snr=tuple(_share_in_band(spoken, cause, band) for band in SNR_BANDS_DB),
        )


def _share_in_band(scores: Sequence[ClipScore], cause: Cause, band: tuple[int, int]) -> float:
    low, high = band
    last = band == SNR_BANDS_DB[-1]
    shares = [
        _of(score, cause).share
        for score in scores
        if low <= score.snr_db < high or (last and score.snr_db == high)
    ]
    return float(np.mean(shares)) if shares else math.nan


def _of(score: ClipScore, cause: Cause) -> CauseShare:
    return score.causes.get(cause, CauseShare(0.0, 0.0))


def _record(row: CauseRow) -> dict[str, object]:
    record = {name: value for name, value in vars(row).items() if name != "share_by_snr"}
    bands = {f"share_snr_{name}": share for name, share in zip(_BAND_NAMES, row.share_by_snr, strict=True)}
    return {**record, **bands}


def _titles() -> tuple[str, ...]:
    return (*_TITLES, *(f"{name} dB" for name in _BAND_NAMES))


def _cells(rows: Sequence[CauseRow]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        yield (
            row.estimator,
            row.suite,
            str(row.talkers),
            row.cause,
            number_cell(100 * row.share),
            number_cell(row.error_deg),
            number_cell(100 * row.error_share),
            *(number_cell(100 * share) for share in row.share_by_snr),
        )
