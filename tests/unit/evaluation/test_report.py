"""The table: groups, means, and the three written forms."""

import csv
import io
import json
import math
from dataclasses import replace

import pytest
from rich.console import Console

from anydoa.evaluation.causes import Cause, CauseShare
from anydoa.evaluation.report import (
    cause_rows,
    causes_to_markdown,
    report_rows,
    rows_to_csv,
    rows_to_json,
    rows_to_markdown,
    rows_to_table,
)
from anydoa.evaluation.scoring import ClipScore
from anydoa.metrics.detection import DetectionCounts
from anydoa.metrics.localization import LocalizationScore

NOTHING = LocalizationScore(math.nan, math.nan, 0)


def clip_score(
    estimator: str = "srp-phat",
    *,
    suite: str = "dynamic-s",
    talkers: int = 1,
    frames: LocalizationScore = NOTHING,
    recording: LocalizationScore = NOTHING,
    hits: int = 1,
) -> ClipScore:
    detection = DetectionCounts(hits=hits, estimates=4, talkers=5, right_counts=3, frames=6)
    return ClipScore(estimator, suite, "c", talkers, 4, 10.0, 0.5, frames, recording, detection, 0.5, 2.0, {})


def test_rows_come_in_order_of_suite_and_talkers_with_estimators_side_by_side() -> None:
    scores = [
        clip_score(estimator, talkers=talkers, suite=suite)
        for suite in ("b", "a")
        for talkers in (1, 2)
        for _ in range(2)
        for estimator in ("music", "agg-rl")
    ]
    rows = report_rows(scores)
    assert [(row.suite, row.talkers, row.estimator) for row in rows] == [
        (suite, talkers, estimator)
        for suite in ("b", "a")
        for talkers in (1, 2)
        for estimator in ("music", "agg-rl")
    ]


def test_each_look_ahead_is_a_row_of_its_own_in_every_table() -> None:
    share = {Cause.RIGHT: CauseShare(1.0, 2.0)}
    scores = [
        replace(clip_score(frames=LocalizationScore(mae, 1.0, 9)), look_ahead_s=look_ahead_s, causes=share)
        for mae, look_ahead_s in ((4.0, 0.0), (2.0, 1.9), (6.0, 0.0), (2.0, 1.9))
    ]
    rows = report_rows(scores)
    assert [(row.look_ahead_s, row.mae_deg, row.clip_s) for row in rows] == [(0.0, 5.0, 2.0), (1.9, 2.0, 2.0)]
    assert [row.look_ahead_s for row in cause_rows(scores)] == [0.0, 1.9]
    for text in (rows_to_markdown(rows), causes_to_markdown(cause_rows(scores))):
        assert "look-ahead s" in text
        assert all(f"| {look_ahead_s} |" in text for look_ahead_s in (0.0, 1.9))


def test_a_row_is_the_mean_over_clips_with_its_interval() -> None:
    scores = [
        clip_score(frames=LocalizationScore(4.0, 1.0, 9), recording=LocalizationScore(2.0, 1.0, 1), hits=2),
        clip_score(frames=LocalizationScore(8.0, 0.5, 2), hits=4),
        clip_score(hits=0),
    ]
    (row,) = report_rows(scores)
    assert (row.clips, row.mae_deg, row.acc10) == (2, 6.0, 0.75)
    assert row.mae_ci95 == pytest.approx(12.7062 * math.sqrt(8) / math.sqrt(2), rel=1e-4)
    assert (row.recording_mae_deg, row.recording_acc10) == (2.0, 1.0)
    assert (row.precision, row.recall, row.count_accuracy) == (6 / 12, 6 / 15, 9 / 18)
    assert row.real_time_factor == 0.25


def test_json_is_a_list_of_rows_with_null_for_the_unknown() -> None:
    (row,) = json.loads(rows_to_json(report_rows([clip_score(frames=LocalizationScore(4.0, 1.0, 9))])))
    assert list(row)[:8] == [
        "estimator", "suite", "talkers", "clips", "clip_s", "look_ahead_s", "mae_deg", "mae_ci95",
    ]  # fmt: skip
    assert (row["mae_deg"], row["mae_ci95"], row["acc10"]) == (4.0, None, 1.0)


def test_csv_has_the_columns_of_json() -> None:
    rows = report_rows([clip_score(frames=LocalizationScore(4.0, 1.0, 9))])
    (read,) = csv.DictReader(io.StringIO(rows_to_csv(rows)))
    (expected,) = json.loads(rows_to_json(rows))
    assert read == {key: "" if value is None else str(value) for key, value in expected.items()}


def test_markdown_gives_shares_in_per_cent() -> None:
    scores = [clip_score(frames=LocalizationScore(mae, 0.5, 3)) for mae in (4.0, 8.0)]
    head, rule, line = rows_to_markdown(report_rows(scores)).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|")
    assert "| 6.0 ±25.4 | 50.0 ±0.0 | - | - |" in line


def test_the_table_shows_every_row() -> None:
    rows = report_rows([clip_score(name) for name in ("srp-phat", "music")])
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(rows_to_table(rows))
    text = console.export_text()
    assert all(word in text for word in ("srp-phat", "music", "dynamic-s", "MAE"))
