"""How sure one explanation is against others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anydoa.doctor.evidence import Explanation, certainty, spurious_time_gain, z_score

PIECES = 40


def fit(mean: float, spread: float = 0.01, seed: int = 0) -> np.ndarray:
    return mean + spread * np.random.default_rng(seed).standard_normal(PIECES)


def test_a_steady_gain_is_certain_and_none_is_a_coin() -> None:
    best = Explanation(fit(0.3))
    assert certainty(best, [Explanation(fit(0.2, seed=1))]) > 0.999
    assert certainty(best, [best]) == pytest.approx(0.5)


def test_an_explanation_that_fits_better_leaves_little_certainty() -> None:
    assert certainty(Explanation(fit(0.2)), [Explanation(fit(0.3, seed=1))]) < 0.001


@given(st.floats(0.15, 0.35), st.integers(1, 6))
def test_every_further_explanation_takes_certainty_away(mean: float, count: int) -> None:
    others = [Explanation(fit(mean, seed=seed)) for seed in range(1, count + 2)]
    best = Explanation(fit(0.3))
    assert certainty(best, others) <= certainty(best, others[:-1])


def test_a_tiny_gain_is_not_certain_however_steady() -> None:
    steady = Explanation(np.full(PIECES, 0.3))
    assert certainty(steady, [Explanation(np.full(PIECES, 0.3 - 1e-4))]) < 0.7


def test_what_gains_by_chance_counts_for_less() -> None:
    before = Explanation(fit(0.29, seed=1))
    better = fit(0.3)
    sure = [
        certainty(Explanation(better, spurious_time_gain(num_mics, num_late)), [before])
        for num_mics, num_late in ((4, 1), (12, 4), (8, 1), (12, 1))
    ]
    assert sure == sorted(sure)
    assert sure[0] < sure[2] < sure[3]


def test_a_z_score_grows_with_the_number_of_segments() -> None:
    one, other = fit(0.3), fit(0.29, seed=1)
    longer = z_score(np.tile(one, 4), np.tile(other, 4))
    assert longer == pytest.approx(2 * z_score(one, other))
