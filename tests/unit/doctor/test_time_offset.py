"""Channels that are late together, found with plane waves."""

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from anydoa.acoustics import plane_arrival_times
from anydoa.doctor.delays import correlate_segments
from anydoa.doctor.time_offset import OFFSET_RANGE_S, best_time_offset, offset_groups
from anydoa.doctor.wave_fit import ChannelHypothesis, WaveFit, wave_directions
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction

RATE = 16_000
ARRAY = MicrophoneArray([[0.05, 0, 0], [0.02, 0.05, 0], [-0.03, 0.04, 0], [-0.05, -0.01, 0], [0, -0.05, 0]])


@given(st.integers(3, 16))
def test_groups_are_every_channel_and_no_two_of_them_complement_each_other(num_channels: int) -> None:
    groups = offset_groups(num_channels)
    everyone = frozenset(range(num_channels))
    assert [(channel,) for channel in range(num_channels)] == groups[:num_channels]
    halves = {frozenset({frozenset(group), everyone - set(group)}) for group in groups}
    assert len(halves) == len(groups)
    assert max(map(len, groups)) <= (num_channels + 1) // 2


def waves(offset_s: float, drift: float, channels: tuple[int, ...]) -> WaveFit:
    """Three noises from three places; some channels late by a time that grows from there."""
    rng = np.random.default_rng(2)
    turns = []
    for azimuth_deg in (10.0, 100.0, -120.0):
        late = plane_arrival_times(ARRAY, angles_deg_to_direction([azimuth_deg], [10.0]))
        late[list(channels)] += offset_s
        spectrum = np.fft.rfft(rng.standard_normal(2 * RATE))
        phase = np.exp(-2j * np.pi * late * np.fft.rfftfreq(2 * RATE, 1 / RATE))
        turns.append(np.fft.irfft(spectrum * phase, 2 * RATE))
    heard = np.concatenate(turns, axis=1)
    for channel in channels if drift else ():
        heard[channel] = soxr.resample(heard[channel], RATE, RATE * (1 + drift))[: heard.shape[1]]
    heard += 0.3 * rng.standard_normal(heard.shape)
    found = correlate_segments(heard, RATE, max_delay_s=ARRAY.span / 343 + OFFSET_RANGE_S, segment_s=0.25)
    return WaveFit(found, plane_arrival_times(ARRAY, wave_directions(ARRAY)))


@pytest.mark.parametrize("channels", [(1,), (3, 4)])
def test_one_time_is_found_and_no_drift(channels: tuple[int, ...]) -> None:
    fit = waves(-2.4e-4, 0.0, channels)
    found = best_time_offset(fit, ChannelHypothesis.as_declared(5), channels)
    assert not found.drifts
    assert found.hypothesis.offset_s[channels[0]] == pytest.approx(-2.4e-4, abs=2e-5)
    assert set(found.hypothesis.drift) == {0.0}


def test_a_time_that_grows_is_found_and_fits_like_a_healthy_recording() -> None:
    fit = waves(1e-4, 8e-5, (2,))
    declared = ChannelHypothesis.as_declared(5)
    found = best_time_offset(fit, declared, (2,))
    assert found.drifts
    assert found.hypothesis.drift[2] == pytest.approx(8e-5, rel=0.2)
    healthy = waves(0.0, 0.0, (2,)).fit(declared).mean()
    assert found.fit.mean() > 0.9 * healthy > fit.fit(declared).mean()


def test_a_hypothesis_that_drifts_moves_every_segment_by_its_own_time() -> None:
    declared = ChannelHypothesis.as_declared(5)
    late = declared.later((1,), 1e-4, 5e-5)
    fit = waves(0.0, 0.0, (1,))
    directions = fit.best_directions(declared)
    moved = fit.arrivals(late, directions) - fit.arrivals(declared, directions)
    assert moved[1] == pytest.approx(1e-4 + 5e-5 * fit.time_s)
    assert np.delete(moved, 1, axis=0) == pytest.approx(0)
    assert late.later((1,), -1e-4, -5e-5) == declared
