"""What every estimator promises for patterns and measured bodies; and that it hears them."""

import logging

import numpy as np
import pytest
from free_field import plane_wave, random_array, random_direction, talker
from hypothesis import given, settings
from numpy.testing import assert_allclose

from anydoa.errors import GeometryError
from anydoa.estimators.catalogue import load
from anydoa.estimators.music import Music
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import (
    great_circle_distance_deg,
    random_rotation,
    rotate,
    rotation_from_rpy_deg,
)
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.geometry.pattern import MicrophonePattern
from body_scenes import measured
from properties.strategies import ESTIMATORS, EstimatorCase, Scene, in_noise, seeds
from sphere_scenes import ball_array, random_sphere_scene, sphere_scene

GRID = fibonacci_grid(96)
ROUNDING = 2e-3

STEERING = [param for param in ESTIMATORS if param.id != "agg-rl"]
every_estimator = pytest.mark.parametrize("case", ESTIMATORS)
every_steering = pytest.mark.parametrize("case", STEERING)
turning_steering = pytest.mark.parametrize("case", [p for p in STEERING if p.values[0].turns])
few_examples = settings(max_examples=2, deadline=None)


def run(case: EstimatorCase, scene: Scene, grid: DirectionGrid = GRID) -> np.ndarray:
    return case.estimator.spectrum(scene.audio, scene.array, grid).values


def patterned(rng: np.random.Generator, array: MicrophoneArray) -> MicrophoneArray:
    """Microphones of any pattern that look anywhere, the first one to the front."""
    axes = rng.standard_normal((array.num_microphones, 3))
    shares = rng.uniform(size=array.num_microphones)
    patterns = [MicrophonePattern(share, tuple(axis)) for share, axis in zip(shares, axes, strict=True)]
    return array.replace(patterns=patterns)


def body_scene(seed: int) -> Scene:
    """A talker around a measured ball, or around microphones with patterns."""
    rng = np.random.default_rng(seed)
    if seed % 2:
        scene = random_sphere_scene(seed)
        return Scene(measured(scene.array, 100), scene.direction, scene.audio)
    array = patterned(rng, random_array(rng, int(rng.integers(4, 10))))
    direction = random_direction(rng)
    heard = array.gains(direction)[:, None] * plane_wave(array, direction, talker(rng, 8000))
    return in_noise(rng, array, direction, heard, snr_db=20.0)


@every_estimator
def test_omnidirectional_patterns_change_not_one_bit(case: EstimatorCase) -> None:
    rng = np.random.default_rng(0)
    array = random_array(rng, 5)
    heard = plane_wave(array, random_direction(rng), talker(rng, 8000)).astype(np.float32)
    omni = array.replace(patterns=[MicrophonePattern(1, tuple(axis)) for axis in np.eye(5, 3) + 0.1])
    told, untold = (case.estimator.spectrum(heard, one, GRID).values for one in (omni, array))
    assert np.array_equal(told, untold)


@every_steering
@few_examples
@given(seeds, seeds)
def test_the_order_of_microphones_changes_nothing(case: EstimatorCase, scene_seed: int, seed: int) -> None:
    scene = body_scene(scene_seed)
    order = np.random.default_rng(seed).permutation(len(scene.audio))
    shuffled = Scene(scene.array.select_microphones(order.tolist()), scene.direction, scene.audio[order])
    assert_allclose(run(case, shuffled), run(case, scene), atol=ROUNDING)


@turning_steering
@few_examples
@given(seeds, seeds)
def test_turning_array_and_grid_together_changes_nothing(
    case: EstimatorCase, scene_seed: int, seed: int
) -> None:
    scene = body_scene(scene_seed)
    mount = tuple(np.random.default_rng(seed).uniform(-180, 180, 3))
    turned = Scene(scene.array.replace(mount_rpy_deg=mount), scene.direction, scene.audio)
    grid = GRID.rotated(rotation_from_rpy_deg(mount))
    assert_allclose(run(case, turned, grid), run(case, scene), atol=ROUNDING)


