"""Placing talkers between the directions of a grid."""

import tracemalloc

import numpy as np
import pytest
from free_field import random_array, random_direction

from anydoa.acoustics.plane_wave import steering_phases
from anydoa.estimators.steered.band_power import pair_products
from anydoa.estimators.steered.bin_features import BinAxis
from anydoa.estimators.steered.fine_search import FineSearch
from anydoa.estimators.steered.patch import first_greatest
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    direction_to_angles_deg,
    great_circle_distance_deg,
    normalize_direction,
    random_rotation,
    rotate,
)
from anydoa.geometry.grid import DirectionGrid, azimuth_grid, cap_grid, fibonacci_grid
from anydoa.geometry.layouts import circular_positions, linear_positions
from anydoa.geometry.pattern import MicrophonePattern

AXIS = BinAxis()


def heard_from(direction: np.ndarray, array: MicrophoneArray) -> np.ndarray:
    """Pair products of a plane wave, every bin counting one."""
    phases = steering_phases(direction[None], array, AXIS.frequencies)
    return pair_products(phases[:, None])[:, 0]


@pytest.mark.parametrize("mics", [5, 8, 9, 14])
def test_a_talker_is_climbed_to_from_far_and_placed_between_directions(mics: int) -> None:
    array, grid = random_array(np.random.default_rng(mics), mics), fibonacci_grid(2048)
    there, start = angles_deg_to_direction(63, 21), angles_deg_to_direction(52, 27)
    search = FineSearch(array, grid, AXIS)
    found, coherence = search.locate(start, heard_from(there, array), mass=AXIS.num_bins)
    assert great_circle_distance_deg(found, there) < 0.3
    assert np.degrees(np.arccos((grid.directions @ there).max())) > 1.0
    assert coherence > 0.9


@pytest.mark.parametrize("count", [256, 1024, 8192])
def test_what_turns_sound_upside_down_is_placed_as_well_on_any_grid(count: int) -> None:
    """Responses have edges where a microphone turns sound over, and long ridges on arrays that are flat."""
    rng, errors = np.random.default_rng(5), []
    for _ in range(12):
        array = random_array(rng, 7)
        axes = rotate(fibonacci_grid(7).directions, random_rotation(rng))
        patterns = [MicrophonePattern(0.25, tuple(axis)) for axis in axes]
        flat = MicrophoneArray(array.positions * [1, 1, 0.2], "flat", patterns=patterns)
        there = random_direction(rng)
        start = normalize_direction(there + 0.05 * rng.standard_normal(3))
        found, _ = FineSearch(flat, fibonacci_grid(count), AXIS).locate(start, heard_from(there, flat), 1.0)
        errors.append(great_circle_distance_deg(found, there))
    assert np.median(errors) < 0.2
    assert max(errors) < 3


def test_the_narrow_lobes_of_a_wide_array_are_seen() -> None:
    rng, errors = np.random.default_rng(8), []
    for _ in range(12):
        array = MicrophoneArray(4 * random_array(rng, 7).positions, "wide")
        there = random_direction(rng)
        start = normalize_direction(there + 0.03 * rng.standard_normal(3))
        found, _ = FineSearch(array, fibonacci_grid(2048), AXIS).locate(start, heard_from(there, array), 1.0)
        errors.append(great_circle_distance_deg(found, there))
    assert max(errors) < 0.3


def test_half_of_the_mask_without_phase_halves_coherence() -> None:
    array, there = random_array(np.random.default_rng(1), 6), angles_deg_to_direction(-40, 5)
    pairs = heard_from(there, array)
    search = FineSearch(array, fibonacci_grid(2048), AXIS)
    _, whole = search.locate(there, pairs, mass=AXIS.num_bins)
    _, half = search.locate(there, pairs, mass=2 * AXIS.num_bins)
    assert half == pytest.approx(whole / 2)


def test_talkers_on_a_grid_of_azimuths_stay_there() -> None:
    array = MicrophoneArray(circular_positions(6, 0.05), "ring")
    there = angles_deg_to_direction(100, 0)
    search = FineSearch(array, azimuth_grid(72), AXIS)
    found, _ = search.locate(angles_deg_to_direction(95, 0), heard_from(there, array), mass=AXIS.num_bins)
    assert great_circle_distance_deg(found, there) < 2.6
    assert abs(found[2]) < 1e-6


def search_among(grid: DirectionGrid, there: np.ndarray, start: np.ndarray) -> np.ndarray:
    array = random_array(np.random.default_rng(3), 6)
    return FineSearch(array, grid, AXIS).locate(start, heard_from(there, array), mass=AXIS.num_bins)[0]


