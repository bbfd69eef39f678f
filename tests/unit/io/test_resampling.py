"""Resampling in pieces is resampling as a whole, and nothing moves in time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.io.resampling import StreamResampler, resample

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])


@settings(max_examples=40, deadline=None)
@given(
    RATES,
    st.integers(0, 2**31),
    st.lists(st.one_of(st.sampled_from([0, 1]), st.integers(2, 5000)), min_size=1, max_size=10),
)
def test_any_chunking_gives_what_the_whole_recording_gives(rate: int, seed: int, sizes: list[int]) -> None:
    audio = np.random.default_rng(seed).standard_normal((3, sum(sizes))).astype(np.float32)
    resampler = StreamResampler(rate, 16_000, 3)
    parts = [resampler.push(part) for part in np.split(audio, np.cumsum(sizes)[:-1], axis=1)]
    np.testing.assert_array_equal(
        np.concatenate([*parts, resampler.finish()], axis=1), resample(audio, rate, 16_000)
    )


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_a_tone_stays_where_it_is_in_time(rate: int) -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32)[None]
    resampled = resample(tone, rate, 16_000)[0]
    assert len(resampled) == 16_000
    expected = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    np.testing.assert_allclose(resampled[500:-500], expected[500:-500], atol=2e-4)


def test_tones_above_the_new_band_are_gone() -> None:
    tone = np.sin(2 * np.pi * 12_000 * np.arange(48_000) / 48_000).astype(np.float32)[None]
    assert np.abs(resample(tone, 48_000, 16_000)[0, 500:-500]).max() < 1e-4


def test_equal_rates_pass_audio_through() -> None:
    audio = np.random.default_rng(0).standard_normal((2, 100)).astype(np.float32)
    np.testing.assert_array_equal(resample(audio, 16_000, 16_000), audio)


def test_channels_do_not_mix() -> None:
    audio = np.zeros((2, 4800), dtype=np.float32)
    audio[0] = np.random.default_rng(0).standard_normal(4800)
    resampled = resample(audio, 48_000, 16_000)
    assert np.abs(resampled[0]).max() > 0.1
    assert not resampled[1].any()
