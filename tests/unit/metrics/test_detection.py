"""Hits, false alarms and misses when the number of talkers is not known."""

import math

import numpy as np
import pytest

from anydoa.errors import GeometryError, ShapeError
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.metrics.detection import DetectionCounts, count_detections, evaluate, score, validate

FRONT, LEFT, UP = np.eye(3)
NOTHING = np.zeros((0, 3))
TALKERS = np.stack([FRONT, LEFT])


def test_a_hit_a_false_alarm_and_a_miss() -> None:
    result = evaluate([np.stack([FRONT, UP])], TALKERS, np.ones((1, 2), bool))
    assert (result.precision, result.recall, result.f1, result.count_accuracy) == (0.5, 0.5, 0.5, 1.0)


def test_two_estimates_on_one_talker_are_one_hit() -> None:
    twice = angles_deg_to_direction([0.0, 5.0], [0.0, 0.0])
    counts = count_detections([twice], TALKERS, np.ones((1, 2), bool))
    assert (counts.hits, counts.estimates, counts.talkers) == (1, 2, 2)


def test_pairing_gives_as_many_hits_as_it_can() -> None:
    # The estimate at 8 lies within reach of both talkers, that at -2 only of the first.
    talkers = angles_deg_to_direction([0.0, 15.0], [0.0, 0.0])
    estimated = angles_deg_to_direction([8.0, -2.0], [0.0, 0.0])
    assert count_detections([estimated], talkers, np.ones((1, 2), bool)).hits == 2


def test_silence_without_estimates_says_nothing_of_precision_and_recall() -> None:
    result = evaluate([NOTHING], TALKERS, np.zeros((1, 2), bool))
    assert result.count_accuracy == 1.0
    assert all(math.isnan(share) for share in (result.precision, result.recall, result.f1))


def test_estimates_in_silence_are_false_alarms() -> None:
    result = evaluate([FRONT[None], NOTHING], TALKERS, np.zeros((2, 2), bool))
    assert (result.precision, result.f1, result.count_accuracy) == (0.0, 0.0, 0.5)
    assert math.isnan(result.recall)


def test_a_deaf_estimator_has_no_recall() -> None:
    result = evaluate([NOTHING], TALKERS, np.ones((1, 2), bool))
    assert (result.recall, result.f1, result.count_accuracy) == (0.0, 0.0, 0.0)
    assert math.isnan(result.precision)


def test_counts_of_utterances_add_up() -> None:
    active = np.array([[True, True], [True, False]])
    estimated = [np.stack([FRONT, UP]), FRONT[None]]
    whole = count_detections(estimated, TALKERS, active)
    parts = [count_detections(estimated[i : i + 1], TALKERS, active[i : i + 1]) for i in range(2)]
    assert sum(parts, DetectionCounts()) == whole
    assert score(whole).precision == pytest.approx(2 / 3)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match="must the estimates; got 1; give an empty one"):
        validate([NOTHING], TALKERS, np.ones((2, 2), bool))
    with pytest.raises(ShapeError, match=r"estimates of frame 0 must be \(peak, 3\).*; give unit"):
        validate([FRONT], TALKERS, np.ones((1, 2), bool))


def test_a_talker_who_speaks_from_nowhere_is_refused() -> None:
    unknown = np.stack([FRONT, np.full(3, np.nan)])
    assert count_detections([FRONT[None]], unknown, np.array([[True, False]])).hits == 1
    with pytest.raises(GeometryError, match="must be finite, got that of talker 1 in frame 0; mend it"):
        count_detections([NOTHING], unknown, np.ones((1, 2), bool))
