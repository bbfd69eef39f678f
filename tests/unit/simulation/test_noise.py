"""Noise fields have the power and the coherence of the fields they are named after."""

import numpy as np
import pytest
from scipy.signal import csd

from anydoa.acoustics.diffuse_field import diffuse_cross_power
from anydoa.constants import SAMPLE_RATE, SPEED_OF_SOUND
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction
from anydoa.geometry.pattern import MicrophonePattern
from anydoa.simulation.noise import (
    NUM_WAVES,
    coherence_in_free_field,
    diffuse_noise,
    isotropic_spectrum,
    sensor_noise,
    wave_bends,
)
from body_scenes import measured

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


TETRAHEDRON = normalize_direction(np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]))
BALL = MicrophoneArray(0.042 * TETRAHEDRON, "ball", rigid_sphere_radius=0.042)
CARDIOIDS = MicrophoneArray(
    0.014 * TETRAHEDRON, patterns=[MicrophonePattern(0.5, tuple(axis)) for axis in TETRAHEDRON.tolist()]
)


@pytest.mark.parametrize(
    "array",
    [MicrophoneArray(MICS, "free"), BALL, CARDIOIDS, measured(BALL, 400)],
    ids=["free", "ball", "cardioids", "body"],
)
def test_noise_from_everywhere_reaches_patterns_balls_and_bodies_as_diffuse_fields_do(
    array: MicrophoneArray,
) -> None:
    bends = None if array.levels_are_equal else wave_bends(array)
    click = np.zeros((NUM_WAVES, 512))
    power = 0  # (freq, mic, mic): sum over the waves, each alone
    for wave in range(NUM_WAVES):
        click[:, 100] = np.arange(NUM_WAVES) == wave
        heard = isotropic_spectrum(array.positions, click, bends=bends).T
        power = power + heard[:, :, None] * heard[:, None].conj()
    frequencies = np.fft.rfftfreq(512, 1 / SAMPLE_RATE)
    band = slice(4, 64)  # 125 to 2000 Hz
    np.testing.assert_allclose(power[band], diffuse_cross_power(array, frequencies[band]), atol=0.07)


def test_sensor_noise_is_white_independent_and_of_power_one() -> None:
    noise = sensor_noise(3, 100_000, np.random.default_rng(2))
    assert np.abs(np.cov(noise) - np.eye(3)).max() < 0.02
    assert np.abs(np.mean(noise[:, 1:] * noise[:, :-1])) < 0.01
