"""What every estimator promises where microphones are no points in free air: spheres, bodies, patterns."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose

from anydoa.geometry.coordinates import rotation_from_rpy_deg
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.spectrum import SpatialSpectrum
from body_scenes import random_body_scene
from properties.strategies import ESTIMATORS, EstimatorCase, Scene, chunkings, seeds
from sphere_scenes import random_sphere_scene

GRID = fibonacci_grid(96)

# The network of AGG-RL takes positions as they are; what else it is told of an array, it does not hear.
STEERING = [param for param in ESTIMATORS if param.id != "agg-rl"]
every_steering = pytest.mark.parametrize("case", STEERING)
turning_steering = pytest.mark.parametrize("case", [p for p in STEERING if p.values[0].turns])
every_scene = pytest.mark.parametrize(
    ("make_scene", "rounding"), [(random_sphere_scene, 1e-3), (random_body_scene, 2e-3)]
)
few_examples = settings(max_examples=2, deadline=None)
SceneMaker = Callable[[int], Scene]


def run(case: EstimatorCase, scene: Scene, grid: DirectionGrid = GRID) -> np.ndarray:
    return case.estimator.spectrum(scene.audio, scene.array, grid).values


@every_steering
@every_scene
@few_examples
@given(seeds, seeds)
def test_the_order_of_microphones_changes_nothing(
    case: EstimatorCase, make_scene: SceneMaker, rounding: float, scene_seed: int, seed: int
) -> None:
    scene = make_scene(scene_seed)
    order = np.random.default_rng(seed).permutation(len(scene.audio))
    shuffled = Scene(scene.array.select_microphones(order.tolist()), scene.direction, scene.audio[order])
    assert_allclose(run(case, shuffled), run(case, scene), atol=rounding)


@turning_steering
@every_scene
@few_examples
@given(seeds, seeds)
def test_turning_array_and_grid_together_changes_nothing(
    case: EstimatorCase, make_scene: SceneMaker, rounding: float, scene_seed: int, seed: int
) -> None:
    scene = make_scene(scene_seed)
    mount = tuple(np.random.default_rng(seed).uniform(-180, 180, 3))
    turned = Scene(scene.array.replace(mount_rpy_deg=mount), scene.direction, scene.audio)
    grid = GRID.rotated(rotation_from_rpy_deg(mount))
    assert_allclose(run(case, turned, grid), run(case, scene), atol=rounding)


@every_steering
@every_scene
@few_examples
@given(seeds, seeds)
def test_the_order_of_directions_reorders_the_spectrum(
    case: EstimatorCase, make_scene: SceneMaker, rounding: float, scene_seed: int, seed: int
) -> None:
    scene = make_scene(scene_seed)
    order = np.random.default_rng(seed).permutation(len(GRID))
    assert_allclose(
        run(case, scene, DirectionGrid(GRID.directions[order])), run(case, scene)[:, order], atol=rounding
    )


@every_steering
@every_scene
@few_examples
@given(seeds, chunkings)
def test_any_chunking_gives_what_the_whole_recording_gives(
    case: EstimatorCase, make_scene: SceneMaker, rounding: float, scene_seed: int, chunk_lengths: list[int]
) -> None:
    scene = make_scene(scene_seed)
    stream = case.estimator.stream(scene.array, GRID)
    cuts = np.cumsum(chunk_lengths)
    chunks = np.split(scene.audio, cuts[cuts < scene.audio.shape[1]], axis=1)
    streamed = SpatialSpectrum.join([stream.push(chunk) for chunk in chunks])
    assert_allclose(streamed.values, run(case, scene), atol=1e-5)
