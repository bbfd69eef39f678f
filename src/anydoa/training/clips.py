"""Batches of clips mixed from rooms, a batch for each first number of its clips.

Number i is the same clip in every run of a seed, whatever the batches, processes and interruptions.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.utils.data import Dataset

from anydoa.networks.config import AggRlConfig
from anydoa.simulation.corpus import Utterance
from anydoa.simulation.mixing import SceneMixer
from anydoa.simulation.pool import load_pool
from anydoa.simulation.recipe import MixRecipe
from anydoa.simulation.rir_bank import RirBank
from anydoa.simulation.scene import Scene, collate
from anydoa.training.batch import ClipBatch, ClipShape
from anydoa.training.held_out import PartOfRooms
from anydoa.training.symmetry import Symmetry
from anydoa.training.targets import frame_activity, frame_centres


@dataclass(frozen=True)
class SoundSource:
    """Where clips are mixed from: paths only, so that another process can open them.

    Args:
        bank: folder of a bank of rooms.
        speech: recordings of speech.
        noise: recordings of noise, none for noise of the microphones only.
        cache: folder of decoded recordings.
        held_out: share of the rooms kept for validation.
        validation: whether the rooms are the ones held out; the recordings are to match.
    """

    bank: Path
    speech: tuple[Utterance, ...]
    noise: tuple[Utterance, ...]
    cache: Path
    held_out: float
    validation: bool = False

    def mixer(self, recipe: MixRecipe, *, seed: int, duration_s: float, max_talkers: int = 2) -> SceneMixer:
        """Open everything; recordings not decoded yet are decoded first, which takes minutes.

        Raises:
            AudioError: if a recording cannot be read.
            ConfigError: if there is no bank, or it does not fit the recordings.
        """
        speech = load_pool(self.speech, speech=True, cache=self.cache)
        noise = load_pool(self.noise, speech=False, cache=self.cache) if self.noise else None
        return SceneMixer(
            PartOfRooms(RirBank(self.bank), self.held_out, held_out=self.validation), speech, noise,
            seed=seed, duration_s=duration_s, max_talkers=max_talkers, recipe=recipe,
        )  # fmt: skip


class ClipBatches(Dataset[ClipBatch]):
    """``batches[first]`` mixes the clips ``first``, ``first + 1``, ... as one batch.

    Args:
        source: where clips are mixed from.
        shape: what they are like.
        recipe: levels, ratios and augmentation.
        seed: of all clips.
        offset: clips of the same step that other processes mix, before these.
    """

    def __init__(
        self, source: SoundSource, shape: ClipShape, recipe: MixRecipe, *, seed: int, offset: int = 0
    ) -> None:
        self.source, self.shape, self.recipe, self.seed, self.offset = source, shape, recipe, seed, offset

    def __getitem__(self, first: int) -> ClipBatch:
        fewest, most = self.shape.microphones
        most = min(most, int(self._mixer.bank.mic_counts.max()))
        # The offset is left out, so that no process waits for another with a larger array.
        num_mics = int(np.random.default_rng((self.seed, first)).integers(fewest, most + 1))
        clips = range(first + self.offset, first + self.offset + self.shape.batch_size)
        return batch_scenes([self._mixer.scene(clip, num_mics=num_mics) for clip in clips], self.shape.model)

    @cached_property
    def _mixer(self) -> SceneMixer:
        duration_s = self.shape.num_samples / self.shape.model.sample_rate
        return self.source.mixer(self.recipe, seed=self.seed, duration_s=duration_s)

    def __getstate__(self) -> dict[str, Any]:
        # Each process opens its own files; sending them would send all sound there is.
        return {key: value for key, value in self.__dict__.items() if key != "_mixer"}


def batch_scenes(scenes: list[Scene], model: AggRlConfig) -> ClipBatch:
    """Scenes with the same number of microphones and samples as one batch.

    Where talkers move, their directions are those at the middle of each analysis window, with no allowance
    for the flight of the sound or for a delay of the network. What arrays cannot tell apart is read off the
    positions told, which errors of position may lift out of a plane or line.
    """
    centres = frame_centres(scenes[0].audio.shape[1], model.window_length, model.hop_length)
    stacked = collate(scenes, centres / model.sample_rate)
    activity: Bool[Tensor, "batch source time"] = torch.from_numpy(stacked.activity)
    positions = _tensor(stacked.positions)
    return ClipBatch(
        positions=positions,
        sources=_tensor(stacked.directions),
        active=frame_activity(activity, model.window_length, model.hop_length),
        symmetry=Symmetry.of(positions),
        audio=_tensor(stacked.audio),
    )


def _tensor(values: Float[np.ndarray, "*shape"]) -> Float[Tensor, "*shape"]:
    return torch.from_numpy(values.astype(np.float32))
