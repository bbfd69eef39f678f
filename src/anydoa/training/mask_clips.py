"""Clips for the mask network: features of mixed scenes, and which bins hold direct sound."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Complex64, Float, Float32
from torch import Tensor
from torch.utils.data import Dataset

from anydoa.estimators.steered.bin_features import BinAxis, BinFeatures, PolarSpectra, window_spectra
from anydoa.geometry.array import MicrophoneArray
from anydoa.simulation.mixing import SceneMixer
from anydoa.simulation.recipe import MixRecipe
from anydoa.simulation.scene import Scene
from anydoa.training.batch import TensorBatch
from anydoa.training.clips import SoundSource

_QUIET_DB = 60.0  # below the loudest bin, where the weight of a bin is least
_LEAST_WEIGHT = 0.1


@dataclass(frozen=True, eq=False)
class MaskBatch(TensorBatch):
    """What the mask network sees and should say.

    Args:
        features: of every bin.
        target: share of a single talker's direct sound in the power of a bin, 0..1.
        weight: how much a bin counts.
    """

    features: Float[Tensor, "batch frame feature freq"]
    target: Float[Tensor, "batch frame freq"]
    weight: Float[Tensor, "batch frame freq"]

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class MaskClipShape:
    """What the clips of the mask network are like.

    Args:
        axis: windows and bins.
        batch_size: clips in a batch.
        duration_s: length of a clip.
        microphones: fewest and most microphones.
    """

    axis: BinAxis
    batch_size: int
    duration_s: float
    microphones: tuple[int, int]


class MaskBatches(Dataset[MaskBatch]):
    """``batches[first]`` prepares the clips ``first``, ``first + 1``, ... as one batch.

    Args:
        source: where clips are mixed from.
        shape: what they are like.
        recipe: levels and ratios; the direct sound is always kept.
        seed: of all clips.
        offset: clips of the same step that other processes mix, before these.
    """

    def __init__(
        self, source: SoundSource, shape: MaskClipShape, recipe: MixRecipe, *, seed: int, offset: int = 0
    ) -> None:
        self.source, self.shape, self.seed, self.offset = source, shape, seed, offset
        self.recipe = replace(recipe, keep_direct=True)

    def __getitem__(self, first: int) -> MaskBatch:
        fewest, most = self.shape.microphones
        num_mics = int(np.random.default_rng((self.seed, first)).integers(fewest, most + 1))
        clips = range(first + self.offset, first + self.offset + self.shape.batch_size)
        items = [mask_clip(self._mixer.scene(clip, num_mics=num_mics), self.shape.axis) for clip in clips]
        return MaskBatch(*(torch.from_numpy(np.stack(parts)) for parts in zip(*items, strict=True)))

    @cached_property
    def _mixer(self) -> SceneMixer:
        return self.source.mixer(self.recipe, seed=self.seed, duration_s=self.shape.duration_s)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_mixer"}


def mask_clip(
    scene: Scene, axis: BinAxis
) -> tuple[
    Float32[np.ndarray, "frame feature freq"],
    Float32[np.ndarray, "frame freq"],
    Float32[np.ndarray, "frame freq"],
]:
    """Features, target and weight of one scene that has kept its direct sound."""
    assert scene.direct is not None
    mixture = window_spectra(scene.audio, axis)
    features = BinFeatures(axis, MicrophoneArray(scene.positions)).push(PolarSpectra.of(mixture))
    target = np.max([direct_share(mixture, window_spectra(direct, axis)) for direct in scene.direct], axis=0)
    return features, target, level_weight(mixture)


def direct_share(
    mixture: Complex64[np.ndarray, "mic frame freq"], direct: Complex64[np.ndarray, "mic frame freq"]
) -> Float32[np.ndarray, "frame freq"]:
    """Power of a talker's direct sound over that and the power of all else, over all microphones."""
    wanted = _power(direct)
    total = wanted + _power(mixture - direct)
    share: np.ndarray = wanted / np.maximum(total, np.float32(1e-20))
    return share


def level_weight(mixture: Complex64[np.ndarray, "mic frame freq"]) -> Float32[np.ndarray, "frame freq"]:
    """Weight of a bin: rising with its level in decibels."""
    power = _power(mixture)
    below_db = 10 * np.log10(np.maximum(power / max(float(power.max()), 1e-20), 1e-12))
    return np.clip(1 + below_db / _QUIET_DB, _LEAST_WEIGHT, 1).astype(np.float32)


def _power(spectra: Complex64[np.ndarray, "mic frame freq"]) -> Float32[np.ndarray, "frame freq"]:
    return np.square(np.abs(spectra)).mean(axis=0)
