"""The score network together with its loss, and how it is tried out."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.estimators.steered.estimator import SteeredEstimator, SteeredFrame
from anydoa.metrics.localization import evaluate
from anydoa.networks.score_net import ScoreNet
from anydoa.simulation.scene import Scene
from anydoa.training.talker_clips import FoundTalkers, TalkerBatch, find_talkers
from anydoa.training.validation import ClipResult


class ScoreSupervision(nn.Module):
    """From a batch to its loss.

    Args:
        network: what learns.
    """

    def __init__(self, network: ScoreNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: TalkerBatch) -> Float[Tensor, ""]:
        """Cross-entropy with whether somebody speaks there, mean over talkers."""
        logits = self.network(batch.cells, batch.numbers)
        return nn.functional.binary_cross_entropy_with_logits(logits.float(), batch.target)


class ScoreValidator:
    """A fixed set of scenes and what was found in them.

    Args:
        scenes: to find talkers in.
        estimator: finds them.
    """

    def __init__(self, scenes: Sequence[Scene], estimator: SteeredEstimator) -> None:
        self._scenes = [(scene, find_talkers(scene, estimator)) for scene in scenes]

    @torch.no_grad()
    def run(self, network: ScoreNet) -> list[ClipResult]:
        """Results of all scenes; the network is in evaluation mode."""
        return [self._result(network, scene, found) for scene, found in self._scenes]

    def _result(self, network: ScoreNet, scene: Scene, found: FoundTalkers) -> ClipResult:
        places = np.full((len(found.moments), scene.num_talkers, 3), np.nan)
        losses = []
        for row, moment, hits in zip(places, found.moments, found.hits, strict=True):
            if moment.views is None:
                continue
            logits = _log_odds(network, moment)
            target = torch.from_numpy(hits).float()
            losses.append(nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none"))
            for place, index in zip(row, logits.argsort(descending=True).tolist(), strict=False):
                place[:] = moment.talkers[index].direction
        loss = float(torch.cat(losses).mean()) if losses else 0.0
        return ClipResult(scene.num_talkers, loss, evaluate(places, found.truth, found.active))


def _log_odds(network: ScoreNet, moment: SteeredFrame) -> Float[Tensor, "talker"]:
    assert moment.views is not None
    device = next(network.parameters()).device
    views = moment.views
    logits: Tensor = network(
        torch.from_numpy(views.cells).to(device), torch.from_numpy(views.numbers).to(device)
    )
    return logits.float().cpu()