@every_steering
@few_examples
@given(seeds, seeds)
def test_the_order_of_directions_reorders_the_spectrum(
    case: EstimatorCase, scene_seed: int, seed: int
) -> None:
    scene = body_scene(scene_seed)
    order = np.random.default_rng(seed).permutation(len(GRID))
    assert_allclose(
        run(case, scene, DirectionGrid(GRID.directions[order])), run(case, scene)[:, order], atol=ROUNDING
    )


BALL = ball_array(np.random.default_rng(3), 6, radius=0.08)
MEASURED_BALL = measured(BALL, 700)


@every_steering
def test_a_measured_ball_is_heard_as_the_ball(case: EstimatorCase) -> None:
    scene = sphere_scene(np.random.default_rng(3), BALL, np.array([0.0, 0.8, 0.6]))
    grid = fibonacci_grid(256)
    told = case.estimator.spectrum(scene.audio, MEASURED_BALL, grid).mean()
    assert_allclose(told, case.estimator.spectrum(scene.audio, BALL, grid).mean(), atol=0.03)
    found = grid.directions[told.argmax()]
    assert great_circle_distance_deg(found, scene.direction) < 7


@every_steering
@few_examples
@given(seeds)
def test_a_talker_is_found_by_microphones_that_turn_sound_upside_down(case: EstimatorCase, seed: int) -> None:
    rng = np.random.default_rng(seed)
    array = random_array(rng, 8)
    axes = rotate(fibonacci_grid(8).directions, random_rotation(rng))
    array = array.replace(patterns=[MicrophonePattern(0.25, tuple(axis)) for axis in axes])
    direction = random_direction(rng)
    heard = array.gains(direction)[:, None] * plane_wave(array, direction, talker(rng, 8000))
    scene = in_noise(rng, array, direction, heard, snr_db=40.0)
    grid = fibonacci_grid(1024)
    found = grid.directions[case.estimator.spectrum(scene.audio, array, grid).mean().argmax()]
    assert great_circle_distance_deg(found, direction) < 8


def test_music_tells_cardioids_from_points() -> None:
    """Four cardioids of 14 mm, outward: levels tell what so small an array hardly hears in delays."""
    rng = np.random.default_rng(5)
    axes = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    array = MicrophoneArray(
        0.0081 * axes, "ambeo", patterns=[MicrophonePattern(0.5, tuple(axis)) for axis in axes]
    )
    music, grid = Music(), fibonacci_grid(512)
    errors = []
    for direction in (random_direction(rng) for _ in range(4)):
        heard = array.gains(direction)[:, None] * plane_wave(array, direction, talker(rng, 16000))
        audio = in_noise(rng, array, direction, heard, snr_db=15.0).audio
        found = [
            grid.directions[music.spectrum(audio, one, grid).mean().argmax()]
            for one in (array, array.replace(patterns=()))
        ]
        errors.append(great_circle_distance_deg(np.stack(found), direction))
    told, untold = np.mean(errors, axis=0)
    assert told < 5
    assert told < untold


def test_agg_rl_says_what_it_cannot_use(caplog: pytest.LogCaptureFixture) -> None:
    agg_rl = load("agg-rl")
    ball = ball_array(np.random.default_rng(0), 4)
    with pytest.raises(
        GeometryError, match=r"cannot use the measured steering of array 'ball'; take .* steered"
    ):
        agg_rl.stream(measured(ball, 50), GRID)
    free = ball.replace(rigid_sphere_radius=None)
    with caplog.at_level(logging.WARNING):
        agg_rl.stream(free.replace(patterns=[MicrophonePattern(0.5, (1, 0, 0))] * 4), GRID)
    assert "patterns of array 'ball' say of levels it cannot use" in caplog.text
