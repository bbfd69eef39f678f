"""Steering vectors of measured bodies: against the sphere that was measured, and what physics guarantees."""

import numpy as np
import pytest

from anydoa.acoustics.arrival import plane_arrival_times, spherical_arrival_times
from anydoa.acoustics.diffuse_field import diffuse_coherence
from anydoa.acoustics.measured_waves import MeasuredDirections, delay_agreement
from anydoa.acoustics.plane_wave import coverage_warnings, steering_phases, steering_vectors
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    great_circle_distance_deg,
    rotate,
    rotation_from_rpy_deg,
)
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.geometry.measured_steering import MeasuredSteering
from body_scenes import SAMPLE_RATE, measured, measured_ball, sphere_responses, turned_directions
from sphere_scenes import ball_array

FREQUENCIES = np.arange(8, 243, 9) * 31.25
DIRECTIONS = turned_directions(97)
BALL = ball_array(np.random.default_rng(0), 6, radius=0.06)
MEASURED = measured(BALL)


def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Root of the share of power in which steering vectors (freq, direction, mic) differ, but for phase."""
    product = np.abs(np.sum(first * second.conj(), axis=2))
    sizes = np.linalg.norm(first, axis=2) * np.linalg.norm(second, axis=2)
    return np.sqrt(np.maximum(1 - (product / sizes) ** 2, 0))


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def test_a_measured_sphere_is_steered_as_the_sphere() -> None:
    found, expected = (steering_vectors(DIRECTIONS, array, FREQUENCIES) for array in (MEASURED, BALL))
    assert rms(distance(found, expected)) < 0.006
    assert distance(found, expected).max() < 0.05
    free = steering_vectors(DIRECTIONS, MEASURED.replace(steering=None), FREQUENCIES)
    assert rms(distance(free, expected)) > 0.4
    phases, wanted = (steering_phases(DIRECTIONS, array, FREQUENCIES) for array in (MEASURED, BALL))
    np.testing.assert_allclose(np.abs(phases), 1, atol=1e-5)
    assert rms(distance(phases, wanted)) < 0.01


def test_denser_measurements_are_nearer_to_the_truth() -> None:
    expected = steering_vectors(DIRECTIONS, BALL, FREQUENCIES)
    errors = [
        rms(distance(steering_vectors(DIRECTIONS, measured(BALL, count), FREQUENCIES), expected))
        for count in (100, 300, 900)
    ]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


def test_at_measured_directions_responses_are_those_measured() -> None:
    assert MEASURED.steering is not None
    directions = MEASURED.steering.directions[::50]
    found, expected = (steering_vectors(directions, array, FREQUENCIES) for array in (MEASURED, BALL))
    assert distance(found, expected).max() < 0.01


def test_delays_and_gains_of_whole_directions_do_not_count() -> None:
    assert MEASURED.steering is not None
    rng = np.random.default_rng(1)
    heard = np.pad(MEASURED.steering.responses, ((0, 0), (0, 0), (0, 60)))
    late = np.stack(
        [np.roll(one, shift, axis=1) for one, shift in zip(heard, rng.integers(0, 60, 1000), strict=True)]
    )
    other = MeasuredSteering(MEASURED.steering.directions, -3 * late, SAMPLE_RATE)
    moved = steering_vectors(DIRECTIONS, MEASURED.replace(steering=other), FREQUENCIES)
    assert rms(distance(moved, steering_vectors(DIRECTIONS, MEASURED, FREQUENCIES))) < 0.002


def test_loudspeakers_at_any_distance_leave_delays_between_microphones_alone() -> None:
    """Half of the directions are measured from 1 m, half from 1.5 m."""
    assert MEASURED.steering is not None
    heard = np.pad(MEASURED.steering.responses, ((0, 0), (0, 0), (0, 80)))
    later = round(0.5 / 343.0 * SAMPLE_RATE)
    heard[::2] = np.roll(heard[::2], later, axis=2)
    mixed = MEASURED.replace(steering=MeasuredSteering(MEASURED.steering.directions, heard, SAMPLE_RATE))
    found, expected = (np.diff(plane_arrival_times(array, DIRECTIONS), axis=0) for array in (mixed, MEASURED))
    assert np.abs(found - expected).max() < 6e-6


@pytest.mark.parametrize("seed", [1, 2])
def test_order_choice_and_turns_of_microphones_keep_their_responses(seed: int) -> None:
    rng = np.random.default_rng(seed)
    array = measured_ball(seed, num_directions=100)
    vectors = steering_vectors(DIRECTIONS, array, FREQUENCIES)
    chosen = rng.permutation(6).tolist()
    shuffled = steering_vectors(DIRECTIONS, array.select_microphones(chosen), FREQUENCIES)
    np.testing.assert_allclose(shuffled, vectors[..., chosen], atol=1e-5)
    # A part of the microphones hears what it heard before, but for a phase of each direction.
    part = array.select_microphones(chosen[:3])
    assert rms(distance(steering_vectors(DIRECTIONS, part, FREQUENCIES), vectors[..., chosen[:3]])) < 0.05
    mount = tuple(rng.uniform(-180, 180, 3))
    turned = rotate(DIRECTIONS, rotation_from_rpy_deg(mount))
    there = steering_vectors(turned, array.replace(mount_rpy_deg=mount), FREQUENCIES)
    np.testing.assert_allclose(there, vectors, atol=1e-4)


def test_the_coherence_of_a_diffuse_field_is_that_of_the_sphere() -> None:
    coherence = diffuse_coherence(MEASURED, FREQUENCIES)
    assert np.abs(coherence - diffuse_coherence(BALL, FREQUENCIES)).max() < 0.02


def test_delays_are_those_of_the_way_around_the_sphere() -> None:
    ears = MicrophoneArray([[0, 0.0875, 0], [0, -0.0875, 0]], rigid_sphere_radius=0.0875)
    directions = angles_deg_to_direction([30.0, 60.0, 90.0], [0.0, 0.0, 0.0])
    arrays = (measured(ears, 400), ears, ears.replace(rigid_sphere_radius=None))
    found, around, free = (np.subtract(*plane_arrival_times(array, directions)[::-1]) for array in arrays)
    assert np.abs(found - around).max() < 5e-5
    assert found[2] - free[2] > 8e-5


def test_a_near_wave_is_bent_as_in_free_air() -> None:
    far, farther = (spherical_arrival_times(MEASURED, DIRECTIONS[:5], metres) for metres in (500.0, 5000.0))
    assert np.abs(farther - plane_arrival_times(MEASURED, DIRECTIONS[:5])).max() < 1e-7
    near = spherical_arrival_times(MEASURED, DIRECTIONS[:5], 0.5)
    assert np.abs(near - far).max() > 1e-6


def test_a_file_that_counts_angles_the_other_way_round_does_not_agree() -> None:
    assert delay_agreement(MEASURED) > 0.95
    assert MEASURED.steering is not None
    mirrored = MeasuredSteering(
        MEASURED.steering.directions * [1, -1, 1], MEASURED.steering.responses, SAMPLE_RATE
    )
    assert delay_agreement(MEASURED.replace(steering=mirrored)) < 0.7
    assert delay_agreement(MEASURED.select_microphones([1, 0, 2, 3, 4, 5])) > 0.95


@pytest.mark.parametrize("count", [2, 4, 30, 500])
def test_weights_of_the_directions_around_sum_to_one(count: int) -> None:
    around = MeasuredDirections(fibonacci_grid(count).directions)
    corners, weights = around.corners(DIRECTIONS)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights.min() >= 0
    assert corners.max() < count
    own, _ = around.corners(fibonacci_grid(count).directions)
    assert (own == np.arange(count)[:, None]).any(axis=1).all()


def test_between_measured_directions_weights_make_the_direction() -> None:
    directions = fibonacci_grid(500).directions
    corners, weights = MeasuredDirections(directions).corners(DIRECTIONS)
    made = np.einsum("ac,acx->ax", weights, directions[corners])
    assert great_circle_distance_deg(made, DIRECTIONS).max() < 1e-3


def test_a_ring_of_directions_is_read_along_the_ring() -> None:
    ring = angles_deg_to_direction(np.arange(0, 360, 10.0), np.zeros(36))
    corners, weights = MeasuredDirections(ring).corners(angles_deg_to_direction([13.0, 95.0], [0.0, 0.0]))
    found = {
        int(corner): weight for corner, weight in zip(corners[0], weights[0], strict=True) if weight > 1e-6
    }
    assert found == {1: pytest.approx(0.7, abs=0.01), 2: pytest.approx(0.3, abs=0.01)}
    assert np.sort(corners[1][weights[1] > 1e-6]).tolist() == [9, 10]


def test_beyond_what_was_measured_the_nearest_direction_stands() -> None:
    upper = fibonacci_grid(800).directions
    upper = upper[upper[:, 2] > 0.1]
    around = MeasuredDirections(upper)
    below = angles_deg_to_direction([20.0, -130.0], [-70.0, -40.0])
    corners, weights = around.corners(below)
    nearest = great_circle_distance_deg(below[:, None], upper).argmin(axis=1)
    heaviest = corners[np.arange(2), weights.argmax(axis=1)]
    assert great_circle_distance_deg(upper[heaviest], upper[nearest]).max() < 8
    assert around.are_beyond(below).all()
    assert not around.are_beyond(upper[:20]).any()


def test_a_grid_that_looks_beyond_is_told_and_no_other() -> None:
    directions = fibonacci_grid(300).directions
    directions = directions[directions[:, 2] > -0.2]
    steering = MeasuredSteering(directions, sphere_responses(BALL, directions), SAMPLE_RATE)
    array = BALL.replace(rigid_sphere_radius=None, steering=steering)
    (warning,) = coverage_warnings(array, fibonacci_grid(200))
    assert "was not measured from 2" in warning
    assert "; the nearest measured ones stand for them" in warning
    assert coverage_warnings(array, DirectionGrid(directions)) == []
    assert coverage_warnings(BALL, fibonacci_grid(200)) == []
    upside_down = array.replace(mount_rpy_deg=(180.0, 0.0, 0.0))
    assert coverage_warnings(upside_down, DirectionGrid(directions))


def test_silent_responses_give_finite_phases() -> None:
    directions = fibonacci_grid(20).directions
    responses = np.zeros((20, 2, 30))
    responses[0, :, 5] = 1
    array = MicrophoneArray(
        [[0, 0.05, 0], [0, -0.05, 0]], steering=MeasuredSteering(directions, responses, 48_000)
    )
    assert np.isfinite(steering_phases(DIRECTIONS, array, FREQUENCIES)).all()
