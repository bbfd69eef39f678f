"""What a recording says about the order of the channels, and what it cannot say.

A talker who is not heard at the azimuth that somebody stated shows no wrong order: an array that is turned,
or an angle guessed wrong, sounds the same, and so may channels in an order that fits the azimuth. A talker at
one place cannot tell these apart.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal

from anydoa.doctor.findings import CERTAIN, LIKELY, Finding, channels_in_words
from anydoa.doctor.measurement import Measurement
from anydoa.doctor.order_search import MAX_MICROPHONES
from anydoa.doctor.repairs import AcceptedRepair, RepairResult
from anydoa.doctor.symmetry import Order, apparent_motion, equivalents, moved_places, rarity, shift_of
from anydoa.doctor.talker import HeardTalker, LoneTalkerSearch, TalkerOptions, wrapped_deg
from anydoa.doctor.wave_fit import ChannelHypothesis
from anydoa.geometry import MicrophoneArray

OrderStatus = Literal["confirmed", "wrong", "unclear", "inaudible"]

_NEXT_RECORDING = {
    "turned": "Turned by so much the array sounds the same as in that order",
    "mirrored": "Record again from farther anticlockwise: the azimuth heard grows if the array is turned, "
    "and falls if the order is wrong",
    "other": "Record again from another azimuth: if the array is turned, it is heard as far off as this one",
}
"""How to tell an order from a turned array, where that can be."""


@dataclass(frozen=True)
class OrderResult:
    """What is known of the order of the channels.

    Args:
        status: ``confirmed``, ``wrong``, ``unclear`` (the recording does not say) or ``inaudible`` (no
            recording from unknown directions could say).
        certainty: 0..1 of the status.
        channels: channel of each microphone, as the recording has it; None where a microphone has none.
        num_equivalents: number of orders, this one included, that record the same and that nothing has
            settled.
    """

    status: OrderStatus
    certainty: float
    channels: tuple[int | None, ...]
    num_equivalents: int


@dataclass(frozen=True)
class OrderExamination:
    """What the doctor makes of the order.

    Args:
        result: what is known of it.
        talker: where the only talker is heard; None if nobody stated an azimuth.
        findings: what is wrong.
    """

    result: OrderResult
    talker: HeardTalker | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _ChosenOrder:
    """One order of those that record the same, and what the talker says of it and of the rest.

    Args:
        order: the likeliest in the field; of several, one that puts the talker where stated.
        certainty: 0..1 that it is none of those that the talker rules out.
        left: other orders that nothing tells from it.
        agreeing: those of them in which the talker is where stated, likeliest first.
        talker: where the talker is heard in this order; None if nobody stated an azimuth.
    """

    order: Order
    certainty: float
    left: tuple[Order, ...]
    agreeing: tuple[Order, ...]
    talker: HeardTalker | None


def check_order(
    measurement: Measurement,
    repairs: RepairResult,
    array: MicrophoneArray,
    known_azimuth_deg: float | None,
    options: TalkerOptions | None = None,
) -> OrderExamination:
    """The order of the channels after the repairs, and where the talker is heard in it.

    Args:
        measurement: the microphones that hear the room.
        repairs: what their recording fits.
        array: the whole array.
        known_azimuth_deg: azimuth of the only talker, if known.
        options: how the talker is looked for.
    """
    declared = measurement.as_declared.order
    chosen = _choose(measurement, repairs.hypothesis, known_azimuth_deg, options or TalkerOptions())
    changes = [accepted for accepted in repairs.accepted if accepted.repair.kind == "order"]
    # How sure the order after the repairs is against every other that can be told from it.
    left = 1.0 if repairs.order_certainty is None else repairs.order_certainty
    sure = min([left, *(accepted.certainty for accepted in changes)])
    status: OrderStatus = "confirmed" if sure >= CERTAIN else "unclear"
    order = chosen.order
    if order != declared:
        status, sure = "wrong", min(sure, chosen.certainty)
        if sure < LIKELY:
            status, order = "unclear", declared
    elif len(declared) > MAX_MICROPHONES:  # of so many no other order was looked at
        status, sure = "unclear", 0.0
    elif repairs.order_certainty is None and chosen.left:
        status = "inaudible"
    assignment = measurement.assignment
    channels: list[int | None] = [None] * array.num_microphones
    for channel, place in zip(assignment.channels, order, strict=True):
        channels[assignment.mics[place]] = channel
    result = OrderResult(status, sure, tuple(channels), 1 + len(chosen.left))
    findings = []
    if status == "wrong":
        findings.append(_order_finding(assignment.channels, result, order, changes))
    if chosen.talker is not None and not chosen.talker.is_there:
        findings.append(
            _turned_finding(measurement.array, assignment.channels, chosen.talker, chosen.agreeing)
        )
    return OrderExamination(result, chosen.talker, tuple(findings))


def _choose(
    measurement: Measurement,
    hypothesis: ChannelHypothesis,
    known_azimuth_deg: float | None,
    options: TalkerOptions,
) -> _ChosenOrder:
    """The likeliest of all orders that record the same, and what a known talker leaves of the others."""
    candidates = sorted(equivalents(hypothesis.order, measurement.group), key=rarity)
    if known_azimuth_deg is None:
        return _ChosenOrder(candidates[0], 1.0, tuple(candidates[1:]), (), None)
    search = LoneTalkerSearch(measurement, known_azimuth_deg, options)
    heard = {order: search.heard(hypothesis.reordered(order)) for order in candidates}
    tied = [order for order in candidates if rarity(order) == rarity(candidates[0])]
    best = next((order for order in tied if heard[order].is_there), tied[0])
    agreeing = [order for order in candidates if heard[order].is_there and order != best]
    if agreeing or heard[best].is_there:
        left = [order for order in candidates if order != best and (order in agreeing or order in tied)]
    else:  # a talker who is in no order where stated says nothing of the order
        left = [order for order in candidates if order != best]
    sure = prod(heard[order].certainty for order in candidates if order not in (best, *left))
    return _ChosenOrder(best, sure, tuple(left), tuple(agreeing), heard[best])


def _order_finding(
    channels: list[int], result: OrderResult, order: Order, changes: list[AcceptedRepair]
) -> Finding:
    """The channels are in another order: in which, and what else it may be."""
    moved = moved_places(order)
    change = _named_change(channels, order) or ", ".join(_carried(channels, order, place) for place in moved)
    text = f"the channels are in the wrong order: {change}."
    rivals = [rival.kind for accepted in changes for rival in accepted.rivals if rival.kind != "order"]
    if rivals:
        text += f" It may also be another fault ({', '.join(sorted(set(rivals)))}); record longer to know."
    elif result.num_equivalents > 1:
        text += f" {result.num_equivalents} orders record the same; this is the likeliest."
    return Finding("order", tuple(channels[place] for place in moved), result.certainty, text)


def _turned_finding(
    array: MicrophoneArray, channels: list[int], talker: HeardTalker, orders: tuple[Order, ...]
) -> Finding:
    """The talker is heard somewhere else: where, and everything that may be the cause.

    Args:
        array: the microphones that hear the room.
        channels: channel of each of them.
        talker: where the talker is heard.
        orders: those that record the same and would put the talker where stated, likeliest first.
    """
    turns = [f"{abs(turn):.0f}° {'anticlockwise' if turn > 0 else 'clockwise'}" for turn in talker.turns_deg]
    cure = ""
    if len(turns) == 1:  # it is clear by how much
        roll, pitch, yaw = array.mount_rpy_deg
        yaw = wrapped_deg(yaw + talker.turns_deg[0])
        cure = f" (its file then needs mount_rpy_deg = [{roll:g}, {pitch:g}, {yaw:g}])"
    text = (
        f"the talker is heard at {talker.where}, but was said to be at {talker.stated_azimuth_deg:g}°: the "
        f"array is turned {' or '.join(turns)} as seen from above{cure}, or that angle is off"
    )
    if orders:
        first = moved_places(orders[0])[0]
        example = _named_change(channels, orders[0])
        example = example or f"{_carried(channels, orders[0], first)}, and so on"
        others = f", or one of {len(orders) - 1} more" if len(orders) > 1 else ""
        text += f", or the channels are in another order ({example}{others}). "
        text += _NEXT_RECORDING[apparent_motion(array, orders[0])]
    return Finding("turned", (), talker.certainty, f"{text}.", talker.turns_deg[0])


def _named_change(channels: list[int], order: Order) -> str:
    """What happened to the channels, if it has a name.

    Args:
        channels: channel of the recording for each microphone.
        order: number of the microphone whose signal each channel carries.
    """
    moved = moved_places(order)
    if len(moved) == 2:
        return f"{channels_in_words([channels[place] for place in moved])} are swapped"
    shift = shift_of(order)
    if shift is not None:
        return f"all are shifted by {-shift % len(order)}"
    return "they run backwards" if order == tuple(range(len(order)))[::-1] else ""


def _carried(channels: list[int], order: Order, place: int) -> str:
    return f"channel {channels[place]} carries what channel {channels[order[place]]} should"
