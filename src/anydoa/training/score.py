"""The score network of the steered estimator in training: whether somebody speaks where something was found.

Talkers are searched in mixed scenes with a finished mask network. That costs more than learning, so what was
found is kept on disk and met again in every epoch.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Float16, Float32
from torch import Tensor, nn
from torch.utils.data import Dataset

from anydoa.errors import ConfigError
from anydoa.estimators.steered import (
    NUM_CHANNELS,
    NUM_NUMBERS,
    NUM_WIDE_NUMBERS,
    SteeredEstimator,
    SteeredFrame,
    SteeredOptions,
)
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.io.options import check_positive
from anydoa.io.output import whole_binary
from anydoa.metrics.localization import TOLERANCE_DEG, evaluate
from anydoa.networks import (
    Checkpoint,
    MaskNet,
    ScoreNet,
    ScoreNetConfig,
    load_mask_checkpoint,
    load_score_checkpoint,
)
from anydoa.simulation.scene import Scene
from anydoa.training.batch import MixedScenes, TensorBatch, endless_batches, stage_scenes
from anydoa.training.config import LOCAL, DataOptions, StageOptions, TrainingConfig
from anydoa.training.curriculum import ActiveStage
from anydoa.training.data import ProcessShare, RunScenes
from anydoa.training.mask import active_at_outputs
from anydoa.training.task import ClipResult, Task

_Found = tuple[
    Float16[np.ndarray, "talker channel slot band"],
    Float32[np.ndarray, "talker number"],
    Bool[np.ndarray, "talker"],
]
"""Pictures and numbers of the talkers of a frame, and whether somebody speaks there."""


@dataclass(frozen=True)
class ScoreData(DataOptions):
    """What clips are mixed from, and how talkers are found in them.

    Args:
        mask_weights: checkpoint of the mask network that finds talkers.
        clips: how many different clips there are; then they come again.
        ahead_slots: slots of evidence heard ahead in the clips, one after the other.
        keep_every: a frame of so many is learnt from.
    """

    mask_weights: str = field(default="", metadata=LOCAL)
    clips: int = 1600
    ahead_slots: tuple[int, ...] = (0,)
    keep_every: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "clips", "keep_every")
        if not self.ahead_slots or min(self.ahead_slots) < 0:
            raise ConfigError(
                f"ahead_slots must be numbers from 0, got {self.ahead_slots}; [0] hears none ahead"
            )


@dataclass(frozen=True)
class ScoreTraining(TrainingConfig):
    """A run that trains the score network; :class:`~anydoa.training.config.TrainingConfig` has the rest.

    Args:
        network: says that it is the score network.
        model: its sizes.
        data: what clips are mixed from, and the mask network.
        steered: how talkers are found.
    """

    network: Literal["score"] = "score"
    model: ScoreNetConfig = field(default_factory=ScoreNetConfig)
    data: ScoreData = field(default_factory=ScoreData)
    steered: SteeredOptions = field(default_factory=SteeredOptions)

    def __post_init__(self) -> None:
        super().__post_init__()
        sizes = {
            "num_slots": (self.model.num_slots, "memory_slots", self.steered.memory_slots),
            "num_bands": (self.model.num_bands, "num_bands", self.steered.num_bands),
            "ahead_slots": (self.model.ahead_slots, "picture_ahead", self.steered.picture_ahead),
        }
        for name, (ours, theirs, found) in sizes.items():
            if ours != found:
                raise ConfigError(
                    f"model.{name} and steered.{theirs} must be equal, got {ours} and {found}; change one"
                )
        if max(self.data.ahead_slots) and not self.steered.picture_ahead:
            raise ConfigError(
                f"data.ahead_slots beside 0 need model.ahead_slots and steered.picture_ahead above 0, "
                f"got {self.data.ahead_slots}; set both, or data.ahead_slots = [0]"
            )
        if not self.data.mask_weights:
            raise ConfigError("data.mask_weights is empty; name the checkpoint of a mask network")
        for stage in self.stages:
            if self.data.clips % stage.batch_size:
                raise ConfigError(
                    f"data.clips must be a multiple of batch_size of stage {stage.name!r}, "
                    f"got {self.data.clips} and {stage.batch_size}; change one"
                )

    @property
    def rests_weights(self) -> bool:
        """Whether some weights have no part in the loss of some step: a process may hear no later sound."""
        return True

    @property
    def weight_files(self) -> dict[str, str]:
        """Files of weights that the run needs, by the names of the choices."""
        return {**super().weight_files, "data.mask_weights": self.data.mask_weights}


@dataclass(frozen=True, eq=False)
class ScoreBatch(TensorBatch):
    """What the score network sees and should say; as many talkers as were found in the clips.

    Args:
        cells: picture of each talker that was found by the past alone.
        numbers: numbers of each.
        target: 1 where somebody speaks within 10 degrees, else 0.
        wide_cells: picture of each talker that was found by later sound, too.
        wide_numbers: numbers of each.
        wide_target: whether somebody speaks there.
    """

    cells: Float[Tensor, "talker channel slot band"]
    numbers: Float[Tensor, "talker number"]
    target: Float[Tensor, "talker"]
    wide_cells: Float[Tensor, "wide_talker channel wide_slot band"]
    wide_numbers: Float[Tensor, "wide_talker wide_number"]
    wide_target: Float[Tensor, "wide_talker"]


class ScoreLoss(nn.Module):
    """The loss of a batch.

    Args:
        network: what learns.
    """

    def __init__(self, network: ScoreNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: ScoreBatch) -> Float[Tensor, ""]:
        """Cross-entropy with whether somebody speaks there, mean over talkers; 0 if none were found."""
        if not len(batch.cells) + len(batch.wide_cells):
            return torch.stack([weight.sum() for weight in self.network.parameters()]).sum() * 0
        logits = [
            self.network(cells, numbers)
            for cells, numbers in ((batch.cells, batch.numbers), (batch.wide_cells, batch.wide_numbers))
            if len(cells)
        ]
        target = torch.cat([batch.target, batch.wide_target])
        return nn.functional.binary_cross_entropy_with_logits(torch.cat(logits).float(), target)


class ScoreTask(Task):
    """The score network in training.

    Args:
        config: every choice of the run.
        cache: folder for decoded recordings and for what was found in clips.
        share: part of each step that this process takes.
    """

    network: ScoreNet

    def __init__(self, config: ScoreTraining, cache: Path, share: ProcessShare) -> None:
        self._config, self.scenes = config, RunScenes(config, cache, share)
        self._finder = TalkerFinder(Path(config.data.mask_weights), config.steered)
        self._validator: ScoreValidator | None = None
        self.network = ScoreNet(config.model)
        self.loss = ScoreLoss(self.network)

    def load(self, path: str | Path) -> Checkpoint[ScoreNet]:
        """A checkpoint of the score network."""
        return load_score_checkpoint(path)

    def batches(self, stage: StageOptions, *, first: int) -> Iterator[ScoreBatch]:
        """What is found in clips from rooms."""
        dataset = ScoreBatches(
            stage_scenes(self.scenes, stage, self._config.during(stage).mix),
            self._finder,
            data=self._config.data,
            kept=self.scenes.cache,
        )
        return endless_batches(dataset, first=first, step=stage.batch_size, workers=self._config.data.workers)

    def prepare_validation(self) -> None:
        """Find the talkers of the clips the network is tried out on."""
        scenes = self.scenes.held_out_scenes(self._config.mix)
        estimator = self._finder.ahead(max(self._config.data.ahead_slots))
        self._validator = ScoreValidator(scenes, estimator, grid_size=self._config.validation.grid)

    def validate(self, network: ScoreNet, here: ActiveStage) -> list[ClipResult]:
        """Results of an averaged network on this process' share of the validation clips."""
        assert self._validator is not None
        return self._validator.run(network)


