"""Microphones stray as far as asked, and not at all when not asked."""

import numpy as np
import pytest

from anydoa.simulation.convolution import scale_spectrum
from anydoa.simulation.recipe import Mismatch

PERFECT = Mismatch()
AUDIO = np.float32(np.random.default_rng(0).standard_normal((4, 3000)))


def test_perfect_microphones_change_nothing() -> None:
    rng = np.random.default_rng(0)
    positions = np.eye(3)
    assert PERFECT.misplace(positions, rng) is positions
    assert np.array_equal(scale_spectrum(AUDIO, PERFECT.draw_response(4, rng)), AUDIO)


def test_positions_stray_by_the_deviation_asked_for_and_stay_centred() -> None:
    told = Mismatch(position_m=0.002).misplace(np.zeros((500, 3)), np.random.default_rng(1))
    assert told.std() == pytest.approx(0.002, rel=0.1)
    assert np.allclose(told.mean(axis=0), 0, atol=1e-12)


def test_positions_on_a_ball_stray_around_its_centre() -> None:
    """The microphones of half a ball are centred elsewhere."""
    half = np.array([[1, 0, 1], [-1, 0, 1], [0, 1, 1], [0, -1, 1]]) * 0.05 / 2**0.5
    told = Mismatch(position_m=1e-4).misplace(half, np.random.default_rng(1), on_ball=True)
    assert 1e-5 < np.abs(told - half).max() < 5e-4


def test_gains_and_phases_stray_by_the_deviations_asked_for() -> None:
    response = Mismatch(gain_db=1.5, phase_deg=8.0).draw_response(2000, np.random.default_rng(2))
    assert np.std(20 * np.log10(np.abs(response))) == pytest.approx(1.5, rel=0.1)
    assert np.rad2deg(np.std(np.angle(response))) == pytest.approx(8.0, rel=0.1)


def test_a_response_multiplies_every_frequency_alike() -> None:
    response = np.array([1.0 + 0j, 2.0, 0.5 * np.exp(0.3j), np.exp(-1j)])
    changed = scale_spectrum(AUDIO, response)
    ratio = (np.fft.rfft(changed) / np.fft.rfft(AUDIO))[:, 1:-1]
    assert np.allclose(ratio, response[:, None], atol=1e-3)
