"""Candidates: what is known of them is known between them."""

import numpy as np
import pytest
from free_field import random_array

from anydoa.estimators.steered.candidates import Candidates
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.layouts import circular_positions, linear_positions

GRID = fibonacci_grid(500)
ARRAYS = {
    "space": random_array(np.random.default_rng(0), 5),
    "plane": MicrophoneArray(circular_positions(6, 0.05)),
    "line": MicrophoneArray(linear_positions(4, 0.05)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_weights_are_means_of_what_is_near(name: str) -> None:
    array = ARRAYS[name]
    candidates = Candidates(array, GRID, num_candidates=200, cluster_deg=13.0)
    folded = array.ambiguity.fold(GRID.directions)
    weights = candidates.weights_at(folded)
    assert weights.shape == (len(GRID), len(candidates))
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    means = weights @ candidates.directions.astype(np.float32)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    assert great_circle_distance_deg(means, folded).max() < 14  # the spacing of the candidates


def test_a_candidate_is_known_by_itself() -> None:
    candidates = Candidates(ARRAYS["space"], GRID, num_candidates=200, cluster_deg=13.0)
    own = candidates.weights_at(candidates.directions).diagonal()
    assert own.min() > 0.6