class ScoreValidator:
    """A fixed set of scenes and what was found in them.

    Args:
        scenes: scenes to find talkers in.
        estimator: finds them.
        grid_size: directions of the Fibonacci sphere that they are searched on.
    """

    def __init__(self, scenes: Sequence[Scene], estimator: SteeredEstimator, *, grid_size: int) -> None:
        grid = fibonacci_grid(grid_size)
        self._scenes = [(scene, find_talkers(scene, estimator, grid)) for scene in scenes]

    @torch.no_grad()
    def run(self, network: ScoreNet) -> list[ClipResult]:
        """Results of all scenes; the network is in evaluation mode."""
        device = next(network.parameters()).device
        results = []
        for scene, found in self._scenes:
            places = np.full((len(found.outputs), scene.num_talkers, 3), np.nan)
            losses = []
            for row, output, hits in zip(places, found.outputs, found.hits, strict=True):
                if output.views is None:
                    continue
                cells, numbers = (
                    torch.from_numpy(part).to(device) for part in (output.views.cells, output.views.numbers)
                )
                logits = network(cells, numbers).float().cpu()
                target = torch.from_numpy(hits).float()
                losses.append(
                    nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
                )
                # The talkers that score best are the answer of this output.
                for place, index in zip(row, logits.argsort(descending=True).tolist(), strict=False):
                    place[:] = output.talkers[index].direction
            loss = float(torch.cat(losses).mean()) if losses else 0.0
            results.append(ClipResult(scene.num_talkers, loss, evaluate(places, found.truth, found.active)))
        return results


