"""The mask network of the steered estimator in training: which bins hold a talker's direct sound.

It learns the share of direct sound in every bin, which simulation knows, and is tried out by how well its
masks help to locate talkers.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Complex64, Float, Float32
from torch import Tensor, nn

from anydoa.estimators.steered import BinAxis, BinFeatures, PolarSpectra, SteeredEstimator, window_spectra
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.metrics.localization import evaluate
from anydoa.networks import Checkpoint, MaskNet, MaskNetConfig, load_mask_checkpoint
from anydoa.peaks import pick_peaks
from anydoa.simulation.scene import Scene
from anydoa.training.batch import SceneBatches, TensorBatch, endless_batches, frame_activity, stage_scenes
from anydoa.training.config import StageOptions, TrainingConfig
from anydoa.training.curriculum import ActiveStage
from anydoa.training.data import ProcessShare, RunScenes
from anydoa.training.task import ClipResult, Task


@dataclass(frozen=True)
class MaskTraining(TrainingConfig):
    """A run that trains the mask network; :class:`~anydoa.training.config.TrainingConfig` has the rest.

    Args:
        network: says that it is the mask network.
        model: its sizes.
    """

    network: Literal["mask"] = "mask"
    model: MaskNetConfig = field(default_factory=MaskNetConfig)


@dataclass(frozen=True, eq=False)
class MaskBatch(TensorBatch):
    """What the mask network sees and should say.

    Args:
        features: features of every bin.
        target: share of a single talker's direct sound in the power of a bin, 0..1.
        weight: how much a bin counts.
    """

    features: Float[Tensor, "batch frame feature freq"]
    target: Float[Tensor, "batch frame freq"]
    weight: Float[Tensor, "batch frame freq"]


class MaskLoss(nn.Module):
    """The loss of a batch.

    Args:
        network: what learns.
    """

    def __init__(self, network: MaskNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: MaskBatch) -> Float[Tensor, ""]:
        """Cross-entropy with the share of direct sound, averaged over bins by their weights.

        That of causal masks and that of masks which hear later sound are added: no weight depends on both.
        """
        logits, _ = self.network(batch.features)
        loss = mask_loss(logits.float(), batch.target, batch.weight)
        if self.network.config.wide_size:
            wide = self.network.wide(batch.features)
            loss = loss + mask_loss(wide.float(), batch.target, batch.weight)
        return loss


class MaskTask(Task):
    """The mask network in training.

    Args:
        config: every choice of the run.
        cache: folder for decoded recordings.
        share: part of each step that this process takes.
    """

    network: MaskNet

    def __init__(self, config: MaskTraining, cache: Path, share: ProcessShare) -> None:
        self._config, self.scenes = config, RunScenes(config, cache, share)
        self._validator: MaskValidator | None = None
        self.network = MaskNet(config.model)
        self.loss = MaskLoss(self.network)

    def load(self, path: str | Path) -> Checkpoint[MaskNet]:
        """A checkpoint of the mask network; what this run's network has no part for is left out of it."""
        checkpoint = load_mask_checkpoint(path)
        if self._config.model.wide_size:
            return checkpoint
        return replace(checkpoint, network=checkpoint.network.causal_part())

    def batches(self, stage: StageOptions, *, first: int) -> Iterator[MaskBatch]:
        """Clips from rooms."""
        recipe = replace(self._config.during(stage).mix, keep_direct=True)
        scenes = stage_scenes(self.scenes, stage, recipe)
        dataset = SceneBatches(scenes, partial(mask_batch, axis=self._config.model.axis))
        return endless_batches(dataset, first=first, step=stage.batch_size, workers=self._config.data.workers)

    def prepare_validation(self) -> None:
        """Mix the clips the network is tried out on."""
        scenes = self.scenes.held_out_scenes(replace(self._config.mix, keep_direct=True))
        self._validator = MaskValidator(
            scenes, self._config.model.axis, grid_size=self._config.validation.grid
        )

    def validate(self, network: MaskNet, here: ActiveStage) -> list[ClipResult]:
        """Results of an averaged network on this process' share of the validation clips."""
        assert self._validator is not None
        return self._validator.run(network)


