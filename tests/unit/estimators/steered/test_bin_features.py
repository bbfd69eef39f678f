"""What the mask network sees: nothing that depends on order, scale or chunks, much that tells sound apart."""

import numpy as np
import pytest
from free_field import plane_wave

from anydoa.estimators.steered.bin_features import BinAxis, BinFeatures, PolarSpectra, window_spectra
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.layouts import circular_positions

AXIS = BinAxis()
RING = MicrophoneArray(circular_positions(5, 0.05), "ring")
FRONT = np.array([1.0, 0.0, 0.0])


def noise(num_samples: int = 16_000, *, mics: int = 5) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((mics, num_samples)).astype(np.float32)


def features(audio: np.ndarray, array: MicrophoneArray = RING) -> np.ndarray:
    return BinFeatures(AXIS, array).push(PolarSpectra.of(window_spectra(audio, AXIS)))


@pytest.mark.parametrize("size", [1, 2, 7])
def test_chunks_give_what_the_whole_gives(size: int) -> None:
    spectra = window_spectra(noise(), AXIS)
    stream = BinFeatures(AXIS, RING)
    starts = range(0, spectra.shape[1], size)
    parts = [stream.push(PolarSpectra.of(spectra[:, start : start + size])) for start in starts]
    np.testing.assert_allclose(np.concatenate(parts), features(noise()), atol=1e-6)


def test_scale_and_order_of_microphones_change_nothing() -> None:
    order = np.random.default_rng(1).permutation(5)
    shuffled = MicrophoneArray(RING.positions[order], "shuffled")
    np.testing.assert_allclose(features(1e-3 * noise()[order], shuffled), features(noise()), atol=1e-4)


def test_a_plane_wave_is_coherent_and_not_diffuse() -> None:
    heard = plane_wave(RING, FRONT, noise(mics=1)[0]).astype(np.float32)
    _, _, magnitude, diffuseness = features(heard)[8:].mean(axis=(0, 2))
    _, _, noisy_magnitude, noisy_diffuseness = features(noise())[8:].mean(axis=(0, 2))
    assert magnitude > 0.95 > noisy_magnitude + 0.3
    assert diffuseness < 0.1 < noisy_diffuseness - 0.2


def test_levels_rise_with_the_sound_and_not_before() -> None:
    audio = 0.01 * noise()
    audio[:, 8000:] *= 100
    level = features(audio)[:, 0].mean(axis=1)
    assert abs(level[20:30].mean()) < 0.3
    assert level[33:36].mean() > 2


def test_silence_gives_finite_features() -> None:
    assert np.isfinite(features(np.zeros((5, 4000), dtype=np.float32))).all()
