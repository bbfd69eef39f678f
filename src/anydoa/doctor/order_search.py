"""The order of the channels under which a recording fits plane waves best.

Simple changes first, as they happen in the field: shifts, swaps, the reversal. Then, for up to five
microphones, every order; for more, assignments: guess the direction of each segment, give each channel the
microphone it fits best there, and repeat, from many starts.
"""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment

from anydoa.doctor.symmetry import Order, equivalents
from anydoa.doctor.wave_fit import ChannelHypothesis, WaveFit

MAX_MICROPHONES = 16
"""Number of microphones beyond which orders are too many to search."""


@dataclass(frozen=True)
class OrderSearchOptions:
    """How much of all orders is tried.

    Args:
        exhaustive_mics: number of microphones up to which every order is tried.
        num_starts: random orders from which assignments start.
        max_rounds: assignments in a row from each start.
        min_step: fit that a step must gain; less is rounding.
    """

    exhaustive_mics: int = 5
    num_starts: int = 16
    max_rounds: int = 8
    min_step: float = 1e-6


def simple_orders(num_mics: int) -> list[Order]:
    """The unchanged order, every shift and the reversal."""
    declared = tuple(range(num_mics))
    shifts = [declared[step:] + declared[:step] for step in range(num_mics)]
    return list(dict.fromkeys([*shifts, declared[::-1]]))


def search_orders(
    waves: WaveFit,
    hypothesis: ChannelHypothesis,
    group: tuple[Order, ...],
    rng: np.random.Generator,
    options: OrderSearchOptions = OrderSearchOptions(),
) -> list[tuple[Order, Float[np.ndarray, "segment"]]]:
    """Orders that fit well with the fit of each segment, best first, one of each class of equivalents.

    Args:
        waves: fit of the recording.
        hypothesis: what is believed of offsets and signs, and the order to start from.
        group: symmetries of the array.
        rng: where random starts come from.
        options: how much of all orders is tried.
    """
    search = _OrderSearch(waves, hypothesis, group, options)
    start = hypothesis.order
    for simple in simple_orders(len(start)):
        search.fit(tuple(start[mic] for mic in simple))
    search.fit_swaps(start)
    if len(start) <= options.exhaustive_mics:
        for order in permutations(sorted(start)):
            search.fit(order)
    else:
        for order in search.best(3):
            search.assign(order)
        for _ in range(options.num_starts):
            search.assign(tuple(rng.permutation(start).tolist()))
        for order in search.best(2):
            search.climb(order)
    return search.ranking()


class _OrderSearch:
    """Fits of all orders tried so far, one of each class."""

    def __init__(
        self,
        waves: WaveFit,
        hypothesis: ChannelHypothesis,
        group: tuple[Order, ...],
        options: OrderSearchOptions,
    ) -> None:
        self._waves = waves
        self._hypothesis = hypothesis
        self._group = group
        self._options = options
        self._fits: dict[Order, Float[np.ndarray, "segment"]] = {}
        self._known: dict[Order, Order] = {}

    def fit(self, order: Order) -> float:
        """Mean fit of an order or of one that cannot be told from it."""
        if order not in self._known:
            self._keep(order, self._waves.fit(self._hypothesis.reordered(order)))
        return float(self._fits[self._known[order]].mean())

    def best(self, count: int) -> list[Order]:
        """The orders that fit best."""
        return [order for order, _ in self.ranking()[:count]]

    def ranking(self) -> list[tuple[Order, Float[np.ndarray, "segment"]]]:
        """Orders with their fits, best first."""
        return sorted(self._fits.items(), key=lambda item: -item[1].mean())

    def assign(self, order: Order) -> None:
        """Better assignments from here, until none is found."""
        places = np.array(sorted(order))
        height = -np.inf
        for _ in range(self._options.max_rounds):
            hypothesis = self._hypothesis.reordered(order)
            totals = self._waves.totals(hypothesis)
            self._keep(order, totals.max(axis=0))
            if self.fit(order) <= height + self._options.min_step:
                return
            height = self.fit(order)
            gain = self._waves.assignment_gain(hypothesis, places, totals.argmax(axis=0))
            channels, columns = linear_sum_assignment(-gain)
            order = tuple(places[columns[np.argsort(channels)]].tolist())

    def _keep(self, order: Order, fit: Float[np.ndarray, "segment"]) -> None:
        if order not in self._known:
            self._fits[order] = fit
            self._known.update(dict.fromkeys(equivalents(order, self._group), order))

    def fit_swaps(self, order: Order) -> list[Order]:
        """All swaps of two from here, now known."""
        swaps = dict(self._waves.swap_fits(self._hypothesis.reordered(order)))
        for swapped, fit in swaps.items():
            self._keep(swapped, fit)
        return list(swaps)

    def climb(self, order: Order) -> None:
        """Better swaps from here, until none is found."""
        height = self.fit(order)
        while True:
            better = max(self.fit_swaps(order), key=self.fit)
            if self.fit(better) <= height + self._options.min_step:
                return
            order, height = better, self.fit(better)
