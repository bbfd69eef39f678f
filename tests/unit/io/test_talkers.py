"""Talkers of a whole recording: how long a direction was heard."""

import numpy as np
import pytest

from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io.talkers import Talker, TalkerPath, Turn, heard_s, talker_numbers

FRAME_S = 0.1


def talker(id: int, azimuth_deg: float, first: int, last: int) -> Talker:
    """One who is heard in all frames from one to another, both included, in one place."""
    times_s = FRAME_S * np.arange(first, last + 1)
    places = np.tile(angles_deg_to_direction(azimuth_deg, 0), (len(times_s), 1))
    turn = Turn(times_s[0], times_s[-1], FRAME_S * len(times_s))
    return Talker(id, TalkerPath(times_s, places, np.full(len(times_s), 0.5)), (turn,))


def test_a_moment_with_two_talkers_near_a_direction_counts_once() -> None:
    talkers = [talker(0, 0, 0, 9), talker(1, 6, 5, 14), talker(2, 90, 0, 14)]
    assert heard_s(talkers, angles_deg_to_direction(3, 0)) == pytest.approx(1.5)
    assert heard_s(talkers, angles_deg_to_direction(90, 0)) == pytest.approx(1.5)
    assert heard_s(talkers, angles_deg_to_direction(-8, 0)) == pytest.approx(1.0)


def test_a_direction_that_nobody_is_near_was_not_heard() -> None:
    assert heard_s([talker(0, 0, 0, 9)], angles_deg_to_direction(90, 0)) == 0
    assert heard_s([], angles_deg_to_direction(90, 0)) == 0


def test_each_direction_has_the_number_of_the_talker_who_was_heard_there() -> None:
    talkers = [talker(0, 40, 0, 4), talker(1, -100, 5, 60), talker(2, 42, 8, 30)]
    directions = angles_deg_to_direction(np.array([-99.0, 41.0, 43.0, 150.0]), np.zeros(4))
    assert talker_numbers(talkers, directions) == [1, 2, 0, 3]
    assert talker_numbers([], directions) == [0, 1, 2, 3]
