"""The learning rate: along a cosine, or lowered when validation stops getting better."""

import math
from dataclasses import dataclass, replace

from anydoa.training.config import OptimizerOptions
from anydoa.training.curriculum import ActiveStage


@dataclass(frozen=True)
class Plateau:
    """What the plateau schedule remembers of a stage.

    Args:
        stage: which.
        factor: on the learning rate, lowered so far.
        best_loss: lowest validation loss.
        waited: validations since then.
    """

    stage: int = 0
    factor: float = 1.0
    best_loss: float = math.inf
    waited: int = 0

    def after(self, loss: float, stage: int, options: OptimizerOptions) -> "Plateau":
        """The memory after one more validation; a new stage begins anew.

        Reference:
            Baek et al. (2026): times 0.9 after 2 epochs without a better validation loss.
        """
        before = self if stage == self.stage else Plateau(stage)
        if loss < before.best_loss:
            return replace(before, best_loss=loss, waited=0)
        if before.waited + 1 < options.plateau_patience:
            return replace(before, waited=before.waited + 1)
        return replace(before, factor=before.factor * options.plateau_factor, waited=0)


def learning_rate(stage: ActiveStage, plateau: Plateau, options: OptimizerOptions) -> float:
    """Learning rate at a place in a stage: the stage's own, warmed up, times what the schedule says."""
    rate = options.lr * stage.options.lr_factor
    if stage.elapsed < options.warmup:
        rate *= stage.elapsed / options.warmup
    if options.schedule == "plateau":
        return rate * (plateau.factor if plateau.stage == stage.index else 1.0)
    return rate * (options.floor + (1 - options.floor) * (1 + math.cos(math.pi * stage.done)) / 2)
