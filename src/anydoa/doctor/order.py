"""What a recording says about the order of the channels, and what it cannot say.

A talker who is not heard at the azimuth that somebody told shows no wrong order: an array that is turned, or
an angle guessed wrong, sounds the same.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal

from anydoa.doctor.channel_assignment import listed
from anydoa.doctor.findings import CERTAIN, LIKELY, Finding
from anydoa.doctor.measurement import Measurement
from anydoa.doctor.repairs import AcceptedRepair, RepairResult
from anydoa.doctor.symmetry import Order, apparent_motion, equivalents, rarity, shift_of
from anydoa.doctor.talker import HeardTalker, TalkerSearch, wrapped_deg
from anydoa.doctor.wave_fit import ChannelHypothesis
from anydoa.geometry.array import MicrophoneArray

OrderStatus = Literal["confirmed", "wrong", "unclear", "inaudible"]


@dataclass(frozen=True)
class OrderResult:
    """What is known of the order of the channels.

    Args:
        status: ``confirmed``, ``wrong``, ``unclear`` (the recording does not say) or ``inaudible`` (no
            recording from unknown directions could say).
        certainty: 0..1 of the status.
        channels: channel of each microphone, as the recording has it; None where a microphone has none.
        num_equivalents: orders, this one included, that record the same and that nothing has settled.
    """

    status: OrderStatus
    certainty: float
    channels: tuple[int | None, ...]
    num_equivalents: int


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
class OrderExamination:
    """What the doctor makes of the order.

    Args:
        check: what is known of it.
        talker: where the only talker is heard; None if nobody told an azimuth.
        findings: what is wrong.
    """

    check: OrderResult
    talker: HeardTalker | None
    findings: tuple[Finding, ...]


def check_order(
    measurement: Measurement, mended: RepairResult, array: MicrophoneArray, known_azimuth_deg: float | None
) -> OrderExamination:
    """The order of the channels after the repairs, and where the talker is heard in it.

    Args:
        measurement: the microphones that hear the room.
        mended: what their recording fits.
        array: the whole array.
        known_azimuth_deg: of the only talker, if known.
    """
    settled = _settle(measurement, mended.hypothesis, known_azimuth_deg)
    orders = [taken for taken in mended.taken if taken.repair.kind == "order"]
    sure = _certainty(mended, orders)
    status: OrderStatus = "confirmed" if sure >= CERTAIN else "unclear"
    order = settled.order
    if order != measurement.as_declared.order:
        status, sure = "wrong", min(sure, settled.certainty)
        if sure < LIKELY:
            status, order = "unclear", measurement.as_declared.order
    elif mended.order_certainty is None and settled.left:
        status = "inaudible"
    channels: list[int | None] = [None] * array.num_microphones
    for channel, place in zip(measurement.assignment.channels, order, strict=True):
        channels[measurement.assignment.mics[place]] = channel
    check = OrderResult(status, sure, tuple(channels), 1 + len(settled.left))
    findings = [_finding(measurement, check, order, orders)] if status == "wrong" else []
    if settled.talker is not None and not settled.talker.is_there:
        findings.append(
            turned_finding(measurement.array, measurement.assignment.channels, settled.talker, settled.there)
        )
    return OrderExamination(check, settled.talker, tuple(findings))


def _settle(
    measurement: Measurement, hypothesis: ChannelHypothesis, known_azimuth_deg: float | None
) -> _Settled:
    """Of all orders that record the same, the likeliest, and what a known talker leaves of the others."""
    candidates = sorted(equivalents(hypothesis.order, measurement.group), key=rarity)
    if known_azimuth_deg is None:
        return _Settled(candidates[0], 1.0, tuple(candidates[1:]), (), None)
    search = TalkerSearch(measurement, known_azimuth_deg)
    heard = {order: search.heard(hypothesis.reordered(order)) for order in candidates}
    tied = [order for order in candidates if rarity(order) == rarity(candidates[0])]
    best = next((order for order in tied if heard[order].is_there), tied[0])
    there = [order for order in candidates if heard[order].is_there and order != best]
    if there or heard[best].is_there:
        left = [order for order in candidates if order != best and (order in there or order in tied)]
    else:  # a talker who is in no order where told says nothing of the order
        left = [order for order in candidates if order != best]
    sure = prod(heard[order].certainty for order in candidates if order not in (best, *left))
    return _Settled(best, sure, tuple(left), tuple(there), heard[best])


def _certainty(mended: RepairResult, orders: list[AcceptedRepair]) -> float:
    """How sure the order after the repairs is against every other that can be told from it."""
    left = 1.0 if mended.order_certainty is None else mended.order_certainty
    return min([left, *(taken.certainty for taken in orders)])


def _finding(
    measurement: Measurement, check: OrderResult, order: Order, orders: list[AcceptedRepair]
) -> Finding:
    channels = measurement.assignment.channels
    moved = tuple(channels[place] for place, goes in enumerate(order) if goes != place)
    text = f"the channels are in the wrong order: {change(channels, order)}."
    rivals = [rival.kind for taken in orders for rival in taken.rivals if rival.kind != "order"]
    if rivals:
        text += f" It may also be another fault ({', '.join(sorted(set(rivals)))}); record longer to know."
    elif check.num_equivalents > 1:
        text += f" {check.num_equivalents} orders record the same; this is the likeliest."
    return Finding("order", moved, check.certainty, text)


def change(channels: list[int], order: Order) -> str:
    """What happened to the channels, all of it.

    Args:
        channels: of the recording, one for each microphone.
        order: number of the microphone whose signal each channel carries.
    """
    moved = [place for place, goes in enumerate(order) if goes != place]
    return _short(channels, order) or ", ".join(_carried(channels, order, place) for place in moved)


def example(channels: list[int], order: Order) -> str:
    """As :func:`change`, but of many channels only the first one."""
    moved = [place for place, goes in enumerate(order) if goes != place]
    return _short(channels, order) or f"{_carried(channels, order, moved[0])}, and so on"


def _short(channels: list[int], order: Order) -> str:
    """The change, if it has a name."""
    count = len(order)
    moved = [place for place, goes in enumerate(order) if goes != place]
    if len(moved) == 2:
        return f"{listed([channels[place] for place in moved])} are swapped"
    shift = shift_of(order)
    if shift is not None:
        return f"all are shifted by {-shift % count}"
    return "they run backwards" if order == tuple(range(count))[::-1] else ""


def _carried(channels: list[int], order: Order, place: int) -> str:
    return f"channel {channels[place]} carries what channel {channels[order[place]]} should"


_TELLING = {
    "turned": "Turned by so much the array sounds the same as in that order",
    "mirrored": "Record again from farther anticlockwise: the azimuth heard grows if the array is turned, "
    "and falls if the order is wrong",
    "other": "Record again from another azimuth: if the array is turned, it is heard as far off as this one",
}


def turned_finding(
    array: MicrophoneArray, channels: list[int], talker: HeardTalker, orders: tuple[Order, ...]
) -> Finding:
    """That the talker is somewhere else, and everything that may be the cause.

    Args:
        array: the microphones that hear the room.
        channels: of the recording, one for each of them.
        talker: where the talker is heard.
        orders: those that record the same and would put the talker where told, likeliest first.
    """
    text = (
        f"the talker is heard at {talker.where}, but was said to be at {talker.stated_azimuth_deg:g}°: the "
        f"array is turned {_turns(talker)}{_cure(array, talker)}, or that angle is off"
    )
    if orders:
        others = f", or one of {len(orders) - 1} more" if len(orders) > 1 else ""
        text += f", or the channels are in another order ({example(channels, orders[0])}{others}). "
        text += _telling(array, orders[0])
    return Finding("turned", (), talker.certainty, f"{text}.", talker.turns_deg[0])


def _turns(talker: HeardTalker) -> str:
    turns = [f"{abs(turn):.0f}° {'anticlockwise' if turn > 0 else 'clockwise'}" for turn in talker.turns_deg]
    return f"{' or '.join(turns)} as seen from above"


def _cure(array: MicrophoneArray, talker: HeardTalker) -> str:
    """How to write down that the array is turned, where it is clear by how much."""
    if len(talker.turns_deg) > 1:
        return ""
    roll, pitch, yaw = array.mount_rpy_deg
    yaw = wrapped_deg(yaw + talker.turns_deg[0])
    return f" (its file then needs mount_rpy_deg = [{roll:g}, {pitch:g}, {yaw:g}])"


def _telling(array: MicrophoneArray, order: Order) -> str:
    """How to tell an order from a turn, where that can be."""
    return _TELLING[apparent_motion(array, order)]
