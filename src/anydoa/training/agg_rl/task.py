"""AGG-RL in training: target spectra on a grid shared by the batch."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from anydoa.networks import AggRl, Checkpoint, load_checkpoint
from anydoa.training.agg_rl.batches import AggRlBatch, AudioBatch, ClipShape, batch_scenes
from anydoa.training.agg_rl.config import AggRlStage, AggRlTraining
from anydoa.training.agg_rl.loss import AggRlLoss
from anydoa.training.agg_rl.spectra import SpectraBatches, bin_frequencies
from anydoa.training.agg_rl.targets import GridSampler
from anydoa.training.agg_rl.validation import Validator, validation_batches
from anydoa.training.batch import SceneBatches, endless_batches, stage_scenes
from anydoa.training.curriculum import ActiveStage
from anydoa.training.data import ProcessShare, RunScenes
from anydoa.training.task import ClipResult, Task


class AggRlTask(Task):
    """AGG-RL in training.

    Args:
        config: every choice of the run.
        cache: folder for decoded recordings.
        share: part of each step that this process takes.
    """

    network: AggRl
    loss: AggRlLoss

    def __init__(self, config: AggRlTraining, cache: Path, share: ProcessShare) -> None:
        self.scenes = RunScenes(config, cache, share)
        self._config, self._share = config, share
        self._sampler = GridSampler(config.grid)
        self._validator: Validator | None = None
        # Whether PlaneWaveNet is more than drawn by chance: at the start of the run, and now.
        self._began_with_plane_waves = self._has_plane_waves = bool(config.initial_weights)
        self.network = AggRl(config.model)
        self.loss = AggRlLoss(self.network, config.loss)

    def load(self, path: str | Path) -> Checkpoint[AggRl]:
        """A checkpoint of AGG-RL; one without PlaneWaveNet gets what this run's network begins with.

        Such a PlaneWaveNet has yet to learn before :meth:`usable` leaves it in.
        """
        checkpoint = load_checkpoint(path)
        without = self._config.model.without_plane_waves()
        if not self._config.model.plane_waves or checkpoint.network.config != without:
            return checkpoint
        self._began_with_plane_waves = False
        whole = copy.deepcopy(self.network).eval()
        whole.load_state_dict(checkpoint.network.state_dict(), strict=False)
        return replace(checkpoint, network=whole)

    def begin_stage(self, here: ActiveStage, averaged: AggRl) -> None:
        """Let the part of the network learn that the stage is about, by its loss, on its grids."""
        so_far = self._config.stages[: here.index + 1]
        stage = so_far[-1]
        taught = any(one.trains != "without-plane-waves" for one in so_far)
        self._has_plane_waves = self._began_with_plane_waves or taught
        options = self._config.during(stage)
        self._sampler, self.loss.options = GridSampler(options.grid), options.loss
        for network in (self.network, averaged):
            network.hears_plane_waves = stage.trains != "without-plane-waves"
        if stage.trains == "plane-waves":
            self.network.learn_plane_waves_only_()
        else:
            self.network.learn_all_()
        if stage.kind == "spectra" and any(one.kind == "rooms" for one in so_far):
            # Spectra are made for the bins as they are; the momentum of earlier stages must not move them.
            self.network.augeonet.transform.increments.requires_grad_(False)

    def usable(self, network: AggRl) -> AggRl:
        """Without PlaneWaveNet as long as it has not learned: it would change what the network says."""
        is_whole = self._has_plane_waves or not self._config.model.plane_waves
        return network if is_whole else network.without_plane_waves()

    def batches(self, stage: AggRlStage, *, first: int) -> Iterator[AggRlBatch]:
        """Spectra by formula or clips from rooms, as the stage says."""
        config, (size, offset) = self._config, self._share.of_step(stage.batch_size)
        shape = ClipShape(config.model, size, stage.duration_s, stage.microphones)
        dataset: SpectraBatches | SceneBatches[AudioBatch]
        if stage.kind == "spectra":
            dataset = SpectraBatches(shape, bin_frequencies(self.network), seed=config.seed, offset=offset)
        else:
            recipe = config.during(stage).mix
            scenes = stage_scenes(self.scenes, stage, recipe, duration_s=shape.exact_duration_s)
            dataset = SceneBatches(scenes, partial(batch_scenes, model=config.model))
        return endless_batches(dataset, first=first, step=stage.batch_size, workers=config.data.workers)

    def arguments(
        self, batch: AggRlBatch, here: ActiveStage, rng: np.random.Generator
    ) -> tuple[Tensor, tuple[float, ...]]:
        """The grid of the step, and the beamwidths of its targets."""
        directions = self._sampler.draw(batch.talkers.double().numpy(), rng)
        return torch.from_numpy(directions), beamwidths_deg(self._config, here)

    def finish_step(self) -> None:
        """Keep the bins of the transform in order."""
        self.network.project_()

    def decays(self, parameter: str) -> bool:
        """True for all but the bins of the transform.

        Weight decay would pull the bins down. Worse, Adam makes a full step of it where there is no other
        gradient, as in a stage of spectra.
        """
        return not parameter.endswith("transform.increments")

    def curve_columns(self, here: ActiveStage) -> dict[str, Any]:
        """Beamwidths of the targets."""
        return {"beamwidths_deg": beamwidths_deg(self._config, here)}

    def prepare_validation(self) -> None:
        """Make the clips the network is tried out on; spectra are made anew for its bins each time."""
        if self._config.validation.needs_rooms:
            self._validator = self._make_validator(self.network)

    def validate(self, network: AggRl, here: ActiveStage) -> list[ClipResult]:
        """Results of an averaged network on this process' share of the validation clips."""
        validator = self._validator or self._make_validator(network)
        return validator.run(network, beamwidths_deg(self._config, here))

    def _make_validator(self, network: AggRl) -> Validator:
        return Validator(
            validation_batches(self.scenes, self._config, network),
            grid_size=self._config.validation.grid,
            positive_weight=self._config.loss.positive_weight,
        )


def beamwidths_deg(config: AggRlTraining, here: ActiveStage) -> tuple[float, ...]:
    """Beamwidth of each output's target in degrees.

    Beams of the run count from its beginning, those of a stage from that of the stage.

    Args:
        config: every choice of the run.
        here: stage of the run, and the place in it.

    Reference:
        Baek et al. (2026): deep supervision with curriculum (DSCL).
    """
    own = config.stages[here.index].beams
    return config.beams.widths_at(here.units) if own is None else own.widths_at(here.elapsed)
