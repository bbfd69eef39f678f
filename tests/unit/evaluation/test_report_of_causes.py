"""The table of causes: means over clips, bands of SNR, and the written forms."""

import io
import json
import math

import pytest
from rich.console import Console

from anydoa.evaluation.causes import Cause, CauseShare
from anydoa.evaluation.report import cause_rows, causes_to_json, causes_to_markdown, causes_to_table
from anydoa.evaluation.scoring import ClipScore
from anydoa.metrics.detection import DetectionCounts
from anydoa.metrics.localization import LocalizationScore

NOTHING = LocalizationScore(math.nan, math.nan, 0)


def clip_score(snr_db: float, causes: dict[Cause, CauseShare], estimator: str = "srp-phat") -> ClipScore:
    trials = LocalizationScore(
        sum(share.error_deg for share in causes.values()), causes[Cause.RIGHT].share, 10
    )
    frames = trials if len(causes) > 1 else NOTHING
    return ClipScore(
        estimator, "dynamic-s", "c", 1, 4, snr_db, 0.5, frames, NOTHING, DetectionCounts(), 0.5, 2.0, causes
    )


LOUD = clip_score(12.0, {Cause.RIGHT: CauseShare(0.9, 3.0), Cause.OTHER: CauseShare(0.1, 5.0)})
QUIET = clip_score(
    -1.0,
    {
        Cause.RIGHT: CauseShare(0.5, 2.0),
        Cause.NOISE: CauseShare(0.3, 30.0),
        Cause.OTHER: CauseShare(0.2, 8.0),
    },
)


def test_rows_add_up_to_the_mean_error_and_to_all_frames() -> None:
    rows = cause_rows([LOUD, QUIET])
    assert [row.cause for row in rows] == [Cause.RIGHT, Cause.NOISE, Cause.OTHER]
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert sum(row.error_deg for row in rows) == pytest.approx((8 + 40) / 2)
    assert sum(row.error_share for row in rows) == pytest.approx(1)
    noise = rows[1]
    assert (noise.share, noise.error_deg, noise.error_share) == (0.15, 15.0, 15 / 24)


def test_bands_of_snr_hold_their_own_clips() -> None:
    edge, end = (clip_score(snr_db, QUIET.causes) for snr_db in (0.0, 20.0))
    right = cause_rows([LOUD, QUIET, edge, end])[0]
    assert right.share_by_snr == (0.5, 0.5, pytest.approx(math.nan, nan_ok=True), 0.9, 0.5)


def test_no_clip_of_known_snr_is_without_a_band() -> None:
    nothing = pytest.approx(math.nan, nan_ok=True)
    for snr_db, place in ((-12.0, 0), (-math.inf, 0), (45.0, 4), (math.inf, 4)):
        expected = [nothing] * 5
        expected[place] = 0.5
        assert list(cause_rows([clip_score(snr_db, QUIET.causes)])[0].share_by_snr) == expected
    assert list(cause_rows([clip_score(math.nan, QUIET.causes)])[0].share_by_snr) == [nothing] * 5


def test_estimators_keep_their_own_causes() -> None:
    rows = cause_rows([LOUD, clip_score(5.0, QUIET.causes, "music")])
    assert [(row.estimator, row.cause) for row in rows] == [
        ("srp-phat", Cause.RIGHT),
        ("srp-phat", Cause.OTHER),
        ("music", Cause.RIGHT),
        ("music", Cause.NOISE),
        ("music", Cause.OTHER),
    ]


def test_json_has_a_number_for_each_band_and_null_where_there_is_no_clip() -> None:
    _, row, _ = json.loads(causes_to_json(cause_rows([LOUD, QUIET])))
    assert row == {
        "estimator": "srp-phat", "suite": "dynamic-s", "talkers": 1, "look_ahead_s": 0.0,
            "cause": "noise source", "share": 0.15,
        "error_deg": 15.0, "error_share": 0.625, "share_snr_<0": 0.3, "share_snr_0..5": None,
        "share_snr_5..10": None, "share_snr_10..20": 0.0, "share_snr_>=20": None,
    }  # fmt: skip


def test_people_read_shares_in_per_cent() -> None:
    rows = cause_rows([LOUD, QUIET])
    text = causes_to_markdown(rows)
    assert (
        "| srp-phat | dynamic-s | 1 | 0.0 | noise source | 15.0 | 15.0 | 62.5 | 30.0 | - | - | 0.0 | - |"
        in text
    )
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(causes_to_table(rows))
    printed = console.export_text()
    assert all(word in printed for word in ("noise source", "<0 dB", "0..5 dB", ">=20 dB", "62.5"))
