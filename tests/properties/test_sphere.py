"""What every estimator promises, for arrays on a rigid sphere; and that it hears the sphere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.constants import SPEED_OF_SOUND
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance_deg, random_rotation, rotate
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from properties.strategies import ESTIMATORS, EstimatorCase, seeds
from sphere_scenes import ball_array, random_sphere_scene, sphere_scene

# The network of AGG-RL takes positions as they are; what else it is told of an array, it does not hear.
STEERING = [param for param in ESTIMATORS if param.id != "agg-rl"]
every_steering = pytest.mark.parametrize("case", STEERING)
turning_steering = pytest.mark.parametrize("case", [p for p in STEERING if p.values[0].turns])
few_examples = settings(max_examples=2, deadline=None)


@every_steering
@few_examples
@given(seeds, st.sampled_from([0.02, 0.042, 0.0875]))
def test_a_talker_around_the_sphere_is_found(case: EstimatorCase, seed: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    array = ball_array(rng, 10, radius=radius)
    direction = rotate(np.array([1.0, 0, 0]), random_rotation(rng))
    scene = sphere_scene(rng, array, direction)
    grid = fibonacci_grid(1024)
    found = grid.directions[case.estimator.spectrum(scene.audio, array, grid).mean().argmax()]
    assert great_circle_distance_deg(found, direction) < 6


@pytest.mark.parametrize("case", ESTIMATORS)
def test_a_ball_where_sound_is_faster_is_one_that_is_smaller_by_as_much(case: EstimatorCase) -> None:
    scene = random_sphere_scene(1)
    radius = 2 * scene.array.rigid_sphere_radius
    larger = MicrophoneArray(
        2 * scene.array.positions, rigid_sphere_radius=radius, speed_of_sound=2 * SPEED_OF_SOUND
    )
    grid = fibonacci_grid(96)
    found, expected = (case.estimator.spectrum(scene.audio, one, grid) for one in (larger, scene.array))
    np.testing.assert_allclose(found.values, expected.values, atol=1e-3)


# Values of the steered estimator are chances that somebody speaks, not how well a direction fits.
@turning_steering
def test_told_of_the_sphere_an_estimator_explains_the_sound_better(case: EstimatorCase) -> None:
    rng = np.random.default_rng(0)
    array = ball_array(rng, 12, radius=0.0875)
    scene = sphere_scene(rng, array, np.array([0.0, 0.8, 0.6]), snr_db=30.0)
    grid = DirectionGrid(np.concatenate([scene.direction[None], fibonacci_grid(500).directions]))
    told = case.estimator.spectrum(scene.audio, array, grid).mean()[0]
    untold = case.estimator.spectrum(scene.audio, MicrophoneArray(array.positions), grid).mean()[0]
    assert told > untold
