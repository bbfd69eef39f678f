"""The mask as people see it: with the bundled model, in a simulated room whose direct sound is known."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from anydoa.estimators.catalogue import load
from anydoa.estimators.steered.bin_features import window_spectra
from anydoa.estimators.steered.estimator import SteeredEstimator
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.layouts import circular_positions
from anydoa.simulation.rir import direct_part, room_rir
from anydoa.simulation.room import shoebox
from anydoa.spectrum import ExplainingEstimator, MaskedSpectrogram
from voices import voice

RING = MicrophoneArray(circular_positions(5, 0.05), "ring")
CENTRE, TALKER = np.array([2.0, 2.5, 1.2]), np.array([3.2, 3.4, 1.5])


@pytest.fixture(scope="module")
def estimator() -> SteeredEstimator:
    loaded = load("steered")
    assert isinstance(loaded, SteeredEstimator)
    assert isinstance(loaded, ExplainingEstimator)
    return loaded


@pytest.fixture(scope="module")
def heard() -> tuple[np.ndarray, np.ndarray]:
    """What the microphones hear of a talker in a room, with a little noise, and the direct sound in it."""
    rng = np.random.default_rng(0)
    dry = voice(140.0, 3.0, rng)
    mics = CENTRE + RING.positions
    rirs = room_rir(shoebox(np.array([5.0, 4.5, 3.0]), 0.5), TALKER[None], mics, rng)
    direct = direct_part(rirs, TALKER[None], mics)
    wet, dryest = (
        fftconvolve(dry[None], one[0], axes=1)[:, : len(dry)].astype(np.float32) for one in (rirs, direct)
    )
    noise = 0.03 * np.sqrt(np.mean(wet**2)) * rng.standard_normal(wet.shape)
    return (wet + noise).astype(np.float32), dryest


def explain(estimator: SteeredEstimator, *blocks: np.ndarray, max_columns: int = 10_000) -> MaskedSpectrogram:
    duration_s = sum(block.shape[1] for block in blocks) / estimator.sample_rate
    return estimator.explain(blocks, RING, duration_s=duration_s, max_columns=max_columns)


def test_the_mask_is_higher_where_the_direct_sound_is(
    estimator: SteeredEstimator, heard: tuple[np.ndarray, np.ndarray]
) -> None:
    wet, direct = heard
    masked = explain(estimator, wet)
    direct_power = np.square(np.abs(window_spectra(direct, estimator.axis))).mean(axis=0)
    share = direct_power / masked.power
    is_loud = masked.power > 1e-5 * masked.power.max()
    is_direct, is_late = is_loud & (share > 0.6), is_loud & (share < 0.1)
    assert min(is_direct.sum(), is_late.sum()) > 500
    assert masked.mask[is_direct].mean() > masked.mask[is_late].mean() + 0.2


def test_columns_stand_where_their_windows_do(
    estimator: SteeredEstimator, heard: tuple[np.ndarray, np.ndarray]
) -> None:
    masked = explain(estimator, heard[0])
    axis = estimator.axis
    assert masked.mask.shape == masked.power.shape == (len(masked.times_s), len(masked.frequencies_hz))
    assert masked.times_s[0] == axis.window_length / 2 / axis.sample_rate
    np.testing.assert_allclose(np.diff(masked.times_s), axis.hop_s)
    assert masked.mask.min() >= 0
    assert masked.mask.max() <= 1


def test_blocks_and_wider_columns_show_the_same_mask(
    estimator: SteeredEstimator, heard: tuple[np.ndarray, np.ndarray]
) -> None:
    wet = heard[0][:, :16_000]
    whole = explain(estimator, wet)
    blocks = explain(estimator, *np.split(wet, [100, 5000, 5001], axis=1))
    np.testing.assert_allclose(blocks.mask, whole.mask, atol=1e-5)
    wide = explain(estimator, wet, max_columns=16)
    count = 4 * len(wide.mask)
    narrow = whole.mask[:count].reshape(-1, 4, whole.mask.shape[1]).mean(axis=1)
    np.testing.assert_allclose(wide.mask, narrow, atol=1e-5)
    np.testing.assert_allclose(wide.times_s, whole.times_s[:count].reshape(-1, 4).mean(axis=1))


def test_what_begins_with_next_to_nothing_shows_the_same_at_any_scale(
    estimator: SteeredEstimator, heard: tuple[np.ndarray, np.ndarray]
) -> None:
    wet = heard[0][:, :12_000] / np.abs(heard[0]).max()
    wet[:, :4000] *= np.float32(1e-12)
    here, there = explain(estimator, wet), explain(estimator, np.float32(1024) * wet)
    np.testing.assert_allclose(there.mask, here.mask, atol=1e-3)
    np.testing.assert_allclose(there.power[20:], 2.0**20 * here.power[20:], rtol=1e-3)
    spectra = window_spectra(wet[:, 8000:], estimator.axis)
    np.testing.assert_allclose(
        here.power[-len(spectra[0]) :].sum(), np.square(np.abs(spectra)).mean(axis=0).sum(), rtol=0.3
    )


def test_a_recording_too_short_for_a_window_has_no_columns(estimator: SteeredEstimator) -> None:
    masked = explain(estimator, np.zeros((5, 100), dtype=np.float32))
    assert masked.mask.shape == (0, len(masked.frequencies_hz))
    assert len(masked.times_s) == 0
