"""What differs between the networks that are trained: batches, loss, and how they are tried out."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from anydoa.networks.agg_rl import AggRl
from anydoa.networks.checkpoint import (
    AnyNetwork,
    Checkpoint,
    load_checkpoint,
    load_mask_checkpoint,
    load_score_checkpoint,
)
from anydoa.networks.mask_net import MaskNet
from anydoa.networks.score_net import ScoreNet
from anydoa.simulation.recipe import MixRecipe
from anydoa.simulation.scene import Scene
from anydoa.training.batch import TensorBatch
from anydoa.training.config import StageOptions, TrainingConfig
from anydoa.training.curriculum import Curriculum, Position
from anydoa.training.grid_sampling import GridSampler
from anydoa.training.loading import endless_batches
from anydoa.training.mask_clips import MaskBatches, MaskClipShape
from anydoa.training.mask_supervision import MaskSupervision
from anydoa.training.mask_validation import MaskValidator
from anydoa.training.score_supervision import ScoreSupervision, ScoreValidator
from anydoa.training.sources import VALIDATION_SEED, Share, TrainingSources
from anydoa.training.supervision import Supervision
from anydoa.training.talker_clips import TalkerBatches, TalkerClipShape, masked_by
from anydoa.training.validation import MAX_TALKERS, ClipResult, Validator


@runtime_checkable
class Lesson(Protocol):
    """A network in training, with all that is its own."""

    @property
    def network(self) -> AnyNetwork:
        """What learns."""
        ...

    @property
    def supervision(self) -> nn.Module:
        """The network together with its loss; called with :meth:`arguments`."""
        ...

    def load(self, path: str | Path) -> Checkpoint[Any]:
        """A checkpoint of this kind of network."""
        ...

    def begin_with(self, other: Any) -> bool:
        """Take over the weights of another network of this kind; false if they do not fit."""
        ...

    def begin_stage(self, stage: StageOptions, averaged: Any) -> None:
        """Make the network, and the average of it, what they are in a stage."""
        ...

    def batches(self, stage: StageOptions, *, first: int) -> Iterator[TensorBatch]:
        """What a stage learns from, from clip ``first`` of the run on."""
        ...

    def arguments(self, batch: TensorBatch, position: Position, rng: np.random.Generator) -> tuple[Any, ...]:
        """What the supervision takes beside the batch."""
        ...

    def finish_step(self) -> None:
        """Put the network back where it is defined after the optimiser has moved it."""
        ...

    def prepare_validation(self) -> None:
        """Make the clips the network is tried out on."""
        ...

    def validate(self, network: Any, position: Position) -> list[ClipResult]:
        """Results of an averaged network on this process' share of the validation clips."""
        ...


class AggRlLesson:
    """AGG-RL: target spectra on a grid shared by the batch.

    Args:
        config: of the run.
        cache: folder for decoded recordings.
        share: of this process.
    """

    def __init__(self, config: TrainingConfig, cache: Path, share: Share) -> None:
        self._sources = TrainingSources(config, cache, share)
        self._config, self._curriculum = config, Curriculum(config)
        self._sampler = GridSampler(config.grid)
        self._validator: Validator | None = None
        self.network = AggRl(config.model)
        self.supervision = Supervision(
            self.network,
            positive_weight=config.optimizer.positive_weight,
            direction_weight=config.optimizer.direction_weight,
        )
        self.load = load_checkpoint

    def begin_stage(self, stage: StageOptions, averaged: AggRl) -> None:
        """Let the part of the network learn that the stage is about, by its loss, on its grids."""
        here = self._config.during(stage)
        self._sampler = GridSampler(here.grid)
        self.supervision.positive_weight = here.optimizer.positive_weight
        self.supervision.direction_weight = here.optimizer.direction_weight
        for network in (self.network, averaged):
            network.hears_plane_waves = stage.learns != "without-plane-waves"
        if stage.learns == "plane-waves":
            self.network.learn_plane_waves_only_()
        else:
            self.network.learn_all_()

    def begin_with(self, other: AggRl) -> bool:
        """Take over the weights of another AGG-RL network, with PlaneWaveNet or before it gets one."""
        if self.network.config.shares_weights_with(other.config):
            self.network.load_state_dict(other.state_dict())
        elif other.config == self.network.config.without_plane_waves():
            self.network.load_state_dict(other.state_dict(), strict=False)
        else:
            return False
        return True

    def batches(self, stage: StageOptions, *, first: int) -> Iterator[TensorBatch]:
        """What a stage learns from, from clip ``first`` of the run on."""
        return self._sources.batches(stage, self.network, first=first)

    def arguments(
        self, batch: TensorBatch, position: Position, rng: np.random.Generator
    ) -> tuple[Tensor, tuple[float, ...]]:
        """The grid of the step, and the beamwidths of its targets."""
        talkers = batch.talkers.double().numpy()  # type: ignore[attr-defined] # a Batch: no other is given
        directions = torch.from_numpy(self._sampler.draw(talkers, rng))
        return directions, self._curriculum.beamwidths_deg(position)

    def finish_step(self) -> None:
        """Keep the bins of the transform in order."""
        self.network.project_()

    def prepare_validation(self) -> None:
        """Make the clips the network is tried out on."""
        self._validator = Validator(
            self._sources.validation(self.network),
            grid_size=self._config.validation.grid,
            positive_weight=self._config.optimizer.positive_weight,
        )

    def validate(self, network: AggRl, position: Position) -> list[ClipResult]:
        """Results of an averaged network on this process' share of the validation clips."""
        assert self._validator is not None
        return self._validator.run(network, self._curriculum.beamwidths_deg(position))


