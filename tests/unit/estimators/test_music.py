"""MUSIC against its definition, and its memory."""

import tracemalloc

import numpy as np
import pytest
from free_field import plane_wave, random_array, random_direction, talker

from anydoa.errors import ConfigError
from anydoa.estimators.music import Music
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.peaks.finder import find_peaks
from properties.strategies import make_scene


def random_covariance(rng: np.random.Generator, num_frequencies: int, num_microphones: int) -> np.ndarray:
    shape = (num_frequencies, num_microphones, 3 * num_microphones)
    snapshots = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    covariance = snapshots @ snapshots.conj().swapaxes(1, 2)
    return covariance / np.trace(covariance, axis1=1, axis2=2)[:, None, None]


@pytest.mark.parametrize("num_sources", [1, 2, 3])
def test_values_are_those_of_the_definition(num_sources: int) -> None:
    rng = np.random.default_rng(0)
    music, array, grid = Music(num_sources=num_sources), random_array(rng, 6), fibonacci_grid(100)
    covariance = random_covariance(rng, len(music.frequencies), 6)
    delay = -(array.positions @ grid.directions.T) / array.speed_of_sound
    expected = np.zeros(len(grid))
    for frequency, matrix in zip(music.frequencies, covariance, strict=True):
        steering = np.exp(-2j * np.pi * frequency * delay)
        noise = np.linalg.eigh(matrix)[1][:, : 6 - num_sources]
        pseudospectrum = 1 / np.sum(np.abs(noise.conj().T @ steering) ** 2, axis=0)
        expected += pseudospectrum / pseudospectrum.max() / len(music.frequencies)
    values = music.projection(array, grid)(covariance.astype(np.complex64)[None])[0]
    np.testing.assert_allclose(values, np.maximum(expected - expected.mean(), 0), atol=1e-3)


def test_two_talkers_at_once_are_both_found() -> None:
    rng = np.random.default_rng(1)
    array = random_array(rng, 8)
    directions = [np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.8, 0.6])]
    heard = sum(plane_wave(array, direction, talker(rng, 16_000)) for direction in directions)
    audio = (heard + 0.1 * rng.standard_normal(heard.shape)).astype(np.float32)
    grid = fibonacci_grid(1024)
    peaks = find_peaks(Music().summary_spectrum(audio, array, grid).values[0], grid, num_sources=2)
    for direction in directions:
        assert min(great_circle_distance_deg(peak.direction, direction) for peak in peaks) < 3


def test_two_microphones_keep_one_dimension_for_noise() -> None:
    rng = np.random.default_rng(2)
    scene = make_scene(rng, random_array(rng, 2), random_direction(rng))
    grid = fibonacci_grid(200)
    asked = Music(num_sources=5).spectrum(scene.audio, scene.array, grid).values
    np.testing.assert_array_equal(asked, Music(num_sources=1).spectrum(scene.audio, scene.array, grid).values)
    assert asked.max() > 0.5


def test_values_fade_in_digital_silence() -> None:
    rng = np.random.default_rng(3)
    scene = make_scene(rng, random_array(rng, 4), random_direction(rng))
    audio = np.concatenate([scene.audio, np.zeros((4, 32_000), dtype=np.float32)], axis=1)
    values = Music().spectrum(audio, scene.array, fibonacci_grid(100)).values
    assert values[-1].max() < 0.01 * values[3].max()


def test_a_signal_subspace_without_dimensions_is_refused() -> None:
    with pytest.raises(ConfigError, match="num_sources must be at least 1, got 0; give 2"):
        Music(num_sources=0)


def test_sixty_four_microphones_and_8192_directions_stay_under_a_gigabyte() -> None:
    rng = np.random.default_rng(4)
    array = random_array(rng, 64, radius=0.15)
    audio = rng.standard_normal((64, 4000)).astype(np.float32)
    grid = fibonacci_grid(8192)
    tracemalloc.start()
    spectrum = Music().spectrum(audio, array, grid)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.isfinite(spectrum.values).all()
    assert peak < 600 * 2**20
