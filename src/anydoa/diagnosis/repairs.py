"""What would have to be mended so that plane waves explain a recording: polarity, offsets, order.

Every repair is a hypothesis about the channels. The one that gains most is taken if its gain is beyond
doubt, then the search starts again from there, until nothing gains.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from anydoa.diagnosis.evidence import Explanation, certainty, time_chance_share, z_score
from anydoa.diagnosis.lateness import best_lateness, late_groups
from anydoa.diagnosis.order import MOST_MICROPHONES, search_orders
from anydoa.diagnosis.symmetry import Order, equivalents
from anydoa.diagnosis.wave_fit import Hypothesis, WaveFit

RepairKind = Literal["inverted", "offset", "drift", "order"]

_LEAST_GAIN: dict[RepairKind, float] = {"inverted": 0.05, "offset": 0.03, "drift": 0.03, "order": 0.03}
"""Shares of the fit."""
_LEAST_TIME_GAIN = 5.0  # times what wrong times gain
_LEAST_Z = 1.7  # directions to which the fault makes no difference leave it modest
_RIVAL_Z = 2.33  # 99 %
_TIE_Z = 1.0  # repairs nearer than this are told apart by how simple they are
_SIMPLICITY: tuple[RepairKind, ...] = ("inverted", "order", "offset", "drift")
_MOST_REPAIRS = 6


@dataclass(frozen=True, eq=False)
class Repair:
    """A change to a hypothesis and how well the recording fits after it.

    Args:
        kind: what is changed.
        mics: the channels it changes, as numbers of microphones.
        base: before the change.
        hypothesis: after the change.
        fit: of each piece, after the change.
    """

    kind: RepairKind
    mics: tuple[int, ...]
    base: Hypothesis
    hypothesis: Hypothesis
    fit: Float[np.ndarray, "piece"]

    def undone(self, later: Hypothesis) -> Hypothesis:
        """A hypothesis that holds this change and others, without this one."""
        mic = self.mics[0]
        if self.kind == "inverted":
            return later.flipped(mic)
        if self.kind == "order":
            turned = [self.hypothesis.order.index(place) for place in self.base.order]
            return later.reordered(tuple(later.order[channel] for channel in turned))
        offset_s, drift = (
            getattr(self.base, name)[mic] - getattr(self.hypothesis, name)[mic]
            for name in ("offset_s", "drift")
        )
        return later.later(self.mics, offset_s, drift)

    @property
    def explanation(self) -> Explanation:
        """What it makes of the recording."""
        if self.kind in ("offset", "drift"):
            return Explanation(self.fit, time_chance_share(len(self.hypothesis.order), len(self.mics)))
        return Explanation(self.fit)


@dataclass(frozen=True, eq=False)
class Taken:
    """A repair that was made.

    Args:
        repair: what.
        certainty: 0..1, against nothing being wrong and against every other repair.
        rivals: other repairs that explain the recording nearly as well, best first.
    """

    repair: Repair
    certainty: float
    rivals: tuple[Repair, ...]


@dataclass(frozen=True, eq=False)
class Mended:
    """What a recording fits after all repairs.

    Args:
        taken: repairs in the order they were made.
        hypothesis: the channels after them.
        order_certainty: 0..1 of the order after them, against every other; None where no other can be told
            apart.
    """

    taken: tuple[Taken, ...]
    hypothesis: Hypothesis
    order_certainty: float | None


def mend(waves: WaveFit, start: Hypothesis, group: tuple[Order, ...], rng: np.random.Generator) -> Mended:
    """Take repairs until none gains.

    Args:
        waves: fit of the recording.
        start: everything as the array file says.
        group: symmetries of the array.
        rng: for the search of orders.
    """
    taken: list[Taken] = []
    hypothesis = start
    while True:
        before = waves.fit(hypothesis)
        repairs = candidates(waves, hypothesis, group, rng)
        gaining = [repair for repair in repairs if gains(repair, before)]
        if not gaining or len(taken) == _MOST_REPAIRS:
            break
        best = _simplest(gaining)
        taken.append(_judged(best, before, [repair for repair in repairs if repair is not best]))
        hypothesis = best.hypothesis
    orders = [repair.explanation for repair in repairs if repair.kind == "order"]
    sure = certainty(Explanation(before), orders) if orders else None
    if len(taken) > 1:
        taken = [_judged_last(waves, each, (hypothesis, before), group, rng) for each in taken]
    return Mended(tuple(taken), hypothesis, sure)


def _judged(best: Repair, before: Float[np.ndarray, "piece"], others: list[Repair]) -> Taken:
    """How sure a repair is against what was before and against other repairs."""
    sure = certainty(best.explanation, [Explanation(before), *(other.explanation for other in others)])
    rivals = [other for other in others if z_score(best.fit, other.fit) < _RIVAL_Z]
    return Taken(best, sure, tuple(rivals))


def _judged_last(
    waves: WaveFit,
    taken: Taken,
    end: tuple[Hypothesis, Float[np.ndarray, "piece"]],
    group: tuple[Order, ...],
    rng: np.random.Generator,
) -> Taken:
    """The same for one of several repairs, as if it had been made last: the others are no rivals of it."""
    hypothesis, fit = end
    undone = taken.repair.undone(hypothesis)
    last = Repair(taken.repair.kind, taken.repair.mics, undone, hypothesis, fit)
    same = equivalents(hypothesis.order, group) if last.kind == "order" else ()
    others = [
        repair
        for repair in candidates(waves, undone, group, rng)
        if repair.mics != last.mics and repair.hypothesis.order not in same
    ]
    return _judged(last, waves.fit(undone), others)


def _simplest(gaining: list[Repair]) -> Repair:
    """Of the repairs that fit about as well as the first, the kind with the fewest ways to fit by chance."""
    tied = [repair for repair in gaining if z_score(gaining[0].fit, repair.fit) < _TIE_Z]
    return min(tied, key=lambda repair: _SIMPLICITY.index(repair.kind))


def candidates(
    waves: WaveFit, hypothesis: Hypothesis, group: tuple[Order, ...], rng: np.random.Generator
) -> list[Repair]:
    """Everything that could be mended next, best first."""
    num_mics = len(hypothesis.order)
    found: list[Repair] = []

    def consider(
        kind: RepairKind, mics: tuple[int, ...], changed: Hypothesis, fit: Float[np.ndarray, "piece"]
    ) -> None:
        found.append(Repair(kind, mics, hypothesis, changed, fit))

    for mic in range(num_mics):
        flipped = hypothesis.flipped(mic)
        consider("inverted", (mic,), flipped, waves.fit(flipped))
    for mics in late_groups(num_mics) if num_mics > 2 else []:
        late = best_lateness(waves, hypothesis, mics)
        consider("drift" if late.drifts else "offset", mics, late.hypothesis, late.fit)
    if 2 < num_mics <= MOST_MICROPHONES:
        for order, fit in search_orders(waves, hypothesis, group, rng)[:8]:
            if order != hypothesis.order:
                moved = tuple(mic for mic in range(num_mics) if order[mic] != hypothesis.order[mic])
                consider("order", moved, hypothesis.reordered(order), fit)
    return sorted(found, key=lambda repair: -float(repair.fit.mean()))


def gains(repair: Repair, before: Float[np.ndarray, "piece"]) -> bool:
    """Whether a repair betters the fit beyond doubt, and by enough for its kind."""
    share = float((repair.fit - before).mean()) / max(float(repair.fit.mean()), 1e-6)
    least = _LEAST_GAIN[repair.kind]
    if repair.kind == "order":
        least *= _touched(repair)
    elif repair.kind != "inverted":
        least = max(least, _LEAST_TIME_GAIN * repair.explanation.chance_share)
    return bool(share >= least and z_score(repair.fit, before) >= _LEAST_Z)


def _touched(repair: Repair) -> float:
    """Share of the pairs that hold a channel of the repair: a swap of 2 in 12 changes a third of them."""
    count = len(repair.hypothesis.order)
    left = count - len(repair.mics)
    return 1 - left * (left - 1) / (count * (count - 1))
