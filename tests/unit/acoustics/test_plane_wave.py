"""Steering phases in free field against delays, around a sphere against the series."""

import numpy as np
import pytest
from free_field import random_array
from hypothesis import given, settings

from anydoa.acoustics.plane_wave import steering_phases
from anydoa.acoustics.sphere_waves import sphere_waves
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import random_rotation, rotate
from anydoa.geometry.grid import fibonacci_grid
from anydoa.io.array_file import load_array
from properties.strategies import seeds
from sphere_scenes import ball_array, waves_at

FREQUENCIES = np.arange(3, 243) * 31.25
DIRECTIONS = rotate(fibonacci_grid(97).directions, random_rotation(np.random.default_rng(5)))


def unit(waves: np.ndarray) -> np.ndarray:
    return waves / np.abs(waves)


def test_phases_in_free_field_are_those_of_the_delays() -> None:
    array = random_array(np.random.default_rng(0), 5, radius=2.0)
    delay = -(DIRECTIONS @ array.centred_positions.T) / array.speed_of_sound
    expected = np.exp(-2j * np.pi * FREQUENCIES[:, None, None] * delay)
    np.testing.assert_allclose(steering_phases(DIRECTIONS, array, FREQUENCIES), expected, atol=1e-5)


@pytest.mark.parametrize("preset", ["em32", "zylia-zm1", "dcase-tetrahedron"])
def test_phases_around_a_sphere_are_those_of_the_series(preset: str) -> None:
    array = load_array(preset)
    expected = unit(waves_at(array, DIRECTIONS, FREQUENCIES)).transpose(2, 0, 1)
    phases = steering_phases(DIRECTIONS, array, FREQUENCIES)
    np.testing.assert_allclose(np.abs(phases), 1, atol=1e-5)
    assert np.abs(phases - expected).max() < 0.005
    assert np.sqrt(np.mean(np.abs(phases - expected) ** 2)) < 5e-4


@pytest.mark.parametrize("radius", [0.02, 0.0875, 0.25])
def test_spheres_of_any_size_are_steered_alike_well(radius: float) -> None:
    array = ball_array(np.random.default_rng(1), 8, radius=radius)
    expected = unit(waves_at(array, DIRECTIONS, FREQUENCIES)).transpose(2, 0, 1)
    error = np.abs(steering_phases(DIRECTIONS, array, FREQUENCIES) - expected)
    assert np.sqrt(np.mean(error**2)) < 2e-3


@pytest.mark.parametrize("phases_only", [False, True])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-3])
def test_a_short_sum_is_as_near_to_the_series_as_asked(tolerance: float, phases_only: bool) -> None:
    array = load_array("em32")
    waves = sphere_waves(array, FREQUENCIES, tolerance=tolerance, phases_only=phases_only)
    expected = waves_at(array, DIRECTIONS, FREQUENCIES)
    error = waves.weights(DIRECTIONS, array) @ waves.basis - (unit(expected) if phases_only else expected)
    assert np.sqrt(np.mean(np.abs(error) ** 2)) < 1.1 * tolerance
    assert len(waves.basis) <= 10


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_turning_the_sphere_and_the_directions_changes_no_phase(seed: int) -> None:
    rng = np.random.default_rng(seed)
    array, matrix = ball_array(rng, 6), random_rotation(rng)
    turned = MicrophoneArray(rotate(array.positions, matrix), rigid_sphere_radius=array.rigid_sphere_radius)
    there = steering_phases(rotate(DIRECTIONS, matrix), turned, FREQUENCIES)
    np.testing.assert_allclose(there, steering_phases(DIRECTIONS, array, FREQUENCIES), atol=1e-4)


def test_long_waves_need_half_as_much_time_again_around_the_sphere() -> None:
    array = ball_array(np.random.default_rng(2), 6, radius=0.04)
    free = array.replace(rigid_sphere_radius=None)
    low = np.array([50.0])
    bent, straight = (np.angle(steering_phases(DIRECTIONS, one, low)[0]) for one in (array, free))
    # Without the mean of the microphones, which is where free field counts from.
    np.testing.assert_allclose(bent - bent.mean(axis=1, keepdims=True), 1.5 * straight, atol=2e-3)


def test_capsules_that_stand_out_of_the_sphere_are_taken_to_its_surface() -> None:
    array = ball_array(np.random.default_rng(3), 6)
    proud = array.replace(body_positions=1.03 * array.positions)
    here, there = (steering_phases(DIRECTIONS, one, FREQUENCIES) for one in (array, proud))
    np.testing.assert_allclose(there, here, atol=1e-5)
