"""What a recording says about the order of the channels, and what it cannot say."""

from dataclasses import dataclass

import numpy as np

from anydoa.diagnosis.bench import Bench
from anydoa.diagnosis.evidence import Explanation, certainty
from anydoa.diagnosis.findings import CERTAIN, Finding, OrderCheck, OrderStatus
from anydoa.diagnosis.placing import listed
from anydoa.diagnosis.repairs import Mended, Taken
from anydoa.diagnosis.symmetry import Order, equivalents, shift_of, unlikeliness
from anydoa.diagnosis.wave_fit import Hypothesis
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction

_KNOWN_WITHIN_DEG = 8.0  # how well a person stands at an azimuth
_KNOWN_CHANCE_SHARE = 0.005  # of the fit that a wrong order gains where the talker is known
_ELEVATIONS_DEG = np.arange(-40.0, 61.0, 10.0)


@dataclass(frozen=True)
class _Settled:
    """One order of a class, how sure it is against the rest of them, and how many nothing tells apart."""

    order: Order
    certainty: float
    num_left: int


def check_order(
    bench: Bench, mended: Mended, array: MicrophoneArray, known_azimuth_deg: float | None
) -> tuple[OrderCheck, list[Finding]]:
    """The order of the channels after the repairs, with a finding if it is wrong.

    Args:
        bench: the microphones that hear the room.
        mended: what their recording fits.
        array: the whole array.
        known_azimuth_deg: of the only talker, if known.
    """
    told = bench.as_told.order
    settled = _settle(bench, mended.hypothesis, known_azimuth_deg)
    orders = [taken for taken in mended.taken if taken.repair.kind == "order"]
    sure = _certainty(mended, orders)
    status: OrderStatus = "confirmed" if sure >= CERTAIN else "unclear"
    if settled.order != told:
        status, sure = "wrong", min(sure, settled.certainty)
    elif mended.order_certainty is None and settled.num_left > 1:
        status = "inaudible"
    channels: list[int | None] = [None] * array.num_microphones
    for channel, place in zip(bench.placing.channels, settled.order, strict=True):
        channels[bench.placing.mics[place]] = channel
    check = OrderCheck(status, sure, tuple(channels), settled.num_left)
    return check, [_finding(bench, check, settled.order, orders)] if status == "wrong" else []


def _settle(bench: Bench, hypothesis: Hypothesis, known_azimuth_deg: float | None) -> _Settled:
    """Of all orders that record the same, the one a known talker picks, else the likeliest."""
    candidates = equivalents(hypothesis.order, bench.group)
    if known_azimuth_deg is None or len(candidates) == 1:
        return _Settled(min(candidates, key=unlikeliness), 1.0, len(candidates))
    offsets = np.linspace(-_KNOWN_WITHIN_DEG, _KNOWN_WITHIN_DEG, 5)
    azimuth_deg, elevation_deg = np.meshgrid(known_azimuth_deg + offsets, _ELEVATIONS_DEG)
    waves = bench.waves_from(angles_deg_to_direction(azimuth_deg.ravel(), elevation_deg.ravel()))
    fits = {order: waves.fit(hypothesis.reordered(order)) for order in candidates}
    ranking = sorted(
        candidates, key=lambda order: (-round(float(fits[order].mean()), 4), unlikeliness(order))
    )
    best = Explanation(fits[ranking[0]], _KNOWN_CHANCE_SHARE)
    others = {order: Explanation(fits[order], _KNOWN_CHANCE_SHARE) for order in ranking[1:]}
    left = [order for order, other in others.items() if certainty(best, [other]) < CERTAIN]
    if left:
        return _Settled(min([ranking[0], *left], key=unlikeliness), 1.0, 1 + len(left))
    return _Settled(ranking[0], certainty(best, others.values()), 1)


def _certainty(mended: Mended, orders: list[Taken]) -> float:
    """How sure the order after the repairs is against every other that can be told from it."""
    left = 1.0 if mended.order_certainty is None else mended.order_certainty
    return min([left, *(taken.certainty for taken in orders)])


def _finding(bench: Bench, check: OrderCheck, order: Order, orders: list[Taken]) -> Finding:
    channels = bench.placing.channels
    moved = tuple(channels[place] for place, goes in enumerate(order) if goes != place)
    text = f"the channels are in the wrong order: {_change(channels, order)}."
    rivals = [rival.kind for taken in orders for rival in taken.rivals if rival.kind != "order"]
    if rivals:
        text += f" It may also be another fault ({', '.join(sorted(set(rivals)))}); record longer to know."
    elif check.num_equivalents > 1:
        text += f" {check.num_equivalents} orders record the same; this is the likeliest."
    return Finding("order", moved, check.certainty, text)


def _change(channels: list[int], order: Order) -> str:
    """What happened to the channels, in the fewest words."""
    count = len(order)
    moved = [place for place, goes in enumerate(order) if goes != place]
    if len(moved) == 2:
        return f"{listed([channels[place] for place in moved])} are swapped"
    shift = shift_of(order)
    if shift is not None:
        return f"all are shifted by {-shift % count}"
    if order == tuple(range(count))[::-1]:
        return "they run backwards"
    parts = [
        f"channel {channels[place]} carries what channel {channels[order[place]]} should" for place in moved
    ]
    return ", ".join(parts)
