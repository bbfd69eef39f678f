"""Delays of pairs of microphones, segment by segment."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.doctor.delays import correlate_segments, measure_delays, parabolic_peak
from anydoa.errors import AudioError

RATE = 16_000


def delayed_noise(
    delays_s: np.ndarray, *, seconds: float = 1.0, rate: int = RATE, seed: int = 0
) -> np.ndarray:
    """One noise, later at each microphone by so much, with a little noise of each microphone's own."""
    rng = np.random.default_rng(seed)
    num_samples = round(seconds * rate)
    spectrum = np.fft.rfft(rng.standard_normal(num_samples))
    frequency = np.fft.rfftfreq(num_samples, 1 / rate)
    heard = np.fft.irfft(spectrum * np.exp(-2j * np.pi * frequency * delays_s[:, None]), num_samples)
    return heard + 0.1 * rng.standard_normal(heard.shape)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-3e-4, 3e-4), min_size=2, max_size=4), st.sampled_from([16_000, 44_100, 48_000]))
def test_delays_are_found_to_a_small_part_of_a_sample_at_any_rate(delays: list[float], rate: int) -> None:
    true = np.array(delays)
    found = measure_delays(delayed_noise(true, rate=rate), rate, max_delay_s=1e-3)
    expected = true[found.pairs[:, 0]] - true[found.pairs[:, 1]]
    assert np.abs(found.tdoa_s - expected).max() < 2e-6
    assert found.quality.min() > 6


def test_a_positive_delay_says_that_the_first_microphone_hears_later() -> None:
    found = measure_delays(delayed_noise(np.array([1e-4, 0.0])), RATE, max_delay_s=1e-3)
    assert (found.tdoa_s > 0.9e-4).all()


def test_unrelated_noises_have_a_low_quality() -> None:
    noise = np.random.default_rng(1).standard_normal((2, RATE))
    assert measure_delays(noise, RATE, max_delay_s=1e-3).quality.max() < 5


def test_quiet_segments_are_left_out() -> None:
    audio = delayed_noise(np.zeros(2), seconds=4.0)
    audio[:, 2 * RATE :] *= 0.01
    found = measure_delays(audio, RATE, max_delay_s=1e-3)
    assert found.start_s.max() < 2.0
    assert len(found.level) >= 10


def test_levels_are_decibels_of_full_scale() -> None:
    audio = np.sqrt(2) * 0.1 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE) * np.ones((2, 1))
    assert measure_delays(audio, RATE, max_delay_s=1e-3).level == pytest.approx(-20, abs=0.1)


def test_correlations_never_exceed_one_and_reach_it_without_noise() -> None:
    audio = np.random.default_rng(2).standard_normal((1, RATE)) * np.ones((2, 1))
    found = correlate_segments(audio, RATE, max_delay_s=5e-4)
    assert np.abs(found.correlation).max() <= 1 + 1e-5
    assert found.correlation[0, len(found.lag_s) // 2] == pytest.approx(1, abs=1e-4)


def test_the_loudest_segments_stay_in_the_order_of_time() -> None:
    found = correlate_segments(delayed_noise(np.zeros(2), seconds=4.0), RATE, max_delay_s=5e-4)
    few = found.loudest(5)
    assert few.correlation.shape[2] == 5
    assert (np.diff(few.start_s) > 0).all()
    assert few.level.min() >= np.sort(found.level)[-5]


def test_a_peak_between_samples_is_found_by_its_parabola() -> None:
    lag = np.linspace(-1, 1, 21)
    place, height = parabolic_peak(2 - (lag - 0.13) ** 2 * np.ones((1, 1)), lag)
    assert place == pytest.approx(0.13)
    assert height == pytest.approx(2)


def test_a_recording_shorter_than_a_segment_is_refused() -> None:
    with pytest.raises(AudioError, match=r"at least 0.25 s, got 0.10 s; record longer"):
        measure_delays(np.zeros((2, RATE // 10)), RATE, max_delay_s=1e-3)
