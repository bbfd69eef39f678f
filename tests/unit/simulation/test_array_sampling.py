"""Random arrays stay within the sizes that were published."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from anydoa.errors import ConfigError
from anydoa.simulation.array_sampling import sample_dynamic_array

counts = st.integers(2, 16)
seeds = st.integers(0, 2**31 - 1)
STRAY = 2 * np.sqrt(3) * 0.005  # by which the jitter can part two microphones


@settings(max_examples=40, deadline=None)
@given(counts, seeds)
def test_a_random_array_is_centred_and_no_wider_than_its_size_allows(num_mics: int, seed: int) -> None:
    array = sample_dynamic_array(num_mics, np.random.default_rng(seed))
    assert array.num_microphones == num_mics
    assert np.allclose(array.positions.mean(axis=0), 0, atol=1e-12)
    assert array.span <= max(0.07, 0.09 + 0.04 * (num_mics - 4) / 8) + STRAY


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_four_microphones_keep_the_distance_published_for_four(seed: int) -> None:
    array = sample_dynamic_array(4, np.random.default_rng(seed))
    assert pdist(array.positions).min() >= 0.04 - STRAY


def test_sixteen_microphones_are_wider_than_four_on_average() -> None:
    rng = np.random.default_rng(0)
    span = {count: np.mean([sample_dynamic_array(count, rng).span for _ in range(40)]) for count in (4, 16)}
    assert span[16] > 1.15 * span[4]


def test_the_same_seed_gives_the_same_array() -> None:
    first, second = (sample_dynamic_array(7, np.random.default_rng(5)) for _ in range(2))
    assert first.hash == second.hash


@pytest.mark.parametrize("num_mics", [1, 129])
def test_impossible_numbers_of_microphones_are_refused(num_mics: int) -> None:
    with pytest.raises(ConfigError, match=f"got {num_mics}"):
        sample_dynamic_array(num_mics, np.random.default_rng(0))
