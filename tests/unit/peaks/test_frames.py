"""From spectra to frames and directions."""

import numpy as np

from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.peaks.finder import PeakFinder
from anydoa.peaks.frames import FrameReader
from anydoa.spectrum import SpatialSpectrum

GRID = fibonacci_grid(1024)
FIRST, SECOND = angles_deg_to_direction(0, 0), angles_deg_to_direction(100, 0)


def lobe(direction: np.ndarray, height: float) -> np.ndarray:
    return height * np.exp(-((great_circle_distance_deg(GRID.directions, direction) / 20) ** 2))


def spectrum(rows: list[np.ndarray], level: list[float]) -> SpatialSpectrum:
    return SpatialSpectrum(np.array(rows), np.arange(len(rows)) * 0.1, np.array(level), GRID)


def test_frames_have_their_spectrum_their_level_and_their_sources() -> None:
    reader = FrameReader(PeakFinder(GRID, threshold=0.5))
    heard, silent = reader.read(spectrum([lobe(FIRST, 0.9), lobe(SECOND, 0.9)], [2.0, 0.0]))
    assert (heard.level, silent.level) == (2.0, 0.0)
    (source,) = heard.sources
    assert great_circle_distance_deg(source.direction, FIRST) < 1
    assert silent.sources == ()
    np.testing.assert_allclose(reader.mean_spectrum, heard.values)


def test_a_mean_that_was_given_out_in_silence_stays_what_it_was() -> None:
    reader = FrameReader(PeakFinder(GRID))
    reader.read(spectrum([lobe(FIRST, 0.9)], [0.0]))
    before = reader.mean_spectrum
    reader.read(spectrum([lobe(FIRST, 0.9)], [3.0]))
    assert not before.any()


def test_what_the_votes_leave_open_is_filled_where_the_number_of_sources_is_known() -> None:
    faint = np.maximum(lobe(FIRST, 0.9), lobe(SECOND, 0.2))  # too low to stand out in any frame
    for count, expected in ((None, [FIRST]), (2, [FIRST, SECOND])):
        reader = FrameReader(PeakFinder(GRID, num_sources=count, threshold=0.5))
        reader.read(spectrum([faint] * 5, [1.0] * 5))
        found = [source.direction for source in reader.directions]
        assert len(found) == len(expected)
        assert max(great_circle_distance_deg(np.array(found), np.array(expected))) < 2


def test_how_spectra_are_cut_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    rows, level = list(rng.random((6, len(GRID)))), list(rng.random(6))
    whole, cut = (FrameReader(PeakFinder(GRID, num_sources=3)) for _ in range(2))
    whole.read(spectrum(rows, level))
    for start in (0, 1, 4):
        end = {0: 1, 1: 4, 4: 6}[start]
        cut.read(spectrum(rows[start:end], level[start:end]))
    np.testing.assert_array_equal(
        [one.direction for one in whole.directions], [one.direction for one in cut.directions]
    )
    np.testing.assert_allclose(whole.mean_spectrum, cut.mean_spectrum)
