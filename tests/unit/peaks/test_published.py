"""Peaks by the published rule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import ShapeError
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import DirectionGrid, azimuth_grid, fibonacci_grid
from anydoa.peaks.published import pick_peaks

GRID = fibonacci_grid(300)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_peaks_are_far_apart_and_nothing_higher_was_allowed(seed: int) -> None:
    values = np.random.default_rng(seed).random((3, len(GRID))).astype(np.float32)
    peaks = pick_peaks(values, GRID, 3)
    for frame, chosen in zip(values, peaks, strict=True):
        allowed = np.ones(len(GRID), bool)
        for index in chosen:
            assert frame[index] == frame[allowed].max()
            allowed &= great_circle_distance_deg(GRID.directions, GRID.directions[index]) > 10.0
        assert (np.diff(frame[chosen]) <= 0).all()


def test_the_spectra_are_left_alone() -> None:
    values = np.random.default_rng(0).random((2, len(GRID)))
    before = values.copy()
    pick_peaks(values, GRID, 3)
    np.testing.assert_array_equal(values, before)


def test_where_nothing_is_left_there_is_no_peak() -> None:
    patch = DirectionGrid(azimuth_grid(360).directions[:5])
    assert pick_peaks(np.ones((1, 5)), patch, 2).tolist() == [[0, -1]]


def test_values_that_do_not_belong_to_the_grid_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"the grid has 300 directions, got .*; give one row"):
        pick_peaks(np.zeros((1, 5)), GRID, 1)
