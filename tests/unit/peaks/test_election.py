"""Which directions of a recording are elected: as far apart as the array can hear."""

import numpy as np
import pytest

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.geometry.grid import cap_grid, fibonacci_grid
from anydoa.geometry.layouts import circular_positions, linear_positions
from anydoa.peaks.finder import Peak, PeakFinder
from anydoa.peaks.votes import DirectionVotes

GRID = fibonacci_grid(2048)
RING = MicrophoneArray(circular_positions(6, 0.046), "ring")
LINE = MicrophoneArray(linear_positions(4, 0.05), "line")  # along the y axis
BALL = MicrophoneArray(np.concatenate([circular_positions(4, 0.04), [[0, 0, 0.04], [0, 0, -0.04]]]), "ball")


def elect(
    array: MicrophoneArray | None, places: list[tuple[float, float]], *, level: float = 1.0
) -> list[np.ndarray]:
    """Directions elected when as many frames peak at each place."""
    votes = DirectionVotes(PeakFinder(GRID, array=array))
    for place in places:
        direction = angles_deg_to_direction(*place)
        peak = Peak(direction, 0.8, int(GRID.nearest(direction)), True)
        votes.add([peak], np.zeros(len(GRID)), level)
    return [direction for direction, _ in votes.elect()]


def test_heights_at_one_azimuth_are_one_source_of_a_flat_array() -> None:
    heights = [(-177.5, 39.8), (-174.5, 57.7), (-178.3, 29.1)]
    assert len(elect(RING, heights)) == 1
    assert len(elect(BALL, heights)) == 3


def test_azimuths_that_a_flat_array_tells_apart_stay_two() -> None:
    assert len(elect(RING, [(30.0, 10.0), (45.0, 10.0)])) == 2


def test_a_flat_array_keeps_the_horizon_from_the_zenith() -> None:
    assert len(elect(RING, [(30.0, 5.0), (30.0, 70.0)])) == 2


def test_cones_near_the_end_of_a_line_are_one_source() -> None:
    assert len(elect(LINE, [(90.0, 0.0), (75.0, 0.0)])) == 1
    assert len(elect(LINE, [(0.0, 0.0), (15.0, 0.0)])) == 2


@pytest.mark.parametrize("level", [1e-40, 1e-20, 1e20])
def test_loudness_elects_nobody(level: float) -> None:
    (direction,) = elect(BALL, [(40.0, 20.0)], level=level)
    assert great_circle_distance_deg(direction, angles_deg_to_direction(40.0, 20.0)) < 0.1


def test_peaks_of_a_frame_at_one_azimuth_are_one_source_of_a_flat_array() -> None:
    lobes = [angles_deg_to_direction(20.0, 30.0), angles_deg_to_direction(20.0, 52.0)]
    values = np.max([np.exp(-60 * (1 - GRID.directions @ lobe)) for lobe in lobes], axis=0)
    assert len(PeakFinder(GRID).find(values)) == 2
    assert len(PeakFinder(GRID, array=RING).find(values)) == 1
    assert len(PeakFinder(GRID, array=BALL).find(values)) == 2


def test_what_all_directions_have_alike_is_no_source() -> None:
    bump = np.exp(-20 * (1 - GRID.directions @ GRID.directions[700]))
    finder = PeakFinder(GRID, threshold=0.1)
    assert finder.find(0.3 + 0.02 * bump) == []
    assert len(finder.find(0.3 + 0.1 * bump)) == 1
    assert len(PeakFinder(GRID, threshold=0.1, num_sources=1).find(0.3 + 0.02 * bump)) == 1


def test_a_lobe_that_fills_a_narrow_grid_is_a_source() -> None:
    grid = cap_grid(40.0, 10.0, 5.0, 200)
    lobe = np.exp(-20 * (1 - grid.directions @ angles_deg_to_direction(41.0, 11.0)))
    assert len(PeakFinder(grid, threshold=0.1).find(0.4 * lobe)) == 1
