"""What would have to be mended so that plane waves explain a recording: polarity, offsets, order.

Every repair is a hypothesis about the channels. The one that gains most is taken if its gain is beyond
doubt, then the search starts again from there, until nothing gains.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr

from anydoa.diagnosis.order import MOST_MICROPHONES, search_orders
from anydoa.diagnosis.symmetry import Order
from anydoa.diagnosis.wave_fit import Hypothesis, WaveFit

RepairKind = Literal["inverted", "offset", "order"]

OFFSET_RANGE_S = 1.2e-3  # s; larger ones are seen in the recording as a whole
_COARSE_S = 6e-5  # half the width of a peak, a sample at 16 kHz
_LEAST_OFFSET_S = 4e-5  # positions that are 1 cm wrong look like this
_LEAST_GAIN: dict[RepairKind, float] = {"inverted": 0.05, "offset": 0.1, "order": 0.03}  # of the fit
_LEAST_Z = 1.7  # directions to which the fault makes no difference leave it modest
_RIVAL_Z = 2.33  # 99 %
_TIE_Z = 1.0  # repairs nearer than this are told apart by how simple they are
_SIMPLICITY: tuple[RepairKind, ...] = ("inverted", "order", "offset")
_OVERLAP = 2  # pieces overlap by half, so every second one is independent
_MOST_REPAIRS = 4


@dataclass(frozen=True, eq=False)
class Repair:
    """A change to a hypothesis and how well the recording fits after it.

    Args:
        kind: what is changed.
        mics: the channels it changes, as numbers of microphones.
        hypothesis: after the change.
        fit: of each piece, after the change.
    """

    kind: RepairKind
    mics: tuple[int, ...]
    hypothesis: Hypothesis
    fit: Float[np.ndarray, "piece"]


@dataclass(frozen=True, eq=False)
class Taken:
    """A repair that was made.

    Args:
        repair: what.
        certainty: 0..1 that something is wrong.
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
        fit: of each piece, after them.
        other_order: the best fit under another order, None where no other can be told apart.
    """

    taken: tuple[Taken, ...]
    hypothesis: Hypothesis
    fit: Float[np.ndarray, "piece"]
    other_order: Float[np.ndarray, "piece"] | None


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
            orders = [repair.fit for repair in repairs if repair.kind == "order"]
            return Mended(tuple(taken), hypothesis, before, orders[0] if orders else None)
        best = _simplest(gaining)
        rivals = tuple(
            repair for repair in repairs if repair is not best and z_score(best.fit, repair.fit) < _RIVAL_Z
        )
        taken.append(Taken(best, certainty(best.fit, before), rivals))
        hypothesis = best.hypothesis


def _simplest(gaining: list[Repair]) -> Repair:
    """Of the repairs that fit about as well as the first, the kind with the fewest ways to fit by chance."""
    tied = [repair for repair in gaining if z_score(gaining[0].fit, repair.fit) < _TIE_Z]
    return min(tied, key=lambda repair: _SIMPLICITY.index(repair.kind))


def candidates(
    waves: WaveFit, hypothesis: Hypothesis, group: tuple[Order, ...], rng: np.random.Generator
) -> list[Repair]:
    """Everything that could be mended next, best first."""
    num_mics = len(hypothesis.positions)
    found = [
        Repair("inverted", (mic,), hypothesis.flipped(mic), waves.fit(hypothesis.flipped(mic)))
        for mic in range(num_mics)
    ]
    if num_mics > 2:
        found += [_best_offset(waves, hypothesis, mic) for mic in range(num_mics)]
    if 2 < num_mics <= MOST_MICROPHONES:
        for order, fit in search_orders(waves, hypothesis, group, rng)[:8]:
            if order != hypothesis.positions:
                moved = tuple(mic for mic in range(num_mics) if order[mic] != hypothesis.positions[mic])
                found.append(Repair("order", moved, hypothesis.reordered(order), fit))
    found = [repair for repair in found if repair.hypothesis != hypothesis]
    return sorted(found, key=lambda repair: -float(repair.fit.mean()))


def gains(repair: Repair, before: Float[np.ndarray, "piece"]) -> bool:
    """Whether a repair betters the fit beyond doubt, and by enough for its kind."""
    share = float((repair.fit - before).mean()) / max(float(repair.fit.mean()), 1e-6)
    least = _LEAST_GAIN[repair.kind] * (_touched(repair) if repair.kind == "order" else 1.0)
    return bool(share >= least and z_score(repair.fit, before) >= _LEAST_Z)


def _touched(repair: Repair) -> float:
    """Share of the pairs that hold a channel of the repair: a swap of 2 in 12 changes a third of them."""
    count = len(repair.hypothesis.positions)
    left = count - len(repair.mics)
    return 1 - left * (left - 1) / (count * (count - 1))


def certainty(better: Float[np.ndarray, "piece"], worse: Float[np.ndarray, "piece"]) -> float:
    """Probability, 0.5..1, that a fit is better, from how steadily it is over the pieces."""
    return float(ndtr(z_score(better, worse)))


def z_score(better: Float[np.ndarray, "piece"], worse: Float[np.ndarray, "piece"]) -> float:
    """Mean difference over its standard error."""
    difference = better - worse
    error = float(difference.std()) / np.sqrt(max(1.0, len(difference) / _OVERLAP))
    return float(difference.mean()) / max(error, 1e-6)


def _best_offset(waves: WaveFit, hypothesis: Hypothesis, mic: int) -> Repair:
    """The microphone late or early by what fits best: in steps of a peak's half width, then finer."""
    others = waves.totals(hypothesis, without=mic)

    def fit(offset_s: float) -> Float[np.ndarray, "piece"]:
        total = others + waves.totals(hypothesis.delayed(mic, offset_s), only_with=mic)
        best: np.ndarray = total.max(axis=0)
        return best

    told, offset_s = hypothesis.offset_s[mic], 0.0
    coarse = np.arange(-OFFSET_RANGE_S, OFFSET_RANGE_S + _COARSE_S / 2, _COARSE_S)
    for steps in (coarse, _COARSE_S * np.linspace(-0.75, 0.75, 7)):
        tried = offset_s + steps
        tried = tried[np.abs(tried) >= _LEAST_OFFSET_S]
        fits = [fit(told + float(step)) for step in tried]
        best = int(np.argmax([found.mean() for found in fits]))
        offset_s = float(tried[best])
    return Repair("offset", (mic,), hypothesis.delayed(mic, told + offset_s), fits[best])
