"""What a recording says about the order of the channels, and what it cannot say.

A talker who is not heard at the azimuth that somebody told shows no wrong order: an array that is turned, or
an angle guessed wrong, sounds the same.
"""

from dataclasses import dataclass
from math import prod

from anydoa.diagnosis.bench import Bench
from anydoa.diagnosis.findings import CERTAIN, LIKELY, Finding, OrderCheck, OrderStatus
from anydoa.diagnosis.heard_talker import HeardTalker
from anydoa.diagnosis.order_text import change
from anydoa.diagnosis.repairs import Mended, Taken
from anydoa.diagnosis.symmetry import Order, equivalents, unlikeliness
from anydoa.diagnosis.talker_search import TalkerSearch
from anydoa.diagnosis.turned_array import turned_finding
from anydoa.diagnosis.wave_fit import Hypothesis
from anydoa.geometry.array import MicrophoneArray


@dataclass(frozen=True)
class _Settled:
    """One order of a class, and what the talker says of it and of the rest.

    Args:
        order: the likeliest in the field; of several, one that puts the talker where told.
        certainty: 0..1 that it is none of those that the talker rules out.
        left: other orders that nothing tells from it.
        there: those of them in which the talker is where told, likeliest first.
        talker: where the talker is heard in this order; None if nobody told an azimuth.
    """

    order: Order
    certainty: float
    left: tuple[Order, ...]
    there: tuple[Order, ...]
    talker: HeardTalker | None


@dataclass(frozen=True)
class OrderVerdict:
    """What the doctor makes of the order.

    Args:
        check: what is known of it.
        talker: where the only talker is heard; None if nobody told an azimuth.
        findings: what is wrong.
    """

    check: OrderCheck
    talker: HeardTalker | None
    findings: tuple[Finding, ...]


def check_order(
    bench: Bench, mended: Mended, array: MicrophoneArray, known_azimuth_deg: float | None
) -> OrderVerdict:
    """The order of the channels after the repairs, and where the talker is heard in it.

    Args:
        bench: the microphones that hear the room.
        mended: what their recording fits.
        array: the whole array.
        known_azimuth_deg: of the only talker, if known.
    """
    settled = _settle(bench, mended.hypothesis, known_azimuth_deg)
    orders = [taken for taken in mended.taken if taken.repair.kind == "order"]
    sure = _certainty(mended, orders)
    status: OrderStatus = "confirmed" if sure >= CERTAIN else "unclear"
    order = settled.order
    if order != bench.as_told.order:
        status, sure = "wrong", min(sure, settled.certainty)
        if sure < LIKELY:
            status, order = "unclear", bench.as_told.order
    elif mended.order_certainty is None and settled.left:
        status = "inaudible"
    channels: list[int | None] = [None] * array.num_microphones
    for channel, place in zip(bench.placing.channels, order, strict=True):
        channels[bench.placing.mics[place]] = channel
    check = OrderCheck(status, sure, tuple(channels), 1 + len(settled.left))
    findings = [_finding(bench, check, order, orders)] if status == "wrong" else []
    if settled.talker is not None and not settled.talker.is_there:
        findings.append(turned_finding(bench.array, bench.placing.channels, settled.talker, settled.there))
    return OrderVerdict(check, settled.talker, tuple(findings))


def _settle(bench: Bench, hypothesis: Hypothesis, known_azimuth_deg: float | None) -> _Settled:
    """Of all orders that record the same, the likeliest, and what a known talker leaves of the others."""
    candidates = sorted(equivalents(hypothesis.order, bench.group), key=unlikeliness)
    if known_azimuth_deg is None:
        return _Settled(candidates[0], 1.0, tuple(candidates[1:]), (), None)
    search = TalkerSearch(bench, known_azimuth_deg)
    heard = {order: search.heard(hypothesis.reordered(order)) for order in candidates}
    tied = [order for order in candidates if unlikeliness(order) == unlikeliness(candidates[0])]
    best = next((order for order in tied if heard[order].is_there), tied[0])
    there = [order for order in candidates if heard[order].is_there and order != best]
    if there or heard[best].is_there:
        left = [order for order in candidates if order != best and (order in there or order in tied)]
    else:  # a talker who is in no order where told says nothing of the order
        left = [order for order in candidates if order != best]
    sure = prod(heard[order].certainty for order in candidates if order not in (best, *left))
    return _Settled(best, sure, tuple(left), tuple(there), heard[best])


def _certainty(mended: Mended, orders: list[Taken]) -> float:
    """How sure the order after the repairs is against every other that can be told from it."""
    left = 1.0 if mended.order_certainty is None else mended.order_certainty
    return min([left, *(taken.certainty for taken in orders)])


def _finding(bench: Bench, check: OrderCheck, order: Order, orders: list[Taken]) -> Finding:
    channels = bench.placing.channels
    moved = tuple(channels[place] for place, goes in enumerate(order) if goes != place)
    text = f"the channels are in the wrong order: {change(channels, order)}."
    rivals = [rival.kind for taken in orders for rival in taken.rivals if rival.kind != "order"]
    if rivals:
        text += f" It may also be another fault ({', '.join(sorted(set(rivals)))}); record longer to know."
    elif check.num_equivalents > 1:
        text += f" {check.num_equivalents} orders record the same; this is the likeliest."
    return Finding("order", moved, check.certainty, text)
