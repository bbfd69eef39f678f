"""What would have to be mended so that plane waves explain a recording: polarity, offsets, order.

Every repair is a hypothesis about the channels. The one that gains most is taken if its gain is beyond
doubt, then the search starts again from there, until nothing gains.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from anydoa.doctor.evidence import Explanation, certainty, spurious_time_gain, z_score
from anydoa.doctor.findings import LIKELY
from anydoa.doctor.order_search import MOST_MICROPHONES, search_orders
from anydoa.doctor.places import heard_places, one_sidedness
from anydoa.doctor.symmetry import Order, equivalents
from anydoa.doctor.time_offset import LARGE_S, best_time_offset, offset_groups
from anydoa.doctor.wave_fit import ChannelHypothesis, WaveFit

RepairKind = Literal["inverted", "offset", "drift", "order"]

_LEAST_GAIN: dict[RepairKind, float] = {"inverted": 0.05, "offset": 0.03, "drift": 0.03, "order": 0.03}
"""Shares of the fit."""
_LEAST_TIME_GAIN = 5.0  # times what wrong times gain
_LEAST_Z = 1.7  # directions to which the fault makes no difference leave it modest
_RIVAL_Z = 2.33  # 99 %
_TIE_Z = 1.0  # repairs nearer than this are told apart by how simple they are
_SIMPLICITY: tuple[RepairKind, ...] = ("inverted", "order", "offset", "drift")
_MOST_REPAIRS = 6
_MISPLACED_S = 1.5e-4  # s; 5 cm, by which a place in the file may be wrong on the side the talkers are


@dataclass(frozen=True, eq=False)
class Repair:
    """A change to a hypothesis and how well the recording fits after it.

    Args:
        kind: what is changed.
        mics: the channels it changes, as numbers of microphones.
        base: before the change.
        hypothesis: after the change.
        fit: of each segment, after the change.
    """

    kind: RepairKind
    mics: tuple[int, ...]
    base: ChannelHypothesis
    hypothesis: ChannelHypothesis
    fit: Float[np.ndarray, "segment"]

    def undone(self, later: ChannelHypothesis) -> ChannelHypothesis:
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

    def changed_s(self, waves: WaveFit) -> float:
        """By how many seconds it moves its channels, at most: infinity where it does something else."""
        if self.kind not in ("offset", "drift"):
            return np.inf
        mic = self.mics[0]
        drift = self.hypothesis.drift[mic] - self.base.drift[mic]
        return max(
            abs(self.hypothesis.offset_s[mic] - self.base.offset_s[mic]), float(np.ptp(drift * waves.time_s))
        )

    @property
    def explanation(self) -> Explanation:
        """What it makes of the recording."""
        if self.kind in ("offset", "drift"):
            return Explanation(self.fit, spurious_time_gain(len(self.hypothesis.order), len(self.mics)))
        return Explanation(self.fit)


@dataclass(frozen=True, eq=False)
class AcceptedRepair:
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
class RepairResult:
    """What a recording fits after all repairs.

    Args:
        taken: repairs in the order they were made.
        hypothesis: the channels after them.
        order_certainty: 0..1 of the order after them, against every other; None where no other can be told
            apart.
    """

    taken: tuple[AcceptedRepair, ...]
    hypothesis: ChannelHypothesis
    order_certainty: float | None

    def likely(self) -> "RepairResult":
        """The same without repairs that are less likely than not."""
        sure = 1.0 if self.order_certainty is None else self.order_certainty
        kept, hypothesis = [], self.hypothesis
        for taken in self.taken:
            if min(taken.certainty, sure if taken.repair.kind == "order" else 1.0) >= LIKELY:
                kept.append(taken)
            else:
                hypothesis = taken.repair.undone(hypothesis)
        return replace(self, taken=tuple(kept), hypothesis=hypothesis)


def find_repairs(
    waves: WaveFit,
    near_waves: WaveFit,
    start: ChannelHypothesis,
    group: tuple[Order, ...],
    rng: np.random.Generator,
) -> RepairResult:
    """Take repairs until none gains.

    Args:
        waves: fit of the recording, to search with.
        near_waves: the same with talkers near by, too, to judge with.
        start: everything as the array file says.
        group: symmetries of the array.
        rng: for the search of orders.
    """
    taken: list[AcceptedRepair] = []
    hypothesis = start
    while True:
        before = near_waves.fit(hypothesis)
        repairs = refitted(near_waves, candidates(waves, hypothesis, group, rng), waves.fit(hypothesis))
        gaining = [repair for repair in repairs if gains(repair, before)]
        if not gaining or len(taken) == _MOST_REPAIRS:
            break
        best = _simplest(gaining)
        if not is_agreed(near_waves, best, before):  # nothing that explains less is to be believed either
            break
        taken.append(_judged(best, before, [repair for repair in repairs if repair is not best]))
        hypothesis = best.hypothesis
    orders = [repair.explanation for repair in repairs if repair.kind == "order"]
    sure = certainty(Explanation(before), orders) if orders else None
    if len(taken) > 1:
        fitted = (waves, near_waves)
        taken = [_judged_last(fitted, each, (hypothesis, before), group, rng) for each in taken]
    return RepairResult(tuple(taken), hypothesis, sure).likely()


def _judged(best: Repair, before: Float[np.ndarray, "segment"], others: list[Repair]) -> AcceptedRepair:
    """How sure a repair is against what was before and against other repairs."""
    sure = certainty(best.explanation, [Explanation(before), *(other.explanation for other in others)])
    rivals = [other for other in others if z_score(best.fit, other.fit) < _RIVAL_Z]
    return AcceptedRepair(best, sure, tuple(rivals))


def _judged_last(
    fitted: tuple[WaveFit, WaveFit],
    taken: AcceptedRepair,
    end: tuple[ChannelHypothesis, Float[np.ndarray, "segment"]],
    group: tuple[Order, ...],
    rng: np.random.Generator,
) -> AcceptedRepair:
    """The same for one of several repairs, as if it had been made last: the others are no rivals of it."""
    (waves, near_waves), (hypothesis, fit) = fitted, end
    undone = taken.repair.undone(hypothesis)
    last = Repair(taken.repair.kind, taken.repair.mics, undone, hypothesis, fit)
    same = equivalents(hypothesis.order, group) if last.kind == "order" else ()
    before = near_waves.fit(undone)
    others = [
        repair
        for repair in refitted(near_waves, candidates(waves, undone, group, rng), waves.fit(undone))
        if repair.mics != last.mics and repair.hypothesis.order not in same
    ]
    return _judged(last, before, others)


def _simplest(gaining: list[Repair]) -> Repair:
    """Of the repairs that fit about as well as the first, the kind with the fewest ways to fit by chance."""
    tied = [repair for repair in gaining if z_score(gaining[0].fit, repair.fit) < _TIE_Z]
    return min(tied, key=lambda repair: _SIMPLICITY.index(repair.kind))


def candidates(
    waves: WaveFit, hypothesis: ChannelHypothesis, group: tuple[Order, ...], rng: np.random.Generator
) -> list[Repair]:
    """Everything that could be mended next, best first."""
    num_mics = len(hypothesis.order)
    found: list[Repair] = []

    def consider(
        kind: RepairKind, mics: tuple[int, ...], changed: ChannelHypothesis, fit: Float[np.ndarray, "segment"]
    ) -> None:
        found.append(Repair(kind, mics, hypothesis, changed, fit))

    for mic in range(num_mics):
        flipped = hypothesis.flipped(mic)
        consider("inverted", (mic,), flipped, waves.fit(flipped))
    for mics in offset_groups(num_mics) if num_mics > 2 else []:
        late = best_time_offset(waves, hypothesis, mics)
        consider("drift" if late.drifts else "offset", mics, late.hypothesis, late.fit)
    if 2 < num_mics <= MOST_MICROPHONES:
        for order, fit in search_orders(waves, hypothesis, group, rng)[:8]:
            if order != hypothesis.order:
                moved = tuple(mic for mic in range(num_mics) if order[mic] != hypothesis.order[mic])
                consider("order", moved, hypothesis.reordered(order), fit)
    return sorted(found, key=lambda repair: -float(repair.fit.mean()))


def refitted(
    near_waves: WaveFit, repairs: list[Repair], before: Float[np.ndarray, "segment"]
) -> list[Repair]:
    """The repairs as talkers near by would have it, best first, where any of them is worth it."""
    kinds = {repair.kind for repair in repairs if gains(repair, before)}
    again = [
        replace(repair, fit=near_waves.fit(repair.hypothesis)) if kinds or repair.kind == "order" else repair
        for repair in repairs
    ]
    return sorted(again, key=lambda repair: -float(repair.fit.mean()))


def is_agreed(near_waves: WaveFit, repair: Repair, before: Float[np.ndarray, "segment"]) -> bool:
    """Whether a small time gains also in all that is left without any one place; anything else is agreed.

    Echoes and positions that are a little wrong look like a small time, but like another at every place;
    positions like nearly the same where all talkers are on one side of the array.
    """
    if repair.changed_s(near_waves) >= LARGE_S:
        return True
    places = heard_places(near_waves, repair.hypothesis)
    if len(places) < 2 or repair.changed_s(near_waves) < _MISPLACED_S * one_sidedness(places):
        return False
    return all(
        gains(replace(repair, fit=repair.fit[~place.segments]), before[~place.segments]) for place in places
    )


def gains(repair: Repair, before: Float[np.ndarray, "segment"]) -> bool:
    """Whether a repair betters the fit beyond doubt, and by enough for its kind."""
    share = float((repair.fit - before).mean()) / max(float(repair.fit.mean()), 1e-6)
    least = _LEAST_GAIN[repair.kind]
    if repair.kind == "order":
        least *= _touched(repair)
    elif repair.kind != "inverted":
        least = max(least, _LEAST_TIME_GAIN * repair.explanation.spurious_gain)
    return bool(share >= least and z_score(repair.fit, before) >= _LEAST_Z)


def _touched(repair: Repair) -> float:
    """Share of the pairs that hold a channel of the repair: a swap of 2 in 12 changes a third of them."""
    count = len(repair.hypothesis.order)
    left = count - len(repair.mics)
    return 1 - left * (left - 1) / (count * (count - 1))