@dataclass(frozen=True)
class TalkerFinder:
    """How talkers are found: by a path only, so that another process can open the network.

    Args:
        mask_weights: checkpoint of the mask network.
        options: options of the search.
    """

    mask_weights: Path
    options: SteeredOptions

    @cached_property
    def estimator(self) -> SteeredEstimator:
        """A steered estimator with the mask network in torch.

        Raises:
            CheckpointError: if the checkpoint cannot be read.
        """
        network = load_mask_checkpoint(self.mask_weights).network
        mask = _TorchMask(network)
        wide_mask = mask if network.config.wide_size else None
        return SteeredEstimator(mask, axis=network.config.axis, options=self.options, wide_mask=wide_mask)

    def ahead(self, slots: int) -> SteeredEstimator:
        """The estimator that hears so many slots ahead, and all it can from the widest span on."""
        slot_s = self.options.slot_frames * self.estimator.axis.hop_s
        ahead_s = math.inf if slots >= self.options.wide_slots else slots * slot_s
        return self.estimator.with_look_ahead(ahead_s)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "estimator"}


_SEARCH = 2  # counts changes of the search that make kept talkers stale


class ScoreBatches(Dataset[ScoreBatch]):
    """``batches[first]`` prepares the clips ``first``, ``first + 1``, ... as one batch, if they are not yet.

    Args:
        scenes: a list of scenes for each first clip.
        finder: finds talkers in them.
        data: how many different clips there are, and what is looked at in each.
        kept: folder for what was prepared.
    """

    def __init__(self, scenes: MixedScenes, finder: TalkerFinder, *, data: ScoreData, kept: Path) -> None:
        self.scenes, self.finder, self.data = scenes, finder, data
        self._grid = fibonacci_grid()
        weights = hashlib.sha256(finder.mask_weights.read_bytes()).hexdigest()
        looks = (data.clips, data.ahead_slots, data.keep_every)
        clips = (scenes.count, scenes.duration_s, scenes.microphones, looks, scenes.seed)
        material = (scenes.material, scenes.material.ages())
        made_from = repr((_SEARCH, material, scenes.recipe, clips, finder.options, weights))
        self.kept = kept / f"talkers-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}"

    def __getitem__(self, first: int) -> ScoreBatch:
        first %= self.data.clips
        path = self.kept / f"{first + self.scenes.offset}.npz"
        if not path.is_file():
            found_by: dict[bool, list[_Found]] = {False: [], True: []}  # whether later sound was heard
            for clip, scene in enumerate(self.scenes[first], first + self.scenes.offset):
                ahead = self.data.ahead_slots[clip % len(self.data.ahead_slots)]
                found = find_talkers(scene, self.finder.ahead(ahead), self._grid)
                # Neighbouring frames are alike; which of them are kept differs from clip to clip.
                kept = slice(clip % self.data.keep_every, None, self.data.keep_every)
                found_by[ahead > 0].extend(
                    (output.views.cells.astype(np.float16), output.views.numbers, hits)
                    for output, hits in zip(found.outputs[kept], found.hits[kept], strict=True)
                    if output.views is not None
                )
            by_past = self._joined(found_by[False], wide=False)
            by_both = self._joined(found_by[True], wide=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_binary(path) as file:
                np.savez(file, **by_past, **by_both)
        with np.load(path) as parts:
            return ScoreBatch(**{name: torch.from_numpy(parts[name]).float() for name in parts.files})

    def _joined(self, found: list[_Found], *, wide: bool) -> dict[str, Any]:
        """Views and hits of all frames by the names of a batch; empty where there are none."""
        options = self.finder.options
        slots = options.memory_slots + (options.picture_ahead if wide else 0)
        none = (
            np.zeros((0, NUM_CHANNELS, slots, options.num_bands), dtype=np.float16),
            np.zeros((0, NUM_WIDE_NUMBERS if wide else NUM_NUMBERS), dtype=np.float32),
            np.zeros(0, dtype=bool),
        )
        cells, numbers, target = (np.concatenate(part) for part in zip(none, *found, strict=True))
        prefix = "wide_" if wide else ""
        return {f"{prefix}cells": cells, f"{prefix}numbers": numbers, f"{prefix}target": target}


@dataclass(frozen=True, eq=False)
class FoundTalkers:
    """What an estimator found in a scene.

    Args:
        outputs: what was found, one output after another.
        hits: which of the talkers found are within 10 degrees of one who speaks, for each output.
        truth: unit vectors towards the talkers at each output, one for all that the array cannot tell apart.
        active: who speaks at each output.
    """

    outputs: list[SteeredFrame]
    hits: list[Bool[np.ndarray, "talker"]]
    truth: Float[np.ndarray, "output source 3"]
    active: Bool[np.ndarray, "output source"]


def find_talkers(scene: Scene, estimator: SteeredEstimator, grid: DirectionGrid) -> FoundTalkers:
    """What an estimator finds in a whole scene beside its truth, both as far as the array can tell."""
    array = MicrophoneArray(scene.positions)
    stream = estimator.stream(array, grid)
    outputs = stream.listen(scene.audio.astype(np.float32)) + stream.listen_to_end()
    active = active_at_outputs(scene, estimator, num_outputs=len(outputs))
    truth = array.ambiguity.fold(scene.directions_at(np.array([output.time_s for output in outputs])))
    hits: list[np.ndarray] = []
    for output, directions, speaks in zip(outputs, truth, active, strict=True):
        places = np.array([talker.direction for talker in output.talkers]).reshape(-1, 1, 3)
        distance = great_circle_distance_deg(places, directions[speaks])
        hits.append(np.any(distance <= TOLERANCE_DEG, axis=1))
    return FoundTalkers(outputs, hits, truth, active)


class _TorchMask:
    """Masks by torch, on one thread: the others belong to the network that learns."""

    def __init__(self, network: MaskNet) -> None:
        self._network = network

    def initial_state(self) -> np.ndarray:
        state: np.ndarray = self._network.initial_state().numpy()
        return state

    @torch.no_grad()
    def step(
        self, features: Float32[np.ndarray, "frame feature freq"], state: np.ndarray
    ) -> tuple[Float32[np.ndarray, "frame freq"], np.ndarray]:
        logits, after = self._network(torch.from_numpy(features)[None], torch.from_numpy(state))
        return torch.sigmoid(logits)[0].numpy(), after.numpy()

    @torch.no_grad()
    def masks(self, features: Float32[np.ndarray, "frame feature freq"]) -> Float32[np.ndarray, "frame freq"]:
        masks: np.ndarray = torch.sigmoid(self._network.wide(torch.from_numpy(features)[None]))[0].numpy()
        return masks