def test_wide_gaps_of_a_grid_are_searched_and_what_lies_beyond_it_is_not() -> None:
    azimuths, there = np.arange(-180, 180, 15), angles_deg_to_direction(41, -17)
    every = [
        angles_deg_to_direction(azimuth, elevation) for azimuth in azimuths for elevation in (-30, 0, 30, 60)
    ]
    for grid in (DirectionGrid(np.array(every)), fibonacci_grid(12)):
        assert (
            great_circle_distance_deg(search_among(grid, there, angles_deg_to_direction(45, -14)), there)
            < 0.1
        )
    upper = fibonacci_grid(2048).directions
    found = search_among(DirectionGrid(upper[upper[:, 2] > 0]), there, angles_deg_to_direction(42, 2))
    assert abs(direction_to_angles_deg(found)[1]) < 4.5


def test_a_dense_grid_places_a_talker_as_well_as_a_usual_one() -> None:
    there, start = angles_deg_to_direction(41.3, 22.7), angles_deg_to_direction(46, 20)
    for grid in (cap_grid(40, 20, 10, 2000), cap_grid(41, 23, 1, 3000), fibonacci_grid(60_000)):
        assert great_circle_distance_deg(search_among(grid, there, start), there) < 0.1


def test_a_talker_beside_a_dense_grid_is_moved_onto_it() -> None:
    there, grid = angles_deg_to_direction(50, 20), cap_grid(40, 20, 5, 2000)
    found = search_among(grid, there, angles_deg_to_direction(42, 20))
    assert (grid.directions == found).all(axis=1).any()
    assert great_circle_distance_deg(found, there) < 9.4 - 5 + 0.5


def test_talkers_on_a_dense_circle_stay_there() -> None:
    there = angles_deg_to_direction(100, 3)
    found = search_among(azimuth_grid(1440), there, angles_deg_to_direction(97, 0))
    assert great_circle_distance_deg(found, angles_deg_to_direction(100, 0)) < 1.0
    assert abs(found[2]) < 1e-6


def test_the_memory_of_a_search_does_not_grow_with_the_density_of_the_grid() -> None:
    there, start = angles_deg_to_direction(41, 21), angles_deg_to_direction(44, 20)
    peaks = []
    for count in (2000, 8000):
        grid = cap_grid(40, 20, 5, count)
        assert len(grid.neighbours) == count
        tracemalloc.start()
        search_among(grid, there, start)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 4 * 2**20


def test_a_straight_array_finds_the_cone() -> None:
    array = MicrophoneArray(linear_positions(4, 0.04), "line")
    axis = array.positions[-1] - array.positions[0]
    axis /= np.linalg.norm(axis)
    there = angles_deg_to_direction(50, 30)
    search = FineSearch(array, fibonacci_grid(2048), AXIS)
    angle = np.arccos(there @ axis) + 0.05
    start = np.cos(angle) * axis + np.sin(angle) * np.array([0.0, 0.0, 1.0])
    found, _ = search.locate(start, heard_from(there, array), mass=AXIS.num_bins)
    assert np.degrees(abs(np.arccos(found @ axis) - np.arccos(there @ axis))) < 0.5


@pytest.mark.parametrize("spacing_m", [0.02, 0.04, 0.1, 0.4])
def test_a_pair_favours_no_end(spacing_m: float) -> None:
    pair = MicrophoneArray(linear_positions(2, spacing_m), "pair")
    search, cones = FineSearch(pair, fibonacci_grid(2048), AXIS), pair.ambiguity.cones
    assert cones is not None
    angles = np.deg2rad(np.arange(12.0, 170, 6))
    errors = []
    for there, start in zip(cones.directions(angles), cones.directions(angles + 0.03), strict=True):
        found, _ = search.locate(start, heard_from(there, pair), mass=AXIS.num_bins)
        errors.append(float(np.rad2deg(cones.angles(found) - cones.angles(there))))
    assert np.abs(errors).max() < 0.1
    assert abs(np.mean(errors)) < 0.01


def test_a_straight_array_hears_no_farther_than_the_grid_looks() -> None:
    line = MicrophoneArray(linear_positions(4, 0.04), "line")
    cones = line.ambiguity.cones
    assert cones is not None
    grid = DirectionGrid(cones.directions(np.deg2rad(np.arange(60.0, 121))))
    search = FineSearch(line, grid, AXIS)
    for angle_deg, nearest_deg in ((40, 60), (70, 70), (130, 120)):
        there = cones.directions(np.deg2rad([angle_deg]))[0]
        start = cones.directions(np.deg2rad([nearest_deg]))[0]
        found, _ = search.locate(start, heard_from(there, line), mass=AXIS.num_bins)
        assert np.rad2deg(cones.angles(found)) == pytest.approx(nearest_deg, abs=0.1)


def test_of_values_equal_but_for_rounding_the_first_is_taken() -> None:
    assert first_greatest(np.array([0.1, 1.0, 1.0 + 1e-7])) == 1
    assert first_greatest(np.array([0.1, 1.0, 1.01])) == 2
