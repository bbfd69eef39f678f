"""Masks are scored by what the array can tell apart."""

import numpy as np

from anydoa.geometry.array import MicrophoneArray
from anydoa.networks.mask_net import MaskNet, MaskNetConfig
from anydoa.simulation.recipe import MixRecipe
from anydoa.training.data import SceneMaterial
from anydoa.training.mask import MaskValidator


def test_talkers_behind_a_flat_array_may_be_heard_before_it(flat_material: SceneMaterial) -> None:
    recipe = MixRecipe(snr_db=(30.0, 30.0), min_activity=0.9, keep_direct=True)
    mixer = flat_material.mixer(recipe, seed=1, duration_s=1.0, max_talkers=1)
    scenes = [mixer.scene(clip, num_mics=6) for clip in range(6)]
    height = [scene.directions[0] @ MicrophoneArray(scene.positions).ambiguity.axis for scene in scenes]
    behind = [scene for scene, one in zip(scenes, height, strict=True) if one < -0.3]
    config = MaskNetConfig(hidden_size=8)
    results = MaskValidator(behind, config.axis, grid_size=1024).run(MaskNet(config).eval())
    assert behind
    assert np.mean([result.score.mae_deg for result in results]) < 15
