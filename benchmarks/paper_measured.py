"""What records say of the paper's rows, and which differences between them are clear."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from paper_published import CLASSICAL, MAIN_GRID, SAME_AS

from anydoa.evaluation.record import Row, read_record
from anydoa.metrics.localization import mean_and_ci95

GUESSED_DEG = 90.0  # mean error of directions drawn evenly from the sphere


def known(figure: object) -> float:
    """A figure of a record, NaN where it is null."""
    return math.nan if figure is None else float(str(figure))


@dataclass(frozen=True)
class Measure:
    """What methods are ranked by.

    Args:
        words: what it is called.
        column: of a record.
        interval: column of its interval, without its end.
        factor: from the record to the unit of the tables; negative where more is better.
        place: part of a published text.
    """

    words: str
    column: str
    interval: str
    factor: float
    place: int

    def published(self, text: str) -> tuple[float, float] | None:
        """Value, greater is worse, and the half width of its interval, 0 where it is not known."""
        parts = text.split(" / ")
        if not text or len(parts) <= self.place:
            return None
        value, _, interval = parts[self.place].partition("±")
        return float(value) * (1 if self.factor > 0 else -1), float(interval or 0)


MEASURES = Measure("error", "mae_deg", "mae", 1.0, 0), Measure("share", "acc10", "acc10", -100.0, 1)


@dataclass(frozen=True, eq=False)
class Measured:
    """What a record says of a method on one suite; greater is worse.

    Args:
        value: mean over numbers of talkers.
        interval: half the width of its 95 % interval.
        clips: values of the clips of each number of talkers; empty in records that keep means alone.
        clips_of: tells these clips from others.
    """

    value: float
    interval: float
    clips: tuple[np.ndarray, ...] = ()
    clips_of: str = ""

    def minus(self, other: "Measured") -> tuple[float, float]:
        """The difference and half the width of its interval: of clips heard by both, where both keep them."""
        sizes, others = ([len(one) for one in measured.clips] for measured in (self, other))
        if not self.clips_of or (self.clips_of, sizes) != (other.clips_of, others):
            return self.value - other.value, math.hypot(self.interval, other.interval)
        both = zip(self.clips, other.clips, strict=True)
        found = [mean_and_ci95((ours - theirs).tolist()) for ours, theirs in both]
        means, intervals = zip(*found, strict=True)
        return statistics.fmean(means), math.hypot(*intervals) / len(intervals)

    def sign(self, other: "Measured") -> int:
        """1 where it is clearly worse than another, -1 where it is better, 0 where nobody can tell."""
        difference, interval = self.minus(other)
        return (difference > interval) - (difference < -interval)


@dataclass(frozen=True)
class Ranked:
    """A method on one suite, published and here: values of which greater is worse."""

    title: str
    theirs: float
    their_interval: float
    ours: Measured


def contradictions(pairs: Iterable[tuple[Ranked, Ranked]]) -> str:
    """The pairs of which the first is clearly better here and worse in the paper."""
    found = [
        f"{better.title} before {worse.title}"
        for better, worse in pairs
        if worse.ours.minus(better.ours)[0] > worse.ours.minus(better.ours)[1]
        and better.theirs - worse.theirs > math.hypot(better.their_interval, worse.their_interval)
    ]
    return "; ".join(found)


@dataclass(frozen=True)
class PaperRecords:
    """The records of networks and methods, one a row of the tables.

    Args:
        folder: where they are.
        seed: seed that networks learned with.
    """

    folder: Path
    seed: int = 0

    def rows(self, name: str) -> list[Row]:
        """All that is recorded of a network or method; none if it is not measured."""
        of_seed = f"-{self.seed}" if self.seed and name not in CLASSICAL else ""
        path = self.folder / f"{SAME_AS.get(name, name)}{of_seed}.json"
        return list(read_record(path).rows) if path.exists() else []

    def is_older(self, name: str) -> bool:
        """Whether a record is from before records said of which clips they are (STATE of paper_tables.py)."""
        return any("clips_of" not in row for row in self.rows(name))

    def is_comparable(self, name: str) -> bool:
        """Whether a record is as late as that of the full network, with which all others are compared."""
        return self.is_older(name) == self.is_older("full")

    def is_chance(self, name: str) -> bool:
        """Whether a method tells the direction of one talker no better than guesses on any suite."""
        alone = [row for row in self.rows(name) if row["talkers"] == 1]
        return bool(alone) and all(
            abs(known(row["mae_deg"]) - GUESSED_DEG) <= known(row["mae_ci95"]) for row in alone
        )

    def rows_of_suite(self, name: str, suite: str) -> list[Row]:
        """Those of one suite on the grid of the tables, fewest talkers first."""
        found = [row for row in self.rows(name) if (row["suite"], row["grid"]) == (suite, MAIN_GRID)]
        return sorted(found, key=lambda row: int(row["talkers"] or 0))

    def measured(self, name: str, suite: str, measure: Measure) -> Measured | None:
        """Mean over one and two talkers; None if it is not measured, NaN if one is a mean of nothing."""
        found = self.rows_of_suite(name, suite)
        if not found:
            return None
        values = [measure.factor * known(row[measure.column]) for row in found]
        intervals = [abs(measure.factor) * known(row[f"{measure.interval}_ci95"]) for row in found]
        clips = tuple(measure.factor * np.array(row.get(f"clips_{measure.column}", ())) for row in found)
        heard = str(found[0].get("clips_of", ""))
        return Measured(statistics.fmean(values), math.hypot(*intervals) / len(found), clips, heard)

    def ranked(
        self, methods: Mapping[str, Sequence[str]], suite: str, measure: Measure, columns: Sequence[str]
    ) -> dict[str, Ranked]:
        """Methods with a published figure and a record as late as that of the full network; no guesses."""
        found = {}
        for name, (title, *published) in methods.items():
            if not self.is_comparable(name) or self.is_chance(name):
                continue
            theirs = measure.published(published[columns.index(suite)])
            ours = self.measured(name, suite, measure)
            if theirs is not None and ours is not None:
                found[name] = Ranked(title, *theirs, ours)
        return found
