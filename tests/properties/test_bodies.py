"""What every estimator promises for patterns and measured bodies; and that it hears them."""

import logging

import numpy as np
import pytest
from free_field import plane_wave, random_array, random_direction, talker
from hypothesis import assume, example, given, settings
from numpy.testing import assert_allclose

from anydoa.errors import GeometryError
from anydoa.estimators.catalogue import load
from anydoa.estimators.music import Music
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import (
    great_circle_distance_deg,
    random_rotation,
    rotate,
)
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.pattern import MicrophonePattern
from body_scenes import measured
from properties.strategies import ESTIMATORS, EstimatorCase, in_noise, seeds
from sphere_scenes import ball_array, sphere_scene

GRID = fibonacci_grid(96)

STEERING = [param for param in ESTIMATORS if param.id != "agg-rl"]
every_estimator = pytest.mark.parametrize("case", ESTIMATORS)
every_steering = pytest.mark.parametrize("case", STEERING)
few_examples = settings(max_examples=2, deadline=None)


@every_estimator
def test_omnidirectional_patterns_change_not_one_bit(case: EstimatorCase) -> None:
    rng = np.random.default_rng(0)
    array = random_array(rng, 5)
    heard = plane_wave(array, random_direction(rng), talker(rng, 8000)).astype(np.float32)
    omni = array.replace(patterns=[MicrophonePattern(1, tuple(axis)) for axis in np.eye(5, 3) + 0.1])
    told, untold = (case.estimator.spectrum(heard, one, GRID).values for one in (omni, array))
    assert np.array_equal(told, untold)


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
@example(974423835)  # a ridge with edges, narrower than directions are apart
@given(seeds)
def test_a_talker_is_found_by_microphones_that_turn_sound_upside_down(case: EstimatorCase, seed: int) -> None:
    rng = np.random.default_rng(seed)
    array = random_array(rng, 8)
    axes = rotate(fibonacci_grid(8).directions, random_rotation(rng))
    array = array.replace(patterns=[MicrophonePattern(0.25, tuple(axis)) for axis in axes])
    direction = random_direction(rng)
    gains = array.gains(direction)
    assume((np.abs(gains) > 0.1).sum() >= 6)  # the others hear noise alone, as if they were not there
    heard = gains[:, None] * plane_wave(array, direction, talker(rng, 8000))
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
