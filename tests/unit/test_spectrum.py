"""A spectrum over directions: averaging and joining."""

import numpy as np
import pytest

from anydoa.errors import ShapeError
from anydoa.geometry.grid import azimuth_grid
from anydoa.spectrum import SpatialSpectrum


def make_spectrum(values: np.ndarray, level: np.ndarray, start_s: float = 0.0) -> SpatialSpectrum:
    times_s = start_s + 0.1 * np.arange(len(values))
    grid = azimuth_grid(values.shape[1])
    return SpatialSpectrum(values.astype(np.float32), times_s, level.astype(np.float32), grid)


def test_the_mean_weighs_frames_by_level() -> None:
    spectrum = make_spectrum(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([3.0, 1.0]))
    np.testing.assert_allclose(spectrum.mean(), [0.75, 0.25])


def test_the_mean_of_silence_is_zero() -> None:
    spectrum = make_spectrum(np.ones((2, 4)), np.zeros(2))
    np.testing.assert_array_equal(spectrum.mean(), np.zeros(4))


def test_the_mean_of_no_frames_is_zero() -> None:
    spectrum = make_spectrum(np.zeros((0, 4)), np.zeros(0))
    np.testing.assert_array_equal(spectrum.mean(), np.zeros(4))


def test_joining_keeps_every_frame_in_order() -> None:
    first = make_spectrum(np.full((2, 3), 0.25), np.ones(2))
    second = make_spectrum(np.full((1, 3), 0.5), np.ones(1), start_s=0.2)
    joined = SpatialSpectrum.join([first, second])
    assert joined.num_frames == 3
    np.testing.assert_allclose(joined.times_s, [0.0, 0.1, 0.2])
    np.testing.assert_allclose(joined.values[:, 0], [0.25, 0.25, 0.5])


def test_joining_nothing_is_refused() -> None:
    with pytest.raises(ShapeError, match="at least one"):
        SpatialSpectrum.join([])
