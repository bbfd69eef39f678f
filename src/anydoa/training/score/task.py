"""The score network in training: whether somebody speaks where the steered estimator found something."""

from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.networks import Checkpoint, ScoreNet, load_score_checkpoint
from anydoa.training.batch import endless_batches, stage_scenes
from anydoa.training.config import StageOptions
from anydoa.training.curriculum import ActiveStage
from anydoa.training.data import ProcessShare, RunScenes
from anydoa.training.score.batches import ScoreBatch, ScoreBatches
from anydoa.training.score.config import ScoreTraining
from anydoa.training.score.talkers import TalkerFinder
from anydoa.training.score.validation import ScoreValidator
from anydoa.training.task import ClipResult, Task


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
