"""What steering finds is compared with where the talkers are at that moment."""

import numpy as np

from anydoa.estimators.steered.estimator import SteeredEstimator
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.simulation.recipe import MixRecipe
from anydoa.training.data import SceneMaterial
from anydoa.training.score.talkers import find_talkers
from open_mask import OpenMask


def test_hits_are_near_walkers_where_they_are_at_the_moment(walking_material: SceneMaterial) -> None:
    recipe = MixRecipe(snr_db=(30.0, 30.0), min_activity=0.9)
    scene = walking_material.mixer(recipe, seed=1, duration_s=2.0, max_talkers=1).scene(0, num_mics=4)
    found = find_talkers(scene, SteeredEstimator(OpenMask()), fibonacci_grid())
    assert found.truth.shape == (len(found.outputs), 1, 3)
    assert great_circle_distance_deg(found.truth[0, 0], found.truth[-1, 0]) > 20
    for output, truth, hits, active in zip(found.outputs, found.truth, found.hits, found.active, strict=True):
        now = scene.directions_at(np.array([output.time_s]))[:, 0]
        np.testing.assert_allclose(truth, now)
        away = [great_circle_distance_deg(talker.direction, now[0]) for talker in output.talkers]
        assert hits.tolist() == [bool(active[0] and distance <= 10) for distance in away]
    assert sum(hits.any() for hits in found.hits) > 5


def test_talkers_behind_a_flat_array_are_sought_before_it(flat_material: SceneMaterial) -> None:
    recipe = MixRecipe(snr_db=(30.0, 30.0), min_activity=0.9)
    mixer = flat_material.mixer(recipe, seed=1, duration_s=1.0, max_talkers=1)
    behind = 0
    for clip in range(6):
        scene = mixer.scene(clip, num_mics=6)
        axis = MicrophoneArray(scene.positions).ambiguity.axis
        found = find_talkers(scene, SteeredEstimator(OpenMask()), fibonacci_grid())
        assert np.all(found.truth @ axis >= 0)
        if scene.directions[0] @ axis < -0.3:  # so far that its reflection is not within 10 degrees
            behind += 1
            assert sum(hits.any() for hits in found.hits) > 3
    assert behind
