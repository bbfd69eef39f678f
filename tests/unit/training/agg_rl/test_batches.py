"""Batches of clips: the same for everyone who asks for the same numbers."""

import pickle
from functools import partial

import numpy as np
import torch

from anydoa.geometry.coordinates import great_circle_distance_deg, normalize_direction
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.config import AggRlConfig
from anydoa.simulation.recipe import MixRecipe
from anydoa.training.agg_rl.batches import AudioBatch, ClipShape, batch_scenes
from anydoa.training.agg_rl.targets import target_spectrum
from anydoa.training.batch import (
    MixedScenes,
    SceneBatches,
    draw_num_mics,
    endless_batches,
    rng_of_step,
)
from anydoa.training.data import SceneMaterial

SHAPE = ClipShape(AggRlConfig(hop_length=256), batch_size=4, duration_s=0.5, microphones=(3, 9))


def batches(material: SceneMaterial, *, size: int = 4, offset: int = 0) -> SceneBatches[AudioBatch]:
    scenes = MixedScenes(
        material,
        MixRecipe(),
        seed=5,
        count=size,
        duration_s=SHAPE.exact_duration_s,
        microphones=SHAPE.microphones,
        offset=offset,
    )
    return SceneBatches(scenes, partial(batch_scenes, model=SHAPE.model))


def test_a_batch_has_whole_hops_and_a_label_for_each_frame(material: SceneMaterial) -> None:
    batch = batches(material)[0]
    assert batch.audio.shape[0] == len(batch.positions) == 4
    assert batch.audio.shape[2] == SHAPE.num_samples == 31 * 256
    assert batch.active.shape[2] == SHAPE.num_frames == 30
    assert batch.active.any()


def test_arrays_have_as_many_microphones_as_asked_and_as_there_are(material: SceneMaterial) -> None:
    counts = {batches(material, size=1)[first].positions.shape[1] for first in range(40)}
    assert counts == {3, 4, 5}


def test_how_many_microphones_a_step_has_says_nothing_of_what_else_is_drawn() -> None:
    firsts = range(0, 32_000, 16)
    counts = np.array([draw_num_mics((4, 12), 5, first) for first in firsts])
    assert np.array_equal(np.unique(counts), np.arange(4, 13))
    for others in (
        [np.random.default_rng((5, first)).random() for first in firsts],  # the first of a scene
        [rng_of_step(5, first, 0).random() for first in firsts],
        [draw_num_mics((4, 12), 6, first) for first in firsts],
    ):
        assert abs(np.corrcoef(counts, others)[0, 1]) < 0.1
    # Of each process its own.
    assert rng_of_step(5, 16, 0).random() != rng_of_step(5, 16, 1).random()


def test_processes_that_share_a_step_mix_the_clips_one_would_mix(material: SceneMaterial) -> None:
    whole = batches(material)[8]
    halves = [batches(material, size=2, offset=offset)[8] for offset in (0, 2)]
    for name in ("audio", "positions", "active"):
        torch.testing.assert_close(getattr(whole, name), torch.cat([getattr(half, name) for half in halves]))


def test_another_process_gets_paths_and_no_sound(material: SceneMaterial) -> None:
    opened = batches(material)
    first = opened[0]
    sent = pickle.dumps(opened)
    assert len(sent) < 10_000
    torch.testing.assert_close(pickle.loads(sent)[0].audio, first.audio)


def test_batches_come_in_order_from_this_process_and_from_others(material: SceneMaterial) -> None:
    here = endless_batches(batches(material), first=4, step=4, workers=0)
    there = endless_batches(batches(material), first=4, step=4, workers=2)
    for _ in range(3):
        torch.testing.assert_close(next(here).audio, next(there).audio)


def test_talkers_are_the_sources_that_exist(material: SceneMaterial) -> None:
    batch = batches(material, size=8)[0]
    assert batch.sources.shape[2] == 1
    assert len(batch.talkers) == int((batch.sources.norm(dim=-1) > 0.5).sum())
    torch.testing.assert_close(batch.talkers.norm(dim=-1), torch.ones(len(batch.talkers), 1))


def test_the_highest_target_follows_a_talker_who_walks(walking_material: SceneMaterial) -> None:
    mixer = walking_material.mixer(MixRecipe(), seed=1, duration_s=1.0, max_talkers=1)
    scene = mixer.scene(0, num_mics=4)
    batch = batch_scenes([scene], SHAPE.model)
    grid = fibonacci_grid(20_000).directions
    active = torch.ones_like(batch.active)
    target = target_spectrum(batch.sources, active, torch.from_numpy(grid.astype(np.float32)), (5.0,))
    found = grid[target[0, 0].argmax(0).numpy()]
    assert scene.path is not None
    knot_samples = np.linspace(0, 15_999, scene.path.shape[1])
    centres = 256 + 256 * np.arange(61)  # of windows of 512 samples
    truth = np.stack([np.interp(centres, knot_samples, scene.path[0, :, axis]) for axis in range(3)], axis=1)
    assert great_circle_distance_deg(truth[0], truth[-1]) > 20
    assert great_circle_distance_deg(found, normalize_direction(truth)).max() < 1.5


def test_walkers_and_others_share_a_batch(material: SceneMaterial, walking_material: SceneMaterial) -> None:
    walking, still = (
        source.mixer(MixRecipe(), seed=2, duration_s=0.5).scene(1, num_mics=4)
        for source in (walking_material, material)
    )
    both = batch_scenes([walking, still], SHAPE.model)
    assert both.sources.shape[2] == both.active.shape[2] == 30
    for row, scene in enumerate((walking, still)):
        alone = batch_scenes([scene], SHAPE.model)
        assert alone.sources.shape[2] == (30, 1)[row]
        assert both.present[row].sum() == scene.num_talkers
        talkers = both.sources[row, : scene.num_talkers]
        torch.testing.assert_close(talkers, alone.sources[0].expand_as(talkers))
        grid = torch.eye(3)
        torch.testing.assert_close(
            target_spectrum(both.sources, both.active, grid, (20.0, 10.0))[row],
            target_spectrum(alone.sources, alone.active, grid, (20.0, 10.0))[0],
        )


def test_batches_of_walkers_have_a_direction_for_each_frame(walking_material: SceneMaterial) -> None:
    batch = batches(walking_material)[0]
    assert batch.sources.shape[2] == batch.active.shape[2] == SHAPE.num_frames
    torch.testing.assert_close(batch.talkers.norm(dim=-1), torch.ones(len(batch.talkers), SHAPE.num_frames))
