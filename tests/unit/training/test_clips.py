"""Batches of clips: the same for everyone who asks for the same numbers."""

import pickle
from dataclasses import replace

import torch

from anydoa.models.config import AggRlConfig
from anydoa.simulation.recipe import MixRecipe
from anydoa.training.batch import ClipShape
from anydoa.training.clips import ClipBatches, SoundSource
from anydoa.training.loading import endless_batches

SHAPE = ClipShape(AggRlConfig(hop_length=256), batch_size=4, duration_s=0.5, microphones=(3, 9))


def batches(source: SoundSource, *, size: int = 4, offset: int = 0) -> ClipBatches:
    return ClipBatches(source, replace(SHAPE, batch_size=size), MixRecipe(), seed=5, offset=offset)


def test_a_batch_has_whole_hops_and_a_label_for_each_frame(sound_source: SoundSource) -> None:
    batch = batches(sound_source)[0]
    assert batch.audio.shape[0] == len(batch.positions) == 4
    assert batch.audio.shape[2] == SHAPE.num_samples == 31 * 256
    assert batch.active.shape[2] == SHAPE.num_frames == 30
    assert batch.active.any()


def test_arrays_have_as_many_microphones_as_asked_and_as_there_are(sound_source: SoundSource) -> None:
    counts = {batches(sound_source, size=1)[first].positions.shape[1] for first in range(40)}
    assert counts == {3, 4, 5}


def test_processes_that_share_a_step_mix_the_clips_one_would_mix(sound_source: SoundSource) -> None:
    whole = batches(sound_source)[8]
    halves = [batches(sound_source, size=2, offset=offset)[8] for offset in (0, 2)]
    for name in ("audio", "positions", "active"):
        torch.testing.assert_close(getattr(whole, name), torch.cat([getattr(half, name) for half in halves]))


def test_another_process_gets_paths_and_no_sound(sound_source: SoundSource) -> None:
    opened = batches(sound_source)
    first = opened[0]
    sent = pickle.dumps(opened)
    assert len(sent) < 10_000
    torch.testing.assert_close(pickle.loads(sent)[0].audio, first.audio)


def test_batches_come_in_order_from_this_process_and_from_others(sound_source: SoundSource) -> None:
    here = endless_batches(batches(sound_source), first=4, step=4, workers=0)
    there = endless_batches(batches(sound_source), first=4, step=4, workers=2)
    for _ in range(3):
        torch.testing.assert_close(next(here).audio, next(there).audio)


def test_talkers_are_the_sources_that_exist(sound_source: SoundSource) -> None:
    batch = batches(sound_source, size=8)[0]
    assert len(batch.talkers) == int((batch.sources.norm(dim=-1) > 0.5).sum())
    torch.testing.assert_close(batch.talkers.norm(dim=-1), torch.ones(len(batch.talkers)))
