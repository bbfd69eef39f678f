"""How well the score network tells talkers, in rooms and with voices it was not trained on."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from anydoa.estimators.steered import SteeredEstimator
from anydoa.geometry.grid import fibonacci_grid
from anydoa.metrics.localization import evaluate
from anydoa.networks import ScoreNet
from anydoa.simulation.scene import Scene
from anydoa.training.score.talkers import find_talkers
from anydoa.training.task import ClipResult


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
