"""What a run tells whoever watches it."""

from collections.abc import Callable
from dataclasses import dataclass

from anydoa.training.config import StageOptions
from anydoa.training.curriculum import Position
from anydoa.training.validation import ValidationResult


@dataclass(frozen=True)
class StepReport:
    """What a watcher is told after each step.

    Args:
        position: of the run.
        done: share of the run behind, 0..1.
        stage: the one the run is in.
        loss: of the step.
        learning_rate: of the step.
        step_s: seconds the step took, waiting included.
        wait_s: seconds of it spent waiting for the batch.
    """

    position: Position
    done: float
    stage: StageOptions
    loss: float
    learning_rate: float
    step_s: float
    wait_s: float


Watcher = Callable[[StepReport | ValidationResult], None]


def look_away(report: StepReport | ValidationResult) -> None:
    """Watch nothing."""
