"""Directions of a whole recording, elected by its frames."""

import numpy as np
import pytest

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, direction_to_angles_deg
from anydoa.geometry.grid import cap_grid, fibonacci_grid
from anydoa.geometry.layouts import circular_positions
from anydoa.peaks.finder import Peak, PeakFinder
from anydoa.peaks.frames import FrameReader
from anydoa.peaks.votes import DirectionVotes
from anydoa.spectrum import SpatialSpectrum


@pytest.mark.parametrize("num_directions", [6, 9])
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


def angles_to_a_loud_and_a_faint_talker(num_sources: int | None, *, chances: bool) -> list[float]:
    """Angles in degrees of both talkers to what is elected where the second has a chance of 0.3 at most."""
    grid = fibonacci_grid(1024)
    talkers = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    ghosts = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    beams = [np.exp(60 * (grid.directions @ direction - 1)) for direction in (*talkers, *ghosts)]
    values = np.array([0.9 * beams[0] + 0.3 * beams[1] + 0.1 * beams[2 + frame % 4] for frame in range(20)])
    # In one frame a ghost is louder than the faint talker is in any.
    values[7] = 0.8 * beams[4]
    spectrum = SpatialSpectrum(values, 0.03 * np.arange(20.0), np.full(20, 0.1), grid)
    finder = PeakFinder(grid, num_sources=num_sources, threshold=0.5, chances=chances)
    reader = FrameReader(finder)
    reader.read(spectrum)
    found = np.array([source.direction for source in reader.directions])
    return [float(np.rad2deg(np.arccos(np.clip(found @ talker, -1, 1).max()))) for talker in talkers]


def test_every_peak_votes_where_values_are_chances() -> None:
    assert max(angles_to_a_loud_and_a_faint_talker(2, chances=True)) < 3


def test_faint_peaks_do_not_vote_where_values_are_no_chances_or_the_number_is_open() -> None:
    assert angles_to_a_loud_and_a_faint_talker(2, chances=False)[1] > 30
    assert angles_to_a_loud_and_a_faint_talker(None, chances=True)[1] > 30


@pytest.mark.parametrize("num_sources", [None, 1])
def test_votes_for_a_direction_and_for_its_mirror_image_do_not_meet_between_them(
    num_sources: int | None,
) -> None:
    # The grid looks at both sides of the plane, but mostly below.
    flat, grid = MicrophoneArray(circular_positions(6, 0.05), "flat"), cap_grid(0, -10, 45, 2000)
    rng = np.random.default_rng(0)
    values = []
    for _ in range(40):
        azimuth_deg, elevation_deg = rng.uniform(-1.5, 1.5), -35 + rng.uniform(-1.5, 1.5)
        sides = [angles_deg_to_direction(azimuth_deg, sign * elevation_deg) for sign in (1, -1)]
        values.append(np.max([np.exp(200 * (grid.directions @ side - 1)) for side in sides], axis=0))
    spectrum = SpatialSpectrum(0.9 * np.array(values), 0.03 * np.arange(40.0), np.full(40, 0.1), grid)
    reader = FrameReader(PeakFinder(grid, flat, num_sources, 0.5, chances=True))
    reader.read(spectrum)
    (found,) = reader.directions
    assert abs(abs(direction_to_angles_deg(found.direction)[1]) - 35) < 2


def test_silence_casts_no_vote() -> None:
    grid = fibonacci_grid(64)
    votes = DirectionVotes(PeakFinder(grid, num_sources=1, chances=True))
    votes.add([], np.where(np.arange(64) == 7, 0.9, 0.0), level=0.0)
    assert votes.elect() == []
