"""What would have to be repaired so that plane waves explain a recording: polarity, offsets, order.

Every repair is a hypothesis about the channels. The one that gains most is accepted if its gain is beyond
doubt, then the search starts again from there, until nothing gains.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from jaxtyping import Float

from anydoa.doctor.evidence import Explanation, certainty, spurious_time_gain, z_score
from anydoa.doctor.findings import LIKELY
from anydoa.doctor.order_search import MAX_MICROPHONES, OrderSearchOptions, search_orders
from anydoa.doctor.places import PlaceOptions, heard_places, one_sidedness
from anydoa.doctor.symmetry import Order, equivalents
from anydoa.doctor.time_offset import LARGE_S, TimeOffsetOptions, best_time_offset, offset_groups
from anydoa.doctor.wave_fit import ChannelHypothesis, WaveFit

RepairKind = Literal["inverted", "offset", "drift", "order"]

_SIMPLICITY: tuple[RepairKind, ...] = ("inverted", "order", "offset", "drift")
"""Kinds of repairs, those with the fewest ways to fit by chance first."""


@dataclass(frozen=True)
class RepairOptions:
    """When a repair is believed.

    Args:
        min_inverted_gain: share of the fit that turning a channel upside down must gain.
        min_gain: share of the fit that any other repair must gain; less for an order that touches few pairs.
        min_time_gain: factor on what wrong times gain that an offset or a drift must reach.
        min_z: how steadily a repair must gain, in standard errors; directions to which the fault makes no
            difference leave it modest.
        rival_z: standard errors within which another repair explains the recording nearly as well: 99 %.
        tie_z: standard errors within which repairs are told apart by how simple they are.
        max_repairs: number of repairs.
        misplaced_s: seconds by which a place in the file may be wrong, 5 cm, on the side the talkers are.
        max_orders: number of orders that are considered next.
        orders: how much of all orders is tried.
        time_offset: how offsets are searched.
        places: what makes segments one place.
    """

    min_inverted_gain: float = 0.05
    min_gain: float = 0.03
    min_time_gain: float = 5.0
    min_z: float = 1.7
    rival_z: float = 2.33
    tie_z: float = 1.0
    max_repairs: int = 6
    misplaced_s: float = 1.5e-4
    max_orders: int = 8
    orders: OrderSearchOptions = field(default_factory=OrderSearchOptions)
    time_offset: TimeOffsetOptions = field(default_factory=TimeOffsetOptions)
    places: PlaceOptions = field(default_factory=PlaceOptions)


@dataclass(frozen=True, eq=False)
class Repair:
    """A change to a hypothesis and how well the recording fits after it.

    Args:
        kind: what is changed.
        mics: numbers of the microphones whose channels it changes; both of two that are against each other.
        base: what each channel is before the change.
        hypothesis: what each channel is after the change.
        fit: fit of each segment after the change.
    """

    kind: RepairKind
    mics: tuple[int, ...]
    base: ChannelHypothesis
    hypothesis: ChannelHypothesis
    fit: Float[np.ndarray, "segment"]

    def removed_from(self, later: ChannelHypothesis) -> ChannelHypothesis:
        """A hypothesis that holds this change and others, without this one."""
        mic = self.mics[0]
        if self.kind == "inverted":
            return later.flipped(mic)
        if self.kind == "order":
            turned = [self.hypothesis.order.index(place) for place in self.base.order]
            return later.reordered(tuple(later.order[channel] for channel in turned))
        offset_s = self.base.offset_s[mic] - self.hypothesis.offset_s[mic]
        return later.later(self.mics, offset_s, self.base.drift[mic] - self.hypothesis.drift[mic])

    def changed_s(self, waves: WaveFit) -> float:
        """Most seconds by which it moves its channels: infinity where it does something else."""
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

    @property
    def touched_share(self) -> float:
        """Share of the pairs that hold a channel of the repair: a swap of 2 in 12 changes a third of them."""
        count = len(self.hypothesis.order)
        left = count - len(self.mics)
        return 1 - left * (left - 1) / (count * (count - 1))


@dataclass(frozen=True, eq=False)
class AcceptedRepair:
    """A repair that was made.

    Args:
        repair: what is changed.
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
        accepted: repairs in the order they were made.
        hypothesis: what each channel is after them.
        order_certainty: 0..1 of the order after them, against every other; None where no other can be told
            apart.
    """

    accepted: tuple[AcceptedRepair, ...]
    hypothesis: ChannelHypothesis
    order_certainty: float | None

    def likely(self) -> "RepairResult":
        """This result without repairs that are less likely than not."""
        sure = 1.0 if self.order_certainty is None else self.order_certainty
        kept, hypothesis = [], self.hypothesis
        for accepted in self.accepted:
            if min(accepted.certainty, sure if accepted.repair.kind == "order" else 1.0) >= LIKELY:
                kept.append(accepted)
            else:
                hypothesis = accepted.repair.removed_from(hypothesis)
        return replace(self, accepted=tuple(kept), hypothesis=hypothesis)


class RepairSearch:
    """Finds the repairs after which plane waves explain a recording.

    Args:
        waves: fit of plane waves, to search with.
        near_waves: fit of plane waves and those of talkers near by, to judge with.
        group: symmetries of the array.
        rng: where random starts of the search of orders come from.
        options: when a repair is believed.
    """

    def __init__(
        self,
        waves: WaveFit,
        near_waves: WaveFit,
        group: tuple[Order, ...],
        rng: np.random.Generator,
        options: RepairOptions = RepairOptions(),
    ) -> None:
        self._waves, self._near_waves = waves, near_waves
        self._group, self._rng, self._options = group, rng, options

    def run(self, start: ChannelHypothesis) -> RepairResult:
        """Accept repairs until none gains.

        Args:
            start: what each channel is as the array file says.
        """
        accepted: list[AcceptedRepair] = []
        hypothesis = start
        while True:
            before = self._near_waves.fit(hypothesis)
            repairs = self._candidates(hypothesis)
            gaining = [repair for repair in repairs if self._gains(repair, before)]
            if not gaining or len(accepted) == self._options.max_repairs:
                break
            # The simplest kind of those that fit about as well as the first.
            tied = [each for each in gaining if z_score(gaining[0].fit, each.fit) < self._options.tie_z]
            best = min(tied, key=lambda repair: _SIMPLICITY.index(repair.kind))
            if not self._gains_everywhere(best, before):  # what explains less is not to be believed either
                break
            accepted.append(self._judged(best, before, [other for other in repairs if other is not best]))
            hypothesis = best.hypothesis
        orders = [repair.explanation for repair in repairs if repair.kind == "order"]
        sure = certainty(Explanation(before), orders) if orders else None
        if len(accepted) > 1:
            accepted = [self._judged_last(each, hypothesis, before) for each in accepted]
        return RepairResult(tuple(accepted), hypothesis, sure).likely()

    def _candidates(self, hypothesis: ChannelHypothesis) -> list[Repair]:
        """Everything that could be repaired next, best first.

        Where any of it is worth it, all is fitted again with talkers near by; orders always are.
        """
        num_mics = len(hypothesis.order)
        found: list[Repair] = []
        # Of two against each other, turning either one fits equally well: that is one repair.
        for inverted in [(mic,) for mic in range(num_mics)] if num_mics > 2 else [(0, 1)]:
            flipped = hypothesis.flipped(inverted[0])
            found.append(Repair("inverted", inverted, hypothesis, flipped, self._waves.fit(flipped)))
        for mics in offset_groups(num_mics) if num_mics > 2 else []:
            late = best_time_offset(self._waves, hypothesis, mics, self._options.time_offset)
            kind: RepairKind = "drift" if late.drifts else "offset"
            found.append(Repair(kind, mics, hypothesis, late.hypothesis, late.fit))
        if 2 < num_mics <= MAX_MICROPHONES:
            orders = search_orders(self._waves, hypothesis, self._group, self._rng, self._options.orders)
            for order, fit in orders[: self._options.max_orders]:
                if order != hypothesis.order:
                    moved = tuple(mic for mic in range(num_mics) if order[mic] != hypothesis.order[mic])
                    found.append(Repair("order", moved, hypothesis, hypothesis.reordered(order), fit))
        # So far by plane waves alone; equally good repairs stay in this order.
        found.sort(key=lambda repair: -float(repair.fit.mean()))
        before = self._waves.fit(hypothesis)
        is_worth_it = any(self._gains(repair, before) for repair in found)
        fitted = [
            replace(repair, fit=self._near_waves.fit(repair.hypothesis))
            if is_worth_it or repair.kind == "order"
            else repair
            for repair in found
        ]
        return sorted(fitted, key=lambda repair: -float(repair.fit.mean()))

    def _gains(self, repair: Repair, before: Float[np.ndarray, "segment"]) -> bool:
        """Whether a repair betters the fit beyond doubt, and by enough for its kind."""
        options = self._options
        share = float((repair.fit - before).mean()) / max(float(repair.fit.mean()), 1e-6)
        if repair.kind == "inverted":
            least = options.min_inverted_gain
        elif repair.kind == "order":
            least = options.min_gain * repair.touched_share
        else:
            least = max(options.min_gain, options.min_time_gain * repair.explanation.spurious_gain)
        return bool(share >= least and z_score(repair.fit, before) >= options.min_z)

    def _gains_everywhere(self, repair: Repair, before: Float[np.ndarray, "segment"]) -> bool:
        """Whether a small time gains also in all that is left without any one place; anything else does.

        Echoes and positions that are a little wrong look like a small time, but like another at every place;
        positions like nearly the same where all talkers are on one side of the array.
        """
        changed_s = repair.changed_s(self._near_waves)
        if changed_s >= LARGE_S:
            return True
        places = heard_places(self._near_waves, repair.hypothesis, self._options.places)
        if len(places) < 2 or changed_s < self._options.misplaced_s * one_sidedness(places):
            return False
        return all(
            self._gains(replace(repair, fit=repair.fit[~place.segments]), before[~place.segments])
            for place in places
        )

    def _judged(
        self, best: Repair, before: Float[np.ndarray, "segment"], others: list[Repair]
    ) -> AcceptedRepair:
        """How sure a repair is against what was before and against other repairs."""
        sure = certainty(best.explanation, [Explanation(before), *(other.explanation for other in others)])
        rivals = [other for other in others if z_score(best.fit, other.fit) < self._options.rival_z]
        return AcceptedRepair(best, sure, tuple(rivals))

    def _judged_last(
        self, accepted: AcceptedRepair, end: ChannelHypothesis, fit: Float[np.ndarray, "segment"]
    ) -> AcceptedRepair:
        """One of several repairs judged as if it had been made last: the others are no rivals of it.

        Args:
            accepted: the repair.
            end: what each channel is after all repairs.
            fit: fit of each segment after all repairs.
        """
        repair = accepted.repair
        without = repair.removed_from(end)
        same = equivalents(end.order, self._group) if repair.kind == "order" else ()
        others = [
            other
            for other in self._candidates(without)
            if other.mics != repair.mics and other.hypothesis.order not in same
        ]
        last = Repair(repair.kind, repair.mics, without, end, fit)
        return self._judged(last, self._near_waves.fit(without), others)
