"""What differs between the networks that are trained: batches, loss, and how they are tried out."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from anydoa.models.agg_rl import AggRl
from anydoa.models.checkpoint import Checkpoint, load_checkpoint, load_mask_checkpoint
from anydoa.models.talker_mask import TalkerMask
from anydoa.training.config import StageOptions, TrainingConfig
from anydoa.training.curriculum import Curriculum, Position
from anydoa.training.grid_sampling import GridSampler
from anydoa.training.loading import endless_batches
from anydoa.training.mask_clips import MaskBatches, MaskClipShape
from anydoa.training.mask_supervision import MaskSupervision
from anydoa.training.mask_validation import MaskValidator
from anydoa.training.sources import VALIDATION_SEED, Share, TrainingSources
from anydoa.training.supervision import Supervision
from anydoa.training.validation import MAX_TALKERS, ClipResult, Validator


@runtime_checkable
class AnyBatch(Protocol):
    """A step's worth of clips."""

    def to(self, device: torch.device) -> Any:
        """The same batch on a device."""
        ...


@runtime_checkable
class Lesson(Protocol):
    """A network in training, with all that is its own."""

    @property
    def network(self) -> AggRl | TalkerMask:
        """What learns."""
        ...

    @property
    def supervision(self) -> nn.Module:
        """The network together with its loss; called with :meth:`arguments`."""
        ...

    def load(self, path: str | Path) -> Checkpoint[Any]:
        """A checkpoint of this kind of network."""
        ...

    def batches(self, stage: StageOptions, *, first: int) -> Iterator[AnyBatch]:
        """What a stage learns from, from clip ``first`` of the run on."""
        ...

    def arguments(self, batch: AnyBatch, position: Position, rng: np.random.Generator) -> tuple[Any, ...]:
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
        self.supervision = Supervision(self.network, positive_weight=config.optimizer.positive_weight)
        self.load = load_checkpoint

    def batches(self, stage: StageOptions, *, first: int) -> Iterator[AnyBatch]:
        """What a stage learns from, from clip ``first`` of the run on."""
        return self._sources.batches(stage, self.network, first=first)

    def arguments(
        self, batch: AnyBatch, position: Position, rng: np.random.Generator
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


class MaskLesson:
    """The mask network of the steered model: which bins hold direct sound.

    Args:
        config: of the run.
        cache: folder for decoded recordings.
        share: of this process.
    """

    def __init__(self, config: TrainingConfig, cache: Path, share: Share) -> None:
        self._sources = TrainingSources(config, cache, share)
        self._config, self._share = config, share
        self._validator: MaskValidator | None = None
        self.network = TalkerMask(config.mask)
        self.supervision = MaskSupervision(self.network)
        self.load = load_mask_checkpoint

    def batches(self, stage: StageOptions, *, first: int) -> Iterator[AnyBatch]:
        """What a stage learns from, from clip ``first`` of the run on."""
        size = stage.batch_size // self._share.of
        shape = MaskClipShape(self._config.mask.axis, size, stage.duration_s, stage.microphones)
        dataset = MaskBatches(
            self._sources.rooms(stage.bank),
            shape,
            self._config.mix,
            seed=self._config.seed,
            offset=size * self._share.index,
        )
        return endless_batches(dataset, first=first, step=stage.batch_size, workers=self._config.data.workers)

    def arguments(self, batch: AnyBatch, position: Position, rng: np.random.Generator) -> tuple[()]:
        """Nothing: the targets are in the batch."""
        return ()

    def finish_step(self) -> None:
        """Nothing: every value of its weights is allowed."""

    def prepare_validation(self) -> None:
        """Mix the clips the network is tried out on."""
        options = self._config.validation
        scenes = []
        for talkers in range(1, MAX_TALKERS + 1):
            mixer = self._sources.held_out_rooms().mixer(
                replace(self._config.mix, min_talkers=talkers, keep_direct=True),
                seed=self._config.seed + VALIDATION_SEED,
                duration_s=options.duration_s,
                max_talkers=talkers,
            )
            scenes += [mixer.scene(clip) for clip in range(options.clips)]
        mine = scenes[self._share.index :: self._share.of]
        self._validator = MaskValidator(mine, self._config.mask.axis, grid_size=options.grid)

    def validate(self, network: TalkerMask, position: Position) -> list[ClipResult]:
        """Results of an averaged network on this process' share of the validation clips."""
        assert self._validator is not None
        return self._validator.run(network)


def open_lesson(config: TrainingConfig, cache: Path, share: Share) -> Lesson:
    """The lesson of the network that a run is about; its weights are drawn from the seed of the run.

    Raises:
        AudioError: if a corpus cannot be read.
        ConfigError: if the choices do not fit together.
    """
    lesson = MaskLesson if config.network == "talker-mask" else AggRlLesson
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return lesson(config, cache, share)
