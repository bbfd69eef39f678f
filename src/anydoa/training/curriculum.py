"""Where a run stands: which stage, and how wide the beams of the targets are.

A position counts from the beginning of the run in its unit, epochs or hours.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

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
        index: which, from 0.
        options: the stage.
        done: share of its length behind, 0..1.
        elapsed: units since it began.
    """

    index: int
    options: StageOptions
    done: float
    elapsed: float


class Curriculum:
    """The published curricula in one: stages of geometry learning, and supervision that sharpens.

    Args:
        config: of the run.

    Reference:
        Baek et al. (2026): multi-stage geometry learning (MSGL) and deep supervision with curriculum (DSCL).
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
        """The stage at a position; None behind the last one."""
        index = bisect_right(self._ends, self.units(position))
        return None if index == len(self._ends) else self._place_in(index, position)

    def beamwidths_deg(self, position: Position) -> tuple[float, ...]:
        """Beamwidth of each output's target; behind the last stage those of its end."""
        here = self.stage(position) or self._place_in(len(self._ends) - 1, position)
        own = here.options.beams
        beams, place = (self.config.beams, self.units(position)) if own is None else (own, here.elapsed)
        columns = zip(*beams.widths_deg, strict=True)
        return tuple(float(np.interp(place, beams.at, column)) for column in columns)

    def _place_in(self, index: int, position: Position) -> ActiveStage:
        options = self.config.stages[index]
        elapsed = self.units(position) - (self._ends[index] - options.length)
        return ActiveStage(index, options, elapsed / options.length, elapsed)
