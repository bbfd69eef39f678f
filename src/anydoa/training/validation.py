"""How well a network locates in rooms and with voices it was not trained on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.metrics.localization import LocalizationScore, LocalizationSummary, evaluate, summarize
from anydoa.networks.agg_rl import AggRl
from anydoa.peaks.published import pick_peaks
from anydoa.training.batch import Batch
from anydoa.training.losses import weighted_cross_entropy
from anydoa.training.supervision import represent
from anydoa.training.targets import target_spectrum

MAX_TALKERS = 2


@dataclass(frozen=True)
class ClipResult:
    """What came of one clip.

    Args:
        talkers: how many there are.
        loss: cross-entropy of the spectrum as it is where the network runs, on the grid of validation.
        score: of localization with the number of active talkers known.
    """

    talkers: int
    loss: float
    score: LocalizationScore


@dataclass(frozen=True)
class ValidationResult:
    """What came of all clips.

    Args:
        loss: mean over clips.
        by_talkers: scores of the clips with one talker, with two, and so on.
    """

    loss: float
    by_talkers: tuple[LocalizationSummary, ...]

    @classmethod
    def of(cls, results: Sequence[ClipResult]) -> "ValidationResult":
        """Means over clips."""
        scores = defaultdict(list)
        for result in results:
            scores[result.talkers].append(result.score)
        return cls(
            loss=float(np.mean([result.loss for result in results])),
            by_talkers=tuple(summarize(scores[count]) for count in range(1, MAX_TALKERS + 1)),
        )

    def row(self) -> dict[str, float]:
        """Columns of the learning curve."""
        row = {"validation_loss": self.loss}
        for count, summary in enumerate(self.by_talkers, start=1):
            row |= {f"mae_deg_{count}": summary.mae_deg, f"acc10_{count}": summary.acc10}
        return row


class Validator:
    """A fixed set of clips, and the grid that talkers are searched on.

    Args:
        batches: clips.
        grid_size: directions of the Fibonacci sphere.
        positive_weight: rho of the loss.
    """

    def __init__(self, batches: Sequence[Batch], *, grid_size: int, positive_weight: float) -> None:
        self.batches = batches
        self.grid: DirectionGrid = fibonacci_grid(grid_size)
        self.positive_weight = positive_weight

    @torch.no_grad()
    def run(self, network: AggRl, beamwidths_deg: Sequence[float]) -> list[ClipResult]:
        """Results of all clips.

        Args:
            network: in evaluation mode.
            beamwidths_deg: of the loss.
        """
        device = next(network.parameters()).device
        directions = torch.from_numpy(self.grid.directions.astype(np.float32)).to(device)
        grid_representation = network.grid_representation(directions)
        results = []
        for batch in self.batches:
            moved = batch.to(device)
            logits = network.combine(represent(network, moved), grid_representation)
            target = target_spectrum(moved.sources, moved.active, directions, beamwidths_deg, moved.symmetry)
            for item in range(len(batch)):
                loss = weighted_cross_entropy(
                    logits[item, None], target[item, None], positive_weight=self.positive_weight
                )
                results.append(self._result(batch, item, logits[item, -1].T.float(), float(loss)))
        return results

    def _result(
        self, batch: Batch, item: int, logits: Float[Tensor, "frame grid"], loss: float
    ) -> ClipResult:
        """Flat and straight arrays are asked only for directions they can tell apart."""
        array = MicrophoneArray(batch.positions[item].numpy())
        grid = array.ambiguity.distinct(self.grid)
        talkers = int(batch.present[item].sum())
        active = batch.active[item, :talkers].T.numpy()
        truth = batch.sources[item, :talkers].expand(-1, len(active), -1).transpose(0, 1)
        values = logits.cpu().numpy()
        if grid is not self.grid:
            values = values[:, self.grid.nearest(grid.directions)]
        peaks = pick_peaks(values, grid, talkers)
        score = evaluate(grid.directions[peaks], array.ambiguity.fold(truth.double().numpy()), active)
        return ClipResult(talkers, loss, score)
