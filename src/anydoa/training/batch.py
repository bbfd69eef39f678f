"""The tensors of a step, made from scenes by other processes while the network learns.

A batch is asked for by the number of its first clip, which says how many microphones its arrays have. For the
same batches clip i of rooms is the same in every run of a seed, whatever the processes and interruptions.
"""

import itertools
import multiprocessing.util
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from anydoa.memory import TRAINING_STEP, keep_freed_memory
from anydoa.simulation.activity import is_spoken
from anydoa.simulation.mixing import SceneMixer
from anydoa.simulation.recipe import MixRecipe
from anydoa.simulation.scene import Scene
from anydoa.threads import one_thread_in_children
from anydoa.training.config import StageOptions
from anydoa.training.data import RunScenes, SceneMaterial

Item = TypeVar("Item")
_Batch = TypeVar("_Batch", bound="TensorBatch")


@dataclass(frozen=True, eq=False)
class TensorBatch:
    """A step's worth of clips: fields that are all tensors, or move to a device as they do."""

    def to(self: _Batch, device: torch.device) -> _Batch:
        """The same batch on a device."""
        return replace(self, **{one.name: getattr(self, one.name).to(device) for one in fields(self)})


class MixedScenes(Dataset[list[Scene]]):
    """``scenes[first]`` mixes the clips ``first``, ``first + 1``, ..., all with as many microphones.

    Args:
        material: what scenes are mixed from.
        recipe: levels, ratios and augmentation.
        seed: seed of all clips.
        count: clips in a batch.
        duration_s: length of a clip.
        microphones: fewest and most microphones; the largest array of the rooms may lower the latter.
        offset: clips of the same step that other processes mix, before these.
    """

    def __init__(
        self,
        material: SceneMaterial,
        recipe: MixRecipe,
        *,
        seed: int,
        count: int,
        duration_s: float,
        microphones: tuple[int, int],
        offset: int = 0,
    ) -> None:
        self.material, self.recipe, self.seed = material, recipe, seed
        self.count, self.duration_s, self.microphones, self.offset = count, duration_s, microphones, offset

    def __getitem__(self, first: int) -> list[Scene]:
        largest = int(self._mixer.bank.mic_counts.max())
        fewest, most = self.microphones
        # The offset is left out, so that no process waits for another with a larger array.
        num_mics = draw_num_mics((fewest, min(most, largest)), self.seed, first)
        clips = range(first + self.offset, first + self.offset + self.count)
        return [self._mixer.scene(clip, num_mics=num_mics) for clip in clips]

    @cached_property
    def _mixer(self) -> SceneMixer:
        return self.material.mixer(self.recipe, seed=self.seed, duration_s=self.duration_s)

    def __getstate__(self) -> dict[str, Any]:
        # Each process opens its own files; sending them would send all sound there is.
        return {key: value for key, value in self.__dict__.items() if key != "_mixer"}


def stage_scenes(
    run: RunScenes, stage: StageOptions, recipe: MixRecipe, *, duration_s: float | None = None
) -> MixedScenes:
    """This process' share of the scenes that a stage learns from.

    Args:
        run: scenes of the run.
        stage: stage of the run.
        recipe: levels, ratios and augmentation.
        duration_s: length of a clip; None for what the stage says.
    """
    count, offset = run.share.of_step(stage.batch_size)
    return MixedScenes(
        run.training(stage.bank),
        recipe,
        seed=run.config.seed,
        count=count,
        duration_s=stage.duration_s if duration_s is None else duration_s,
        microphones=stage.microphones,
        offset=offset,
    )


class SceneBatches(Dataset[_Batch]):
    """``batches[first]`` are the scenes from clip ``first`` on as tensors.

    Args:
        scenes: a list of scenes for each first clip.
        prepare: makes a batch of a list of scenes; other processes must be able to import it.
    """

    def __init__(self, scenes: MixedScenes, prepare: Callable[[list[Scene]], _Batch]) -> None:
        self.scenes, self.prepare = scenes, prepare

    def __getitem__(self, first: int) -> _Batch:
        return self.prepare(self.scenes[first])


def draw_num_mics(limits: tuple[int, int], seed: int, first: int) -> int:
    """How many microphones the arrays of a step have: the same number in every process.

    Args:
        limits: fewest and most.
        seed: seed of all clips.
        first: number of the first clip of the step.
    """
    return int(_rng_of(_MICROPHONES, seed, first).integers(limits[0], limits[1] + 1))


def rng_of_step(seed: int, first: int, process: int) -> np.random.Generator:
    """Source of randomness of a step that is not in its clips: directions, dropout.

    Args:
        seed: seed of all clips.
        first: number of the first clip of the step.
        process: number of the process.
    """
    return _rng_of(_STEP, seed, first, process)


# Numbers of the uses of randomness, so that none repeats another; scenes take 0.
_MICROPHONES, _STEP = 1, 2


def _rng_of(use: int, seed: int, *numbers: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence((seed, *numbers), spawn_key=(use,)))


def frame_activity(
    activity: Bool[Tensor, "batch source time"], window_length: int, hop_length: int
) -> Bool[Tensor, "batch source frame"]:
    """Analysis windows in which each talker speaks; see :func:`~anydoa.simulation.activity.is_spoken`.

    Args:
        activity: true where the talker speaks.
        window_length: samples in a frame.
        hop_length: samples from a frame to the next.
    """
    total = torch.nn.functional.pad(activity.to(torch.int32).cumsum(-1), (1, 0))
    active_samples = total[..., window_length::hop_length] - total[..., :-window_length:hop_length]
    spoken: Tensor = is_spoken(active_samples, window_length)
    return spoken


def frame_centres(num_samples: int, window_length: int, hop_length: int) -> Float[np.ndarray, "frame"]:
    """Middle of each analysis window of :func:`frame_activity`, in samples from the first.

    Args:
        num_samples: length of the recording.
        window_length: samples in a frame.
        hop_length: samples from a frame to the next.
    """
    return np.arange(0, num_samples - window_length + 1, hop_length) + window_length / 2


class _Counting(Sampler[int]):
    def __init__(self, first: int, step: int) -> None:
        self.first, self.step = first, step

    def __iter__(self) -> Iterator[int]:
        return itertools.count(self.first, self.step)


def endless_batches(dataset: Dataset[Item], *, first: int, step: int, workers: int) -> Iterator[Item]:
    """``dataset[first]``, ``dataset[first + step]``, ... without end, always in this order.

    Args:
        dataset: gives a batch for a number, the same one in every process.
        first: number of the first batch.
        step: how much the number grows from a batch to the next.
        workers: processes, one thread each; 0 prepares batches in this process.
    """
    loader = DataLoader(
        dataset,
        sampler=_Counting(first, step),
        batch_size=None,
        num_workers=workers,
        # A fork of a process whose threads hold locks may hang.
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_begin_worker if workers else None,
    )
    with one_thread_in_children():
        return iter(loader)


def _begin_worker(worker: int) -> None:
    """Leave signals to the trainer, and end at once when no more batches are wanted."""
    keep_freed_memory(TRAINING_STEP)
    # Signals to stop reach the whole group; the trainer still wants its batch.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    # Last of all, after what others leave to do at the end.
    multiprocessing.util.Finalize(None, _end_worker, exitpriority=-1000)


def _end_worker() -> None:
    """End this process at once, unless an error is still to be told.

    A batch nobody waits for may be on its way in another thread. The interpreter, as it ends, would stop that
    thread in the middle of torch, which then aborts the process with words nobody understands.
    """
    if sys.exc_info()[0] is None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
