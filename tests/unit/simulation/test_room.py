"""Rooms and places in them obey the ranges they are drawn from."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import direction_to_angles_deg, great_circle_distance_deg
from anydoa.simulation.recipe import RoomRanges
from anydoa.simulation.room import sample_direction, sample_paths, sample_placement, shoebox

seeds = st.integers(0, 2**31 - 1)
RANGES = RoomRanges()


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_every_source_stands_inside_the_room_at_the_distance_asked_for(seed: int) -> None:
    placement = sample_placement(np.random.default_rng(seed), RANGES, num_talkers=3, num_noises=2)
    sources = np.concatenate([placement.talkers, placement.noises])
    assert (sources >= RANGES.wall_margin).all()
    assert (sources <= placement.room.size - RANGES.wall_margin).all()
    talkers = np.linalg.norm(placement.talkers - placement.centre, axis=1)
    assert ((talkers >= 0.3) & (talkers <= 2.5)).all()
    assert (np.linalg.norm(placement.noises - placement.centre, axis=1) >= 2.5).all()


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_talkers_are_ten_degrees_apart_seen_from_the_array(seed: int) -> None:
    placement = sample_placement(np.random.default_rng(seed), RANGES, num_talkers=3)
    offsets = placement.talkers - placement.centre
    pairs = great_circle_distance_deg(offsets[[0, 0, 1]], offsets[[1, 2, 2]])
    assert pairs.min() >= 10


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_a_walking_talker_keeps_out_of_the_array_and_inside_the_room(seed: int) -> None:
    rng = np.random.default_rng(seed)
    placement = sample_placement(rng, RANGES, num_talkers=2)
    paths = sample_paths(rng, RANGES, placement, num_knots=9)
    assert np.allclose(paths[:, 0], placement.talkers)
    assert np.linalg.norm(paths - placement.centre, axis=-1).min() >= 0.3
    assert (paths >= RANGES.wall_margin).all()
    assert (paths <= placement.room.size - RANGES.wall_margin).all()


@settings(max_examples=40, deadline=None)
@given(st.floats(3, 10), st.floats(3, 8), st.floats(2.5, 6), st.floats(0.3, 1.3))
def test_walls_swallow_what_eyring_asks_for(length: float, width: float, height: float, rt60: float) -> None:
    room = shoebox(np.array([length, width, height]), rt60)
    surface = 2 * (length * width + width * height + length * height)
    mean = room.absorption.mean()
    assert 0.161 * room.volume / (-surface * np.log(1 - mean)) == pytest.approx(rt60, rel=1e-6)


def test_unequal_walls_swallow_as_much_together_as_equal_ones() -> None:
    size = np.array([5.0, 4.0, 3.0])
    equal, unequal = shoebox(size, 0.6), shoebox(size, 0.6, np.array([0.5, 1.0, 0.6, 0.9, 0.7, 0.8]))
    walls = np.array([12.0, 12.0, 15.0, 15.0, 20.0, 20.0])  # x walls are width x height, and so on
    assert unequal.absorption @ walls == pytest.approx(equal.absorption @ walls)
    assert np.ptp(unequal.absorption) > 0.05


def test_directions_prefer_the_horizon_and_no_azimuth() -> None:
    rng = np.random.default_rng(0)
    azimuth, elevation = direction_to_angles_deg(np.stack([sample_direction(rng) for _ in range(3000)]))
    # A uniform sphere has half of its directions within 30 degrees of the horizon.
    assert 0.65 < np.mean(np.abs(elevation) < 30) < 0.9
    assert abs(elevation.mean()) < 2
    assert abs(np.mean(np.exp(1j * np.deg2rad(azimuth)))) < 0.05


def test_an_array_that_fits_in_no_room_is_refused() -> None:
    tiny = RoomRanges(smallest=(2.0, 2.0, 2.0), largest=(2.2, 2.2, 2.2))
    with pytest.raises(ConfigError, match="allow larger rooms"):
        sample_placement(np.random.default_rng(0), tiny, num_talkers=1, num_noises=1)


@pytest.mark.parametrize(("size", "rt60"), [((3.0, 0.0, 3.0), 0.5), ((3.0, 3.0, 3.0), 0.0)])
def test_impossible_rooms_are_refused(size: tuple[float, float, float], rt60: float) -> None:
    with pytest.raises(ConfigError, match="above 0"):
        shoebox(np.array(size), rt60)


def test_nobody_walks_around_an_array_that_reaches_as_far_as_talkers_may_stand() -> None:
    ranges = RoomRanges()
    rng = np.random.default_rng(0)
    placement = sample_placement(
        rng, replace(ranges, largest=(12.0, 12.0, 9.0)), num_talkers=1, num_noises=0, array_radius=2.45
    )
    with pytest.raises(ConfigError, match=r"no talker walks around an array of radius 2\.45 m"):
        sample_paths(rng, ranges, placement, num_knots=33, array_radius=2.45)
