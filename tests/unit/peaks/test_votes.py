"""Directions of a whole recording, elected by its frames."""

import numpy as np
import pytest

from anydoa.geometry.grid import fibonacci_grid
from anydoa.peaks.finder import Peak, PeakFinder
from anydoa.peaks.votes import DirectionVotes


@pytest.mark.parametrize("num_directions", [2, 3, 4, 6])
def test_a_peak_no_higher_than_the_median_casts_no_vote(num_directions: int) -> None:
    grid = fibonacci_grid(num_directions)
    votes = DirectionVotes(PeakFinder(grid))
    values = np.full(num_directions, 0.5)
    votes.add([Peak(grid.directions[0], 0.5, 0, True)], values, level=1.0)
    assert votes.elect() == []
    votes.add([Peak(grid.directions[1], 0.9, 1, True)], values, level=1.0)
    ((direction, score),) = votes.elect()
    np.testing.assert_allclose(direction, grid.directions[1])
    assert score == pytest.approx(0.9)
