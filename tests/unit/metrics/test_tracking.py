"""Distances between sets of directions, and identities."""

import numpy as np
import pytest
from free_field import random_direction
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import ConfigError, ShapeError
from anydoa.geometry.coordinates import angles_deg_to_direction, random_rotation, rotate
from anydoa.metrics.tracking import TrackCounts, count_tracks, gospa, ospa_deg, validate
from properties.strategies import seeds

NOTHING = np.zeros((0, 3))
sizes = st.integers(0, 4)


def on_horizon(*azimuths_deg: float) -> np.ndarray:
    return angles_deg_to_direction(list(azimuths_deg), np.zeros(len(azimuths_deg)))


def random_directions(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array([random_direction(rng) for _ in range(count)]).reshape(count, 3)


def test_equal_sets_have_no_distance() -> None:
    assert ospa_deg(on_horizon(10, 80), on_horizon(80, 10)) == pytest.approx(0, abs=1e-6)
    assert gospa(on_horizon(10, 80), on_horizon(80, 10)).total_deg == pytest.approx(0, abs=1e-6)


def test_nothing_said_of_nobody_is_perfect() -> None:
    assert ospa_deg(NOTHING, NOTHING) == 0
    assert gospa(NOTHING, NOTHING).total_deg == 0


def test_the_distance_by_hand() -> None:
    # One pair 3 degrees apart, one talker without a track.
    talkers, tracks = on_horizon(0, 90), on_horizon(3)
    assert ospa_deg(talkers, tracks, cutoff_deg=20) == pytest.approx(np.sqrt((3**2 + 20**2) / 2))
    result = gospa(talkers, tracks, cutoff_deg=20)
    assert result.total_deg == pytest.approx(np.sqrt(3**2 + 20**2 / 2))
    assert result.localization == pytest.approx(9)
    assert (result.num_missed, result.num_false) == (1, 0)


def test_a_far_track_is_a_miss_and_a_false_track() -> None:
    result = gospa(on_horizon(0), on_horizon(90), cutoff_deg=20)
    assert (result.total_deg, result.num_missed, result.num_false) == (20, 1, 1)
    assert ospa_deg(on_horizon(0), on_horizon(90), cutoff_deg=20) == 20


def test_one_ghost_more_costs_gospa_more_and_ospa_less_and_less() -> None:
    talkers = on_horizon(0)
    ghosts = [on_horizon(0, *range(60, 60 + 30 * count, 30)) for count in range(4)]
    totals = [gospa(talkers, tracks, order=1).total_deg for tracks in ghosts]
    np.testing.assert_allclose(totals, [0, 10, 20, 30], atol=1e-6)
    np.testing.assert_allclose(
        [ospa_deg(talkers, tracks, order=1) for tracks in ghosts], [0, 10, 40 / 3, 15], atol=1e-6
    )


@settings(max_examples=60, deadline=None)
@given(seeds, sizes, sizes, sizes, st.floats(5, 180), st.floats(1, 3))
def test_both_are_metrics(
    seed: int, first: int, second: int, third: int, cutoff_deg: float, order: float
) -> None:
    sets = [random_directions(seed + index, size) for index, size in enumerate((first, second, third))]

    def total_deg(one: np.ndarray, other: np.ndarray) -> float:
        return gospa(one, other, cutoff_deg=cutoff_deg, order=order).total_deg

    def mean_deg(one: np.ndarray, other: np.ndarray) -> float:
        return ospa_deg(one, other, cutoff_deg=cutoff_deg, order=order)

    for metric in (total_deg, mean_deg):
        there, back = metric(sets[0], sets[1]), metric(sets[1], sets[0])
        assert there == pytest.approx(back, abs=1e-9)
        assert there <= metric(sets[0], sets[2]) + metric(sets[2], sets[1]) + 1e-6
    assert mean_deg(sets[0], sets[1]) <= cutoff_deg + 1e-9


@settings(max_examples=30, deadline=None)
@given(seeds, sizes, sizes)
def test_turning_the_world_changes_no_distance(seed: int, first: int, second: int) -> None:
    talkers, tracks = random_directions(seed, first), random_directions(seed + 1, second)
    turn = random_rotation(np.random.default_rng(seed))
    turned = rotate(talkers, turn), rotate(tracks, turn)
    assert ospa_deg(*turned) == pytest.approx(ospa_deg(talkers, tracks), abs=1e-5)
    assert gospa(*turned).total_deg == pytest.approx(gospa(talkers, tracks).total_deg, abs=1e-5)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"cutoff must be above 0.*; 20 is usual"):
        ospa_deg(NOTHING, NOTHING, cutoff_deg=0)
    with pytest.raises(ConfigError, match="order must be at least 1"):
        gospa(NOTHING, NOTHING, order=0.5)