class MaskValidator:
    """A fixed set of scenes, and the grid that talkers are searched on.

    Args:
        scenes: scenes with their direct sound.
        axis: windows and bins.
        grid_size: directions of the Fibonacci sphere.
    """

    def __init__(self, scenes: Sequence[Scene], axis: BinAxis, *, grid_size: int) -> None:
        self._scenes, self._axis = scenes, axis
        self._grid = fibonacci_grid(grid_size)
        self._clips = [mask_batch([scene], axis) for scene in scenes]

    @torch.no_grad()
    def run(self, network: MaskNet) -> list[ClipResult]:
        """Results of all scenes; the network is in evaluation mode."""
        device = next(network.parameters()).device
        results = []
        for scene, clip in zip(self._scenes, self._clips, strict=True):
            features = clip.features.to(device)
            is_wide = network.config.wide_size > 0
            logits = (network.wide(features) if is_wide else network(features)[0]).cpu()
            loss = float(mask_loss(logits, clip.target, clip.weight))
            # The whole estimator with this mask: (frame, freq) -> (frame, grid) -> (frame, peak, xyz).
            estimator = SteeredEstimator(_KnownMask(torch.sigmoid(logits)[0].numpy()), axis=self._axis)
            if is_wide:
                estimator = estimator.with_look_ahead(math.inf)
            array = MicrophoneArray(scene.positions)
            grid = array.ambiguity.distinct(self._grid)
            spectrum = estimator.spectrum(scene.audio.astype(np.float32), array, grid)
            peaks = pick_peaks(spectrum.values, grid, scene.num_talkers)
            places = np.where(peaks[..., None] >= 0, grid.directions[peaks], np.nan)
            truth = array.ambiguity.fold(scene.directions_at(spectrum.times_s))
            active = active_at_outputs(scene, estimator, num_outputs=spectrum.num_frames)
            results.append(ClipResult(scene.num_talkers, loss, evaluate(places, truth, active)))
        return results


class _KnownMask:
    """Masks computed before, handed out frame by frame."""

    def __init__(self, mask: Float32[np.ndarray, "frame freq"]) -> None:
        self._mask = mask

    def initial_state(self) -> np.ndarray:
        return np.zeros(1, dtype=np.int64)

    def step(
        self, features: Float32[np.ndarray, "frame feature freq"], state: np.ndarray
    ) -> tuple[Float32[np.ndarray, "frame freq"], np.ndarray]:
        first = int(state[0])
        return self._mask[first : first + len(features)], state + len(features)


def mask_batch(scenes: Sequence[Scene], axis: BinAxis) -> MaskBatch:
    """Features, targets and weights of scenes that have kept their direct sound.

    Args:
        scenes: scenes of the same length.
        axis: windows and bins.
    """
    rows = []
    for scene in scenes:
        assert scene.direct is not None
        mixture = window_spectra(scene.audio, axis)
        features = BinFeatures(axis, MicrophoneArray(scene.positions)).push(PolarSpectra.of(mixture))
        shares = [direct_share(mixture, window_spectra(direct, axis)) for direct in scene.direct]
        rows.append((features, np.max(shares, axis=0), level_weight(mixture)))
    return MaskBatch(*(torch.from_numpy(np.stack(parts)) for parts in zip(*rows, strict=True)))


def mask_loss(
    logits: Float[Tensor, "batch frame freq"],
    target: Float[Tensor, "batch frame freq"],
    weight: Float[Tensor, "batch frame freq"],
) -> Float[Tensor, ""]:
    """Binary cross-entropy with soft targets, averaged by weight."""
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (entropy * weight).sum() / weight.sum()


def direct_share(
    mixture: Complex64[np.ndarray, "mic frame freq"], direct: Complex64[np.ndarray, "mic frame freq"]
) -> Float32[np.ndarray, "frame freq"]:
    """Power of a talker's direct sound over that and the power of all else, over all microphones."""
    wanted = _power(direct)
    total = wanted + _power(mixture - direct)
    share: np.ndarray = wanted / np.maximum(total, np.float32(1e-20))
    return share


def level_weight(mixture: Complex64[np.ndarray, "mic frame freq"]) -> Float32[np.ndarray, "frame freq"]:
    """Weight of a bin: 1 for the loudest, falling with its level in decibels to 0.1 at 54 dB below that."""
    power = _power(mixture)
    below_db = 10 * np.log10(np.maximum(power / max(float(power.max()), 1e-20), 1e-12))
    return np.clip(1 + below_db / 60, 0.1, 1).astype(np.float32)


def active_at_outputs(
    scene: Scene, estimator: SteeredEstimator, *, num_outputs: int
) -> Bool[np.ndarray, "output source"]:
    """Who speaks in the newest window of each output of a steered estimator."""
    axis = estimator.axis
    every = frame_activity(torch.from_numpy(scene.activity[None]), axis.window_length, axis.hop_length)[0]
    step = estimator.options.frames_per_output
    active: np.ndarray = every.T.numpy()[step - 1 :: step][:num_outputs]
    return active


def _power(spectra: Complex64[np.ndarray, "mic frame freq"]) -> Float32[np.ndarray, "frame freq"]:
    return np.square(np.abs(spectra)).mean(axis=0)
