"""Causes of wrong directions: each where it should be named, one for every trial, sums that come out even."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.evaluation.causes import Cause, ScoredFrames, share_causes
from anydoa.geometry.coordinates import angles_deg_to_direction, normalize_direction
from anydoa.metrics.localization import match_talkers

LATE = 1.0  # seconds after the onset


def frames(
    found_deg: list[tuple[float, float]],
    talkers_deg: list[tuple[float, float]],
    *,
    speaks: list[bool] | None = None,
    since_onset_s: float = LATE,
) -> ScoredFrames:
    """One frame; angles are pairs of azimuth and elevation."""
    active = np.array([speaks or [True] * len(talkers_deg)])
    talkers = angles_deg_to_direction(*np.array(talkers_deg).T)
    estimated = angles_deg_to_direction(*np.array(found_deg).reshape(-1, 2).T)[None]
    errors_deg, matched = match_talkers(estimated, talkers, active)
    onset = np.full(active.shape, since_onset_s)
    return ScoredFrames(matched, errors_deg, talkers[None], onset, snr_db=20.0)


def causes(of: ScoredFrames) -> list[Cause]:
    """Causes that any trial has, most frequent first."""
    shares = share_causes(of)
    return sorted((cause for cause in shares if shares[cause].share), key=lambda cause: -shares[cause].share)


def toward(azimuth_deg: float, elevation_deg: float = 0.0) -> np.ndarray:
    return angles_deg_to_direction([azimuth_deg], elevation_deg)


FAR_OFF = frames([(90, 40)], [(0, 0)])


def test_ten_degrees_are_right() -> None:
    assert causes(frames([(9.99, 0)], [(0, 0)])) == [Cause.RIGHT]
    assert causes(frames([(10.01, 0)], [(0, 0)])) != [Cause.RIGHT]


def test_a_talker_for_whom_no_peak_is_left_has_no_estimate() -> None:
    assert causes(frames([(1, 0)], [(0, 0), (90, 0)])) == [Cause.RIGHT, Cause.NO_ESTIMATE]


def test_an_estimate_on_a_noise_source_is_the_noise() -> None:
    assert causes(replace(FAR_OFF, noises=toward(95, 45))) == [Cause.NOISE]
    assert causes(replace(FAR_OFF, noises=toward(110, 40))) == [Cause.OTHER]


def test_an_estimate_on_the_lobe_of_another_talker_is_that_talkers() -> None:
    assert causes(frames([(0, 0), (19, 0)], [(0, 0), (90, 0)])) == [Cause.RIGHT, Cause.OTHER_TALKER]


def test_an_estimate_where_nobody_speaks_any_more_is_the_silent_talkers() -> None:
    assert causes(frames([(91, 0)], [(0, 0), (90, 0)], speaks=[True, False])) == [Cause.SILENT_TALKER]


def test_reflections_count_while_their_talker_speaks() -> None:
    reflections = np.stack([toward(-90), toward(90, 40)])
    alone = frames([(90, 40)], [(0, 0), (180, 0)], speaks=[True, False])
    assert causes(replace(alone, reflections=reflections)) == [Cause.OTHER]
    both = frames([(90, 40), (180, 0)], [(0, 0), (180, 0)])
    assert causes(replace(both, reflections=reflections)) == [Cause.RIGHT, Cause.REFLECTION]


def test_talkers_side_by_side_are_close_whatever_was_found() -> None:
    both = frames([(0, 0), (90, 40)], [(0, 0), (14, 0)])
    assert causes(replace(both, noises=toward(90, 40))) == [Cause.RIGHT, Cause.CLOSE_TALKERS]


def test_a_right_azimuth_misses_in_elevation_only_where_there_is_one() -> None:
    low = frames([(-175, 40)], [(178, 0)])
    assert causes(low) == [Cause.ELEVATION]
    assert causes(replace(low, has_elevation=False)) == [Cause.OTHER]


def test_twice_the_tolerance_is_a_near_miss() -> None:
    assert causes(frames([(19, 0)], [(0, 0)])) == [Cause.NEAR]


def test_what_points_nowhere_is_the_onset_then_the_noise_level_then_the_other_talker() -> None:
    early = replace(FAR_OFF, since_onset_s=np.array([[0.29]]), snr_db=0.0)
    assert causes(early) == [Cause.ONSET]
    assert causes(replace(early, since_onset_s=np.array([[0.31]]))) == [Cause.LOW_SNR]
    assert causes(FAR_OFF) == [Cause.OTHER]
    assert causes(frames([(0, 0), (-90, 40)], [(0, 0), (120, 0)])) == [Cause.RIGHT, Cause.SECOND_MISSED]
    assert causes(frames([(60, -50), (-90, 50)], [(0, 0), (120, 0)])) == [Cause.OTHER]


def test_a_cause_that_nobody_could_tell_is_not_there() -> None:
    unknown = share_causes(replace(FAR_OFF, snr_db=float("nan"), has_elevation=False))
    assert set(unknown) == {Cause.RIGHT, Cause.NO_ESTIMATE, Cause.NEAR, Cause.ONSET, Cause.OTHER}
    known = replace(FAR_OFF, noises=np.zeros((0, 3)), reflections=np.stack([toward(5)]))
    assert share_causes(known)[Cause.NOISE].share == 0
    assert Cause.OTHER_TALKER not in share_causes(known)


def test_a_recording_in_which_nobody_speaks_has_no_causes() -> None:
    assert share_causes(frames([(0, 0)], [(0, 0)], speaks=[False])) == {}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_causes_share_all_trials_and_the_whole_mean_error(seed: int, talkers: int) -> None:
    rng = np.random.default_rng(seed)
    active = rng.random((40, talkers)) < 0.7
    truth = normalize_direction(rng.standard_normal((40, talkers, 3)))
    estimated = normalize_direction(truth + rng.uniform(0, 2) * rng.standard_normal((40, talkers, 3)))
    estimated[rng.random((40, talkers)) < 0.1] = np.nan
    errors_deg, matched = match_talkers(estimated, truth, active)
    shares = share_causes(
        ScoredFrames(
            matched,
            errors_deg,
            truth,
            rng.uniform(0, 2, active.shape),
            noises=normalize_direction(rng.standard_normal((2, 3))),
            reflections=normalize_direction(rng.standard_normal((talkers, 3, 3))),
            snr_db=float(rng.uniform(-5, 30)),
        )
    )
    assert sum(cause.share for cause in shares.values()) == pytest.approx(1)
    assert sum(cause.error_deg for cause in shares.values()) == pytest.approx(np.nanmean(errors_deg))
    assert shares[Cause.RIGHT].share == pytest.approx(np.mean(errors_deg[active] <= 10))