class _SteeredLesson:
    """What the lessons of the steered model's two networks share.

    Args:
        config: of the run.
        cache: folder for decoded recordings, and for what else is kept.
        share: of this process.
    """

    network: MaskNet | ScoreNet

    def __init__(self, config: TrainingConfig, cache: Path, share: Share) -> None:
        self._sources = TrainingSources(config, cache, share)
        self._config, self._share = config, share
        self._validator: MaskValidator | ScoreValidator | None = None

    def begin_stage(self, stage: StageOptions, averaged: MaskNet | ScoreNet) -> None:
        """Nothing: the network is the same in every stage."""

    def arguments(self, batch: TensorBatch, position: Position, rng: np.random.Generator) -> tuple[()]:
        """Nothing: the targets are in the batch."""
        return ()

    def begin_with(self, other: MaskNet | ScoreNet) -> bool:
        """Take over the weights of another network of this kind; false if they do not fit."""
        if other.config != self.network.config:
            return False
        self.network.load_state_dict(other.state_dict())
        return True

    def finish_step(self) -> None:
        """Nothing: every value of its weights is allowed."""

    def validate(self, network: Any, position: Position) -> list[ClipResult]:
        """Results of an averaged network on this process' share of the validation clips."""
        assert self._validator is not None
        return self._validator.run(network)

    def _held_out_scenes(self, recipe: MixRecipe) -> list[Scene]:
        """This process' share of the scenes, held out, as many of each number of talkers."""
        scenes = []
        for talkers in range(1, MAX_TALKERS + 1):
            mixer = self._sources.held_out_rooms().mixer(
                replace(recipe, min_talkers=talkers),
                seed=self._config.seed + VALIDATION_SEED,
                duration_s=self._config.validation.duration_s,
                max_talkers=talkers,
            )
            scenes += [mixer.scene(clip) for clip in range(self._config.validation.clips)]
        return scenes[self._share.index :: self._share.of]


class MaskLesson(_SteeredLesson):
    """The mask network of the steered model: which bins hold direct sound.

    Args:
        config: of the run.
        cache: folder for decoded recordings.
        share: of this process.
    """

    def __init__(self, config: TrainingConfig, cache: Path, share: Share) -> None:
        super().__init__(config, cache, share)
        self.network = MaskNet(config.mask)
        self.supervision = MaskSupervision(self.network)
        self.load = load_mask_checkpoint

    def batches(self, stage: StageOptions, *, first: int) -> Iterator[TensorBatch]:
        """What a stage learns from, from clip ``first`` of the run on."""
        size = stage.batch_size // self._share.of
        shape = MaskClipShape(self._config.mask.axis, size, stage.duration_s, stage.microphones)
        dataset = MaskBatches(
            self._sources.rooms(stage.bank),
            shape,
            self._config.during(stage).mix,
            seed=self._config.seed,
            offset=size * self._share.index,
        )
        return endless_batches(dataset, first=first, step=stage.batch_size, workers=self._config.data.workers)

    def prepare_validation(self) -> None:
        """Mix the clips the network is tried out on."""
        scenes = self._held_out_scenes(replace(self._config.mix, keep_direct=True))
        self._validator = MaskValidator(
            scenes, self._config.mask.axis, grid_size=self._config.validation.grid
        )


class ScoreLesson(_SteeredLesson):
    """The score network of the steered model: whether somebody speaks where something was found.

    Args:
        config: of the run.
        cache: folder for decoded recordings and for what was found in clips.
        share: of this process.
    """

    def __init__(self, config: TrainingConfig, cache: Path, share: Share) -> None:
        super().__init__(config, cache, share)
        self._mask_weights = Path(config.data.mask_weights)
        self.network = ScoreNet(config.score)
        self.supervision = ScoreSupervision(self.network)
        self.load = load_score_checkpoint

    def batches(self, stage: StageOptions, *, first: int) -> Iterator[TensorBatch]:
        """What a stage learns from, from clip ``first`` of the run on."""
        size = stage.batch_size // self._share.of
        dataset = TalkerBatches(
            self._sources.rooms(stage.bank),
            TalkerClipShape(
                self._mask_weights,
                self._config.steering,
                size,
                stage.duration_s,
                stage.microphones,
                self._config.data.clips,
            ),
            self._config.during(stage).mix,
            seed=self._config.seed,
            kept=self._sources.cache,
            offset=size * self._share.index,
        )
        return endless_batches(dataset, first=first, step=stage.batch_size, workers=self._config.data.workers)

    def prepare_validation(self) -> None:
        """Find the talkers of the clips the network is tried out on."""
        estimator = masked_by(self._mask_weights, self._config.steering)
        self._validator = ScoreValidator(self._held_out_scenes(self._config.mix), estimator)


_LESSONS: dict[str, Callable[[TrainingConfig, Path, Share], Lesson]] = {
    "agg-rl": AggRlLesson,
    "talker-mask": MaskLesson,
    "talker-score": ScoreLesson,
}


def open_lesson(config: TrainingConfig, cache: Path, share: Share) -> Lesson:
    """The lesson of the network that a run is about; its weights are drawn from the seed of the run.

    Raises:
        AudioError: if a corpus cannot be read.
        ConfigError: if the choices do not fit together.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return _LESSONS[config.network](config, cache, share)
