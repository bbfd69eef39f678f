"""Errors of known talkers: geometry, permutation, silence, averages."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from anydoa.errors import GeometryError, ShapeError
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    great_circle_distance_deg,
    normalize_direction,
)
from anydoa.metrics.localization import (
    LocalizationScore,
    accuracy,
    evaluate,
    localization_errors_deg,
    match_talkers,
    mean_absolute_error_deg,
    mean_and_ci95,
    summarize,
    validate,
)

FRONT, LEFT, UP = np.eye(3)


def test_errors_are_great_circle_angles() -> None:
    estimated = angles_deg_to_direction([[3.0], [0.0]], [[0.0], [-7.0]])
    errors = localization_errors_deg(estimated, FRONT[None], np.ones((2, 1), bool))
    np.testing.assert_allclose(errors, [[3.0], [7.0]])


def test_the_order_of_estimates_does_not_matter() -> None:
    active = np.ones((1, 2), bool)
    errors = localization_errors_deg(np.stack([LEFT, FRONT])[None], np.stack([FRONT, LEFT]), active)
    np.testing.assert_allclose(errors, [[0.0, 0.0]], atol=1e-12)


def test_matching_minimises_the_sum_and_not_the_first_error() -> None:
    # On a circle, talkers at 0 and 10; estimates at 9 and 60. Nearest first would pair 9 with 10.
    truth = angles_deg_to_direction([0.0, 10.0], [0.0, 0.0])
    estimated = angles_deg_to_direction([9.0, 60.0], [0.0, 0.0])
    errors = localization_errors_deg(estimated[None], truth, np.ones((1, 2), bool))
    assert errors.sum() == pytest.approx(59.0)


def test_each_talker_is_given_the_peak_its_error_is_measured_to() -> None:
    nobody = np.full(3, np.nan)
    estimated = np.stack([[LEFT, FRONT], [FRONT, LEFT], [UP, nobody]])
    active = np.array([[True, True], [False, True], [True, True]])
    errors, matched = match_talkers(estimated, np.stack([FRONT, LEFT]), active)
    np.testing.assert_array_equal(matched[:2], [[FRONT, LEFT], [nobody, FRONT]])
    assert sorted(errors[2].tolist()) == [90.0, 180.0]
    np.testing.assert_array_equal(matched[2, errors[2].argsort()], [UP, nobody])


def test_silent_talkers_are_no_trials_and_take_no_peak() -> None:
    estimated = np.stack([[LEFT, FRONT], [LEFT, FRONT], [LEFT, FRONT]])
    active = np.array([[True, True], [False, True], [False, False]])
    errors = localization_errors_deg(estimated, np.stack([FRONT, LEFT]), active)
    np.testing.assert_allclose(errors, [[0, 0], [np.nan, 0], [np.nan, np.nan]], atol=1e-12)


def test_only_as_many_peaks_as_talkers_speak_are_believed() -> None:
    # The second peak is right, but with one talker speaking only the first counts.
    errors = localization_errors_deg(np.stack([UP, FRONT])[None], FRONT[None], np.ones((1, 1), bool))
    assert errors[0, 0] == pytest.approx(90.0)


def test_a_talker_without_a_peak_is_missed_by_half_a_turn() -> None:
    missing = np.stack([FRONT, np.full(3, np.nan)])[None]
    errors = localization_errors_deg(missing, np.stack([LEFT, FRONT]), np.ones((1, 2), bool))
    np.testing.assert_allclose(errors, [[180.0, 0.0]], atol=1e-12)
    too_few = localization_errors_deg(FRONT[None, None], np.stack([LEFT, FRONT]), np.ones((1, 2), bool))
    np.testing.assert_allclose(too_few, [[180.0, 0.0]], atol=1e-12)


def test_moving_talkers_are_compared_frame_by_frame() -> None:
    truth = np.stack([[FRONT], [LEFT]])
    errors = localization_errors_deg(truth, truth, np.ones((2, 1), bool))
    np.testing.assert_allclose(errors, 0.0, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31 - 1), st.integers(1, 4))
def test_no_permutation_beats_the_matching(seed: int, num_sources: int) -> None:
    rng = np.random.default_rng(seed)
    truth, estimated = normalize_direction(rng.standard_normal((2, num_sources, 3)))
    errors = localization_errors_deg(estimated[None], truth, np.ones((1, num_sources), bool))
    best = min(
        great_circle_distance_deg(estimated[list(order)], truth).sum()
        for order in permutations(range(num_sources))
    )
    assert errors.sum() == pytest.approx(best)


def test_the_limit_of_accuracy_is_inside() -> None:
    assert accuracy(np.array([10.0, 10.1, np.nan])) == 0.5
    assert mean_absolute_error_deg(np.array([10.0, 20.0, np.nan])) == 15.0


def test_scores_average_over_utterances_not_over_trials() -> None:
    short = evaluate(UP[None, None], FRONT[None], np.ones((1, 1), bool))
    long = evaluate(np.tile(FRONT, (9, 1, 1)), FRONT[None], np.ones((9, 1), bool))
    summary = summarize([short, long])
    assert (summary.mae_deg, summary.acc10, summary.num_clips) == (pytest.approx(45.0), 0.5, 2)


def test_utterances_without_speech_are_left_out() -> None:
    silent = evaluate(UP[None, None], FRONT[None], np.zeros((1, 1), bool))
    assert silent.num_trials == 0
    assert np.isnan(silent.mae_deg)
    assert summarize([silent, LocalizationScore(5.0, 1.0, 3)]).mae_deg == 5.0
    assert np.isnan(summarize([silent]).mae_deg)


def test_the_interval_is_student_s() -> None:
    values = [1.0, 2.0, 4.0, 8.0]
    mean, half = mean_and_ci95(values)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert mean - half == pytest.approx(low)
    assert mean + half == pytest.approx(high)
    assert np.isnan(mean_and_ci95([1.0])[1])


@pytest.mark.parametrize(
    ("estimated", "truth", "active", "message"),
    [
        (np.zeros((2, 1, 3)), np.zeros((1, 3)), np.ones((2, 1)), "activity must be boolean.*; give one colu"),
        (np.zeros((2, 1, 3)), np.zeros((2, 3)), np.ones((2, 1), bool), "truth must be.*; give one direction"),
        (np.zeros((3, 1, 3)), np.zeros((1, 3)), np.ones((2, 1), bool), "estimates must be.*; give as many"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    estimated: np.ndarray, truth: np.ndarray, active: np.ndarray, message: str
) -> None:
    with pytest.raises(ShapeError, match=message):
        validate(estimated, truth, active)


@pytest.mark.parametrize("unknown", [np.nan, np.inf])
def test_a_talker_who_speaks_from_nowhere_is_refused(unknown: float) -> None:
    truth = np.stack([[FRONT, LEFT], [FRONT, np.full(3, unknown)]])
    active = np.array([[True, True], [True, False]])
    if np.isnan(unknown):  # as silent talkers may
        assert np.isnan(localization_errors_deg(truth, truth, active)[1, 1])
    with pytest.raises(GeometryError, match="must be finite, got that of talker 1 in frame 1; mend it"):
        localization_errors_deg(truth, truth, np.ones((2, 2), bool))
    with pytest.raises(GeometryError, match="must be finite, got that of talker 1 in frame 0"):
        localization_errors_deg(truth, truth[1], np.ones((2, 2), bool))
