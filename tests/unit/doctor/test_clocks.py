"""How one channel as a whole runs behind another."""

import numpy as np
import pytest
import soxr

from anydoa.doctor.channels import channel_statistics
from anydoa.doctor.clocks import ClockOptions, clock_lag, find_clock_lags
from anydoa.geometry.array import MicrophoneArray

RATE = 16_000


@pytest.fixture
def noises() -> np.ndarray:
    """One noise in two microphones, each with a little of its own, 6 s."""
    rng = np.random.default_rng(0)
    return 0.1 * (rng.standard_normal(6 * RATE) + 0.2 * rng.standard_normal((2, 6 * RATE)))


@pytest.mark.parametrize("lag", [-700, 0, 900])
def test_the_lag_of_a_whole_channel_is_found(noises: np.ndarray, lag: int) -> None:
    found = clock_lag(np.roll(noises[0], lag), noises[1], RATE, drifts=False)
    assert (found.samples, found.drift) == (lag, 0)
    assert found.clearness > 20


@pytest.mark.parametrize("ppm", [-150, 200])
def test_a_clock_that_runs_apart_is_found_with_its_lag_in_the_middle(noises: np.ndarray, ppm: int) -> None:
    late = soxr.resample(np.roll(noises[0], 400), RATE, RATE * (1 + 1e-6 * ppm), quality="VHQ")
    count = min(len(late), noises.shape[1])
    found = clock_lag(late[:count], noises[1][:count], RATE, drifts=True)
    assert found.drift == pytest.approx(1e-6 * ppm, abs=5e-5)
    assert found.samples == pytest.approx(400 + 1e-6 * ppm * count / 2, abs=4)
    assert found.clearness > 2 * clock_lag(late[:count], noises[1][:count], RATE, drifts=False).clearness


def test_a_clock_that_runs_apart_is_found_in_more_than_an_hour() -> None:
    rate, ppm = 250, 200
    rng = np.random.default_rng(0)
    noises = rng.standard_normal(4000 * rate) + 0.2 * rng.standard_normal((2, 4000 * rate))
    late = soxr.resample(np.roll(noises[0], -60), rate, rate * (1 + 1e-6 * ppm), quality="VHQ")
    count = min(len(late), noises.shape[1])
    options = ClockOptions(min_hz=10.0, block_s=8.0)
    found = clock_lag(late[:count], noises[1][:count], rate, drifts=True, options=options)
    assert found.drift == pytest.approx(1e-6 * ppm, abs=3e-6)
    assert found.samples == pytest.approx(1e-6 * ppm * count / 2 - 60, abs=2)
    assert found.clearness > 8


def test_unrelated_channels_have_no_clear_lag() -> None:
    one, other = np.random.default_rng(3).standard_normal((2, 2 * RATE))
    assert clock_lag(one, other, RATE, drifts=False).clearness < 12
    assert clock_lag(one, other, RATE, drifts=True).clearness < 12


@pytest.fixture
def row() -> MicrophoneArray:
    """Five microphones in a line."""
    return MicrophoneArray(np.arange(5)[:, None] * [0.05, 0.0, 0.0], "row")


def ppm_faster(signal: np.ndarray, ppm: float) -> np.ndarray:
    """A signal as a clock that runs apart records it."""
    late = soxr.resample(signal, RATE, RATE * (1 + 1e-6 * ppm), quality="VHQ")
    return np.pad(late, (0, max(0, len(signal) - len(late))))[: len(signal)]


def test_a_channel_that_hears_little_of_the_reference_has_the_clock_of_its_neighbour(
    row: MicrophoneArray,
) -> None:
    rng = np.random.default_rng(1)
    here, there = rng.standard_normal((2, 10 * RATE))
    audio = np.stack([there + 0.7 * here, there + 2 * here, 3 * here, 3 * here, 3 * here])
    audio = 0.05 * (audio + 0.3 * rng.standard_normal(audio.shape))
    audio[:2] = [ppm_faster(channel, 120) for channel in audio[:2]]
    late = find_clock_lags(audio, RATE, row, channel_statistics(audio, RATE), list(range(5)))
    assert set(late) == {0, 1}
    assert late[0] == late[1]
    assert late[0].is_sure


def test_a_channel_that_is_late_in_one_half_of_the_recording_leaves_its_clock_in_doubt(
    row: MicrophoneArray,
) -> None:
    rng = np.random.default_rng(2)
    audio = 0.05 * (rng.standard_normal(8 * RATE) + 0.3 * rng.standard_normal((5, 8 * RATE)))
    audio[4, : 11 * RATE // 2] = np.roll(audio[4, : 11 * RATE // 2], 800)
    late = find_clock_lags(audio, RATE, row, channel_statistics(audio, RATE), [0, 1, 2, 3])
    assert late[4].samples == 800
    assert not late[4].is_sure


def test_talkers_at_one_end_of_the_array_and_then_at_the_other_are_no_clock_that_runs_apart(
    row: MicrophoneArray,
) -> None:
    rng = np.random.default_rng(3)
    said = rng.standard_normal(6 * RATE)
    audio = np.zeros((5, 6 * RATE))
    for turn, share in enumerate((1.0, 0.5, 0.0, -0.5, -1.0, -1.0)):
        now = slice(turn * RATE, (turn + 1) * RATE)
        for mic in range(5):
            audio[mic, now] = np.roll(said, round(share * 0.05 * mic / 343 * RATE))[now]
    audio = 0.05 * (audio + 0.5 * rng.standard_normal(audio.shape))
    assert find_clock_lags(audio, RATE, row, channel_statistics(audio, RATE), list(range(5))) == {}