def count(frames: list[dict[int, float]], *paths_deg: list[float]) -> TrackCounts:
    """Counts for tracks {id: azimuth} of each frame and talkers on paths, one a second; NaN is absence."""
    azimuth_deg = np.array(paths_deg, dtype=np.float64).T
    return count_tracks(
        [np.array(list(frame), dtype=np.int64) for frame in frames],
        [on_horizon(*frame.values()) for frame in frames],
        angles_deg_to_direction(np.nan_to_num(azimuth_deg), np.zeros_like(azimuth_deg)),
        ~np.isnan(azimuth_deg),
        duration_s=float(len(frames)),
    )


def test_a_talker_taken_over_by_another_track_is_a_switch() -> None:
    assert count([{0: 0}, {0: 2}, {1: 3}], [0, 1, 2]).switches == 1


def test_the_same_track_after_a_gap_is_no_switch() -> None:
    counts = count([{0: 0}, {}, {0: 3}], [0, 1, 2])
    assert (counts.switches, counts.missed, counts.talkers) == (0, 1, 3)


def test_tracks_that_trade_talkers_are_two_switches() -> None:
    assert count([{0: 0, 1: 60}, {0: 60, 1: 0}], [0, 0], [60, 60]).switches == 2


def test_a_lasting_pair_comes_before_a_nearer_track() -> None:
    counts = count([{0: 0}, {0: 8, 1: 0}, {0: 8, 1: 0}], [0, 0, 0])
    assert (counts.switches, counts.false_tracks) == (0, 1)


def test_a_track_of_nobody_is_false_and_a_short_one_of_somebody_is_not() -> None:
    counts = count([{0: 90, 1: 1}, {0: 90}, {0: 90}], [0, 0, 0])
    assert (counts.false_tracks, counts.tracks, counts.missed) == (1, 2, 2)
    assert counts.false_tracks_a_minute == pytest.approx(20)


def test_absent_talkers_are_not_missed() -> None:
    counts = count([{}, {0: 0}], [np.nan, 0])
    assert (counts.missed, counts.talkers, counts.missed_share) == (0, 1, 0)


def test_counts_of_recordings_add_up() -> None:
    one, other = count([{0: 0}, {1: 0}], [0, 0]), count([{0: 90}], [0])
    both = one + other
    assert (both.switches, both.false_tracks, both.missed, both.talkers) == (1, 1, 1, 3)
    assert both.minutes == pytest.approx(3 / 60)
    assert np.isnan(TrackCounts().false_tracks_a_minute)


def test_frames_that_do_not_fit_are_refused() -> None:
    present = np.ones((1, 1), bool)
    truth = on_horizon(0)[None]
    with pytest.raises(ShapeError, match="so must ids and tracks; got 0 and 0; give empty"):
        validate([], [], truth, present)
    with pytest.raises(ShapeError, match=r"tracks of frame 0 must be \(1, 3\).*; give a dir"):
        validate([np.array([0])], [NOTHING], truth, present)
    with pytest.raises(ShapeError, match=r"like presence.*; give a direction"):
        validate([], [], truth, np.ones((1, 2), bool))
