"""Who may sound when, and from where: what a beam is told of talkers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from anydoa.errors import ConfigError, GeometryError
from anydoa.io.talkers import Talker

_MARGIN_S = 0.5  # before and after a turn: a talker is found a little late, and echoes last
_PAUSE_CHANCE = 0.1
_LENGTH_ERROR = 1e-3  # of a unit vector, in single precision or rounded in a file


@dataclass(frozen=True, eq=False)
class Aim:
    """A talker as a beam sees it for a moment.

    Args:
        id: number of the talker.
        direction: unit vector towards it.
        chance: probability that it sounds, 0..1.

    Raises:
        GeometryError: if the direction is no unit vector.
        ConfigError: if the chance is none.
    """

    id: int
    direction: Float[np.ndarray, "3"]
    chance: float = 1.0

    def __post_init__(self) -> None:
        length = float(np.linalg.norm(self.direction))
        if not abs(length - 1) <= _LENGTH_ERROR:
            raise GeometryError(f"an aim needs a direction of length 1, got {length:g}; divide by it")
        if not 0 <= self.chance <= 1:
            raise ConfigError(f"a chance must be 0..1, got {self.chance:g}; 1 is for one who sounds")


@runtime_checkable
class Aims(Protocol):
    """Where talkers are at any time, and whose sound is wanted."""

    @property
    def num_rows(self) -> int:
        """How many sounds are wanted at once."""
        ...

    def at(self, time_s: float) -> Sequence[Aim]:
        """Everyone who may sound at a time, wanted or not; each number once.

        Args:
            time_s: seconds from the first sample.
        """
        ...

    def wanted(self, levels: Mapping[int, float]) -> Sequence[int | None]:
        """Whose sound each row holds now; None for silence.

        Args:
            levels: power that each talker had lately, by number.
        """
        ...


class TalkerAims:
    """The talkers of a recording that has been located; each is wanted.

    Args:
        talkers: who was where when.

    Raises:
        ConfigError: if they are none.
    """

    def __init__(self, talkers: Sequence[Talker]) -> None:
        if not isinstance(talkers, Sequence) or not all(isinstance(one, Talker) for one in talkers):
            raise ConfigError(
                f"talkers are a list of those of a result, got {talkers!r:.40}; give result.talkers"
            )
        self._talkers = tuple(talkers)
        self._ids = tuple(talker.id for talker in talkers)
        # (turn, begin and end) of each talker
        self._turns = [np.array([(turn.begin_s, turn.end_s) for turn in one.turns]) for one in talkers]

    @property
    def num_rows(self) -> int:
        """A sound for each talker."""
        return len(self._talkers)

    def at(self, time_s: float) -> Sequence[Aim]:
        """Everyone between the first turn and the last; who pauses hardly sounds."""
        aims = []
        for talker, turns in zip(self._talkers, self._turns, strict=True):
            begins, ends = turns[:, 0] - _MARGIN_S, turns[:, 1] + _MARGIN_S
            if begins[0] <= time_s <= ends[-1]:
                sounds = bool(((begins <= time_s) & (time_s <= ends)).any())
                direction = talker.path.at(np.array([time_s]))[0]
                aims.append(Aim(talker.id, direction, 1.0 if sounds else _PAUSE_CHANCE))
        return aims

    def wanted(self, levels: Mapping[int, float]) -> Sequence[int]:
        """All, whatever their levels."""
        return self._ids
