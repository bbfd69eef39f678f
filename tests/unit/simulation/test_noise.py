"""Noise fields have the power and the coherence of the fields they are named after."""

import numpy as np
import pytest
from scipy.signal import csd

from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.simulation.noise import coherence_in_free_field, diffuse_noise, isotropic_spectrum, sensor_noise

MICS = np.array([[0.0, 0.0, 0.0], [0.08, 0.0, 0.0], [0.0, 0.03, 0.02]])


def coherence(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    frequency, cross = csd(first, second, SAMPLE_RATE, nperseg=256)
    powers = [csd(x, x, SAMPLE_RATE, nperseg=256)[1].real for x in (first, second)]
    return frequency[2:-2], (cross / np.sqrt(powers[0] * powers[1]))[2:-2]


def theory(frequency: np.ndarray, first: int, second: int) -> np.ndarray:
    distance = np.linalg.norm(MICS[first] - MICS[second])
    return np.sinc(2 * frequency * distance / SPEED_OF_SOUND)


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2)])
def test_diffuse_noise_has_the_coherence_of_a_diffuse_field(pair: tuple[int, int]) -> None:
    field = diffuse_noise(coherence_in_free_field(MICS), (1, 20 * SAMPLE_RATE), np.random.default_rng(0))[0]
    frequency, found = coherence(field[pair[0]], field[pair[1]])
    assert np.abs(found - theory(frequency, *pair)).max() < 0.12
    assert np.mean(field**2) == pytest.approx(1, rel=0.02)


def test_diffuse_fields_of_different_sources_are_independent() -> None:
    fields = diffuse_noise(coherence_in_free_field(MICS), (2, 10 * SAMPLE_RATE), np.random.default_rng(0))
    assert abs(np.corrcoef(fields[0, 0], fields[1, 0])[0, 1]) < 0.02


def test_plane_waves_from_everywhere_have_the_coherence_of_a_diffuse_field() -> None:
    waves = np.random.default_rng(1).standard_normal((64, 10 * SAMPLE_RATE))
    field = np.fft.irfft(isotropic_spectrum(MICS, waves), waves.shape[1])
    frequency, found = coherence(field[0], field[1])
    assert np.abs(found - theory(frequency, 0, 1)).max() < 0.15
    assert np.mean(field**2) == pytest.approx(1, rel=0.05)


def test_sensor_noise_is_white_independent_and_of_power_one() -> None:
    noise = sensor_noise(3, 100_000, np.random.default_rng(2))
    assert np.abs(np.cov(noise) - np.eye(3)).max() < 0.02
    assert np.abs(np.mean(noise[:, 1:] * noise[:, :-1])) < 0.01
