"""A spectrum over directions: averaging and joining."""

import numpy as np
import pytest

from anydoa.errors import AudioError, ShapeError
from anydoa.geometry.grid import azimuth_grid
from anydoa.spectrum import SampleScale, SpatialSpectrum, check_audio


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


def test_another_number_of_rows_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"4 microphones, got shape \(3, 100\); select"):
        check_audio(np.zeros((3, 100), dtype=np.float32), 4)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_samples_that_are_not_finite_are_refused(value: float) -> None:
    audio = np.zeros((2, 100))
    audio[1, 50] = value
    with pytest.raises(AudioError, match="finite"):
        check_audio(audio, 2)


@pytest.mark.parametrize("loudest", [0.0, 1e-8, 0.5, 32_768.0])
def test_usual_samples_are_left_as_they_are(loudest: float) -> None:
    samples = np.array([[0.1, -1.0, 0.5]], dtype=np.float32) * np.float32(loudest)
    ((scaled, factor),) = SampleScale().pieces(samples)
    assert factor == 1
    np.testing.assert_array_equal(scaled, samples)


@pytest.mark.parametrize("loudest", [1e-44, 1e-30, 1e-12, 1e11, 1e30])
def test_faint_and_huge_samples_are_brought_near_one(loudest: float) -> None:
    samples = np.array([[-loudest, 0.25 * loudest]], dtype=np.float32)
    ((scaled, factor),) = SampleScale().pieces(samples)
    assert 1e-4 < np.abs(scaled).max() < 1e4
    np.testing.assert_array_equal((scaled.astype(np.float64) / factor).astype(np.float32), samples)


def test_pieces_do_not_depend_on_the_chunks() -> None:
    rng = np.random.default_rng(0)
    samples = (rng.standard_normal((2, 60)) * 10.0 ** np.linspace(-25, 15, 60)).astype(np.float32)
    samples[:, :3] = 0
    whole = SampleScale().pieces(samples)
    scale = SampleScale()
    chunks = [piece for sample in np.split(samples, 60, axis=1) for piece in scale.pieces(sample)]
    assert len(whole) > 3
    np.testing.assert_array_equal(
        np.concatenate([piece for piece, _ in chunks], axis=1),
        np.concatenate([piece for piece, _ in whole], axis=1),
    )


def test_faint_sound_that_grows_little_by_little_keeps_its_scale() -> None:
    samples = np.float32(2.0**-18) * np.array([[0.5, 0.9, 1.1, 8.0, 200.0]], dtype=np.float32)
    ((scaled, factor),) = SampleScale(faintest_exponent=-17).pieces(samples)
    np.testing.assert_array_equal(scaled, samples * np.float32(factor))


@pytest.mark.parametrize("first", [4e-13, 1e-20, 1e-44])
def test_what_a_resampler_makes_of_silence_decides_nothing_of_the_sound_after_it(first: float) -> None:
    sound = np.array([[0.002, 0.3, -0.9, 1.2, 1e-6, 0.5]], dtype=np.float32)
    samples = np.concatenate([np.array([[0.0, first, 1e-12, -1e-5]], dtype=np.float32), sound], axis=1)
    for scale in (SampleScale(), SampleScale(faintest_exponent=-17)):
        *faint, (scaled, factor) = scale.pieces(samples)
        assert all(greater > 1 for _, greater in faint[1:])
        assert factor == 1
        np.testing.assert_array_equal(scaled[:, -6:], sound)
