"""Where a run stands: in which stage, and where in it.

A position counts from the beginning of the run in its unit, epochs or hours.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate

from anydoa.training.config import StageOptions, TrainingConfig


@dataclass(frozen=True)
class Position:
    """How far a run has come.

    Args:
        examples: clips seen, by all processes together.
        seconds: time spent, interruptions left out.
    """

    examples: int = 0
    seconds: float = 0.0

    @property
    def hours(self) -> float:
        """Time spent in hours."""
        return self.seconds / 3600


@dataclass(frozen=True)
class ActiveStage:
    """A stage and the place in it.

    Args:
        index: number of the stage, from 0.
        options: the stage.
        done: share of its length behind, 0..1.
        elapsed: units of the run since the stage began.
        units: units of the run since the run began.
    """

    index: int
    options: StageOptions
    done: float
    elapsed: float
    units: float


class Curriculum:
    """The stages of a run, one after the other.

    Args:
        config: every choice of the run.

    Reference:
        Baek et al. (2026): multi-stage geometry learning (MSGL), of which this is the frame.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self.config = config
        self._ends = list(accumulate(stage.length for stage in config.stages))

    @property
    def length(self) -> float:
        """All stages together, in units of the run."""
        return self._ends[-1]

    def units(self, position: Position) -> float:
        """A position in units of the run."""
        return (
            position.hours if self.config.unit == "hour" else position.examples / self.config.epoch_examples
        )

    def stage(self, position: Position) -> ActiveStage | None:
        """The stage of the next step; None behind the last one."""
        units = self.units(position)
        return None if units >= self.length else self._place(bisect_right(self._ends, units), units)

    def learned_stage(self, position: Position) -> ActiveStage:
        """The stage of the last step; where a stage ends that is this one, and before any step the first."""
        units = self.units(position)
        return self._place(min(bisect_left(self._ends, units), len(self._ends) - 1), units)

    def _place(self, index: int, units: float) -> ActiveStage:
        options = self.config.stages[index]
        elapsed = units - (self._ends[index] - options.length)
        return ActiveStage(index, options, elapsed / options.length, elapsed, units)
