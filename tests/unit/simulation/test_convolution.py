"""Circular convolution, powers from spectra, and loops without a click."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.simulation.convolution import (
    SEAM_SAMPLES,
    close_loop,
    fade_between_knots,
    mean_power,
    spectrum_power,
    wet_spectrum,
)

seeds = st.integers(0, 2**31 - 1)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(40, 200), st.integers(1, 300))
def test_a_loop_through_a_response_is_the_middle_of_the_endless_repetition(
    seed: int, length: int, taps: int
) -> None:
    rng = np.random.default_rng(seed)
    loop, rirs = rng.standard_normal(length), rng.standard_normal((2, taps))
    wet = np.fft.irfft(wet_spectrum(loop[None], rirs[None]), length)
    repeats = taps // length + 2
    for row, response in zip(wet, rirs, strict=True):
        endless = np.convolve(np.tile(loop, repeats), response)
        start = (repeats - 1) * length
        assert np.allclose(row, endless[start : start + length], atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(2, 101))
def test_power_is_read_off_the_spectrum(seed: int, length: int) -> None:
    audio = np.random.default_rng(seed).standard_normal((3, length))
    assert spectrum_power(np.fft.rfft(audio), length) == pytest.approx(mean_power(audio), rel=1e-9)


def test_a_closed_loop_goes_on_where_it_ends() -> None:
    tone = np.float32(np.sin(0.01 * np.arange(SEAM_SAMPLES + 1000)))
    loop = close_loop(tone)
    assert len(loop) == 1000
    steps = np.abs(np.diff(np.concatenate([loop, loop[:1]])))
    assert steps.max() < 0.03


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12), st.integers(50, 400))
def test_a_moving_talker_loses_nothing_on_the_way(num_knots: int, length: int) -> None:
    loop = np.random.default_rng(0).standard_normal(length)
    shares = fade_between_knots(loop, num_knots)
    assert shares.shape == (num_knots, length)
    assert np.allclose(shares.sum(axis=0), loop, atol=1e-5)
    assert shares[0, 0] == pytest.approx(loop[0])
    assert shares[-1, -1] == pytest.approx(loop[-1])
