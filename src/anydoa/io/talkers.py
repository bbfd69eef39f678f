"""Talkers of a whole recording: who was where when.

A talker sounds in turns. Its path has a place for every frame of its turns; in pauses it is sought between
the places before and after. All is kept in arrays, so that hours are small.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from anydoa.geometry.coordinates import great_circle_distance_deg, normalize_direction
from anydoa.io.angles import round_angles_deg

STAYS_DEG = 10.0  # who never is farther than this from the mean direction stays
_CANCELLED = 1e-6  # of the weights: a sum of directions this short is rounding error


def mean_direction(
    directions: Float[np.ndarray, "place 3"], scores: Float[np.ndarray, "place"]
) -> Float[np.ndarray, "3"]:
    """Mean direction, weighted by scores; where all are 0, each counts alike.

    Where directions cancel out, as all around a circle, the one with the highest score stands for all.

    Args:
        directions: unit vectors, at least one.
        scores: weight of each, 0 or more.
    """
    weight = scores if scores.any() else np.ones(len(scores))
    total = (weight[:, None] * directions).sum(0)
    if np.linalg.norm(total) < _CANCELLED * weight.sum():
        total = directions[weight.argmax()]
    return normalize_direction(total)


@dataclass(frozen=True)
class Turn:
    """A talker from a first sound to a last, without a long pause.

    Args:
        begin_s: time of the first frame it was heard in, in seconds from the first sample.
        end_s: time of the last.
        heard_s: seconds of the frames that it was heard in, short pauses left out.
        is_brief: whether the turn is too short or too faint for a table.
    """

    begin_s: float
    end_s: float
    heard_s: float
    is_brief: bool = False


@dataclass(frozen=True, eq=False)
class TalkerPath:
    """Where a talker was, frame by frame, for one turn or all.

    Args:
        times_s: times of the frames.
        directions: unit vectors towards it.
        scores: heights of its peaks, 0..1; 0 in frames without a peak of its own.
    """

    times_s: Float[np.ndarray, "frame"]
    directions: Float[np.ndarray, "frame 3"]
    scores: Float[np.ndarray, "frame"]

    @cached_property
    def direction(self) -> Float[np.ndarray, "3"]:
        """Mean direction, weighted by the scores; see :func:`mean_direction`."""
        return mean_direction(self.directions, self.scores)

    @property
    def score(self) -> float:
        """Mean score of the frames it was heard in."""
        return float(self.scores[self.heard].mean()) if self.heard.any() else 0.0

    @property
    def heard(self) -> Bool[np.ndarray, "frame"]:
        """The frames with a peak of its own."""
        return self.scores > 0

    @cached_property
    def stays(self) -> bool:
        """Whether it never is far from the mean direction."""
        return bool((great_circle_distance_deg(self.directions, self.direction) <= STAYS_DEG).all())

    def between(self, begin_s: float, end_s: float) -> "TalkerPath":
        """The part from one time to another, both included."""
        first = np.searchsorted(self.times_s, begin_s - _INSTANT_S)
        last = np.searchsorted(self.times_s, end_s + _INSTANT_S)
        return TalkerPath(self.times_s[first:last], self.directions[first:last], self.scores[first:last])

    def at(self, times_s: Float[np.ndarray, "time"]) -> Float[np.ndarray, "time 3"]:
        """Directions at any times: those of the frames, and evenly in between; before and after, the ends."""
        places = [np.interp(times_s, self.times_s, axis) for axis in self.directions.T]
        return normalize_direction(np.stack(places, axis=-1))


_INSTANT_S = 1e-4  # times on disk are rounded to this


@dataclass(frozen=True, eq=False)
class Talker:
    """One talker of a recording.

    Args:
        id: number from 0, in order of the first sound; frames name the talker by it.
        path: where it was in the frames of its turns.
        turns: when it sounded, in order of time.
        mirror: other directions that the array cannot tell from its mean direction.
    """

    id: int
    path: TalkerPath
    turns: tuple[Turn, ...]
    mirror: tuple[Float[np.ndarray, "3"], ...] = ()

    @property
    def begin_s(self) -> float:
        """Time of the first frame it was heard in."""
        return self.turns[0].begin_s

    @property
    def end_s(self) -> float:
        """Time of the last frame it was heard in."""
        return self.turns[-1].end_s

    @property
    def heard_s(self) -> float:
        """Seconds of the frames that it was heard in."""
        return sum(turn.heard_s for turn in self.turns)

    @property
    def direction(self) -> Float[np.ndarray, "3"]:
        """Mean direction; of one who walks its path tells more."""
        return self.path.direction

    @property
    def score(self) -> float:
        """Mean score of the frames it was heard in, 0..1."""
        return self.path.score

    @property
    def stays(self) -> bool:
        """Whether it stays within 10 degrees of the mean direction; if not, it walks."""
        return self.path.stays

    def path_of(self, turn: Turn) -> TalkerPath:
        """Where it was in one of its turns."""
        return self.path.between(turn.begin_s, turn.end_s)

    @property
    def frame_s(self) -> float:
        """Seconds of one frame; 0 for a talker without a peak of its own."""
        num_heard = int(self.path.heard.sum())
        return self.heard_s / num_heard if num_heard else 0.0

    def times_near_s(
        self, direction: Float[np.ndarray, "3"], angle_deg: float = STAYS_DEG
    ) -> Float[np.ndarray, "frame"]:
        """Times of the frames that it was heard in within an angle of a direction."""
        near = great_circle_distance_deg(self.path.directions, direction) <= angle_deg
        times_s: np.ndarray = self.path.times_s[self.path.heard & near]
        return times_s

    def __repr__(self) -> str:
        azimuth_deg, elevation_deg = round_angles_deg(self.direction, 1)
        where = f"azimuth {azimuth_deg}°, elevation {elevation_deg}°" if self.stays else "walking"
        return f"Talker({self.id}, {self.begin_s:.1f} to {self.end_s:.1f} s, {where})"


def talker_numbers(talkers: Sequence[Talker], directions: Float[np.ndarray, "direction 3"]) -> list[int]:
    """The number of the talker that each direction of a recording stands for.

    Each talker has one direction at most: the first near which it was heard for longer than others were. What
    is left has numbers after those of all talkers.
    """
    spare = itertools.count(max((talker.id for talker in talkers), default=-1) + 1)
    left, numbers = list(talkers), []
    for direction in directions:
        times = [len(talker.times_near_s(direction)) for talker in left]
        longest = max(times, default=0)
        numbers.append(left.pop(times.index(longest)).id if longest else next(spare))
    return numbers


def heard_s(talkers: Sequence[Talker], direction: Float[np.ndarray, "3"]) -> float:
    """Seconds in which a direction of the recording was heard, by whichever talkers near it."""
    times_s = [time_s for talker in talkers for time_s in talker.times_near_s(direction).tolist()]
    return len(set(times_s)) * max((talker.frame_s for talker in talkers), default=0.0)
