"""What of a direction an array hears."""

import numpy as np
import pytest

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.folding import audible_projection
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.layouts import circular_positions
from anydoa.geometry.rotation import random_rotation, rotate

LINE = np.outer(np.linspace(-0.1, 0.1, 4), [1.0, 0.0, 0.0])
BALL = 0.05 * fibonacci_grid(6).directions


@pytest.mark.parametrize(("positions", "rank"), [(LINE, 1), (circular_positions(6, 0.05), 2), (BALL, 3)])
def test_what_is_left_makes_all_the_delays_and_no_more(positions: np.ndarray, rank: int) -> None:
    array = MicrophoneArray(rotate(positions, random_rotation(np.random.default_rng(0))), "turned")
    projection = audible_projection(array)
    directions = fibonacci_grid(50).directions
    np.testing.assert_allclose(
        directions @ projection @ array.centred_positions.T, directions @ array.centred_positions.T, atol=1e-9
    )
    assert np.linalg.matrix_rank(projection, tol=1e-6) == rank
