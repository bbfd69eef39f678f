"""The likeliest path through all peaks, against the definition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.tracking.motion import step_of
from anydoa.tracking.options import TrackerOptions
from anydoa.tracking.smoothing import Peaks, agreement, smoothed
from properties.strategies import seeds

SPEED, MEMORY_S = 0.3, 5.0
OPTIONS = TrackerOptions()


def covariance(times_s: np.ndarray, anywhere: float) -> np.ndarray:
    """Of the places at some times; the first lies anywhere, with this variance."""
    state = np.diag([anywhere, SPEED**2])
    total = np.zeros((len(times_s), len(times_s)))
    for first in range(len(times_s)):
        cross = state
        total[first, first] = state[0, 0]
        for second in range(first + 1, len(times_s)):
            step = step_of(float(times_s[second] - times_s[second - 1]), SPEED, MEMORY_S)
            move = np.array([[1, step.reach_s], [0, step.kept]])
            cross = move @ cross
            total[first, second] = total[second, first] = cross[0, 0]
            if second == first + 1:
                noise = np.array([[step.angle, step.both], [step.both, step.speed]])
                following = move @ state @ move.T + noise
        state = following if first + 1 < len(times_s) else state
    return total


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_smoothed_path_is_the_mean_of_a_normal_process_and_the_evidence_its_density(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times_s = np.cumsum(rng.uniform(0.02, 0.5, 12))
    measured, precision = rng.standard_normal((12, 2)), rng.uniform(1, 5, 12)
    found = smoothed(times_s, measured, precision, SPEED, MEMORY_S)
    anywhere = 1e5
    places = covariance(times_s, anywhere)
    noisy = places + np.diag(1 / precision)
    np.testing.assert_allclose(found.places, places @ np.linalg.solve(noisy, measured), atol=1e-3)
    volume = np.linalg.slogdet(2 * math.pi * noisy)[1]
    density = -(np.einsum("tx,tx->", measured, np.linalg.solve(noisy, measured)) + 2 * volume) / 2
    assert found.log_evidence == pytest.approx(density + math.log(2 * math.pi * anywhere), abs=1e-3)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_time_in_reverse_gives_the_path_in_reverse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times_s = np.cumsum(rng.uniform(0.02, 3, 30))
    measured, precision = rng.standard_normal((30, 3)), rng.uniform(0, 5, 30) * (rng.random(30) < 0.7)
    precision[0], memory_s = 1.0, rng.uniform(1, 30, 29)
    there = smoothed(times_s, measured, precision, SPEED, memory_s)
    back = smoothed(-times_s[::-1], measured[::-1], precision[::-1], SPEED, memory_s[::-1])
    np.testing.assert_allclose(back.places[::-1], there.places, atol=1e-6)
    assert back.log_evidence == pytest.approx(there.log_evidence, abs=1e-6)


@pytest.mark.parametrize("step_s", [1e-3, 0.01, 0.1])
@pytest.mark.parametrize("speed_deg_s", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("noise_deg", [0.1, 90.0])
def test_the_steadiest_walkers_have_a_path_however_often_frames_come(
    step_s: float, speed_deg_s: float, noise_deg: float
) -> None:
    times_s = step_s * np.arange(500)
    measured, precision = np.tile([[0.6, 0.8]], (500, 1)), np.full(500, 0.01 / math.radians(noise_deg) ** 2)
    precision[100:300] = 0
    found = smoothed(times_s, measured, precision, math.radians(speed_deg_s), 1000.0)
    np.testing.assert_allclose(found.places, measured, atol=0.05)
    assert math.isfinite(found.log_evidence)


def peaks(times_s: np.ndarray, azimuth_deg: np.ndarray) -> Peaks:
    directions = angles_deg_to_direction(azimuth_deg, 0)
    return Peaks(times_s, directions, np.full(len(times_s), math.radians(4) ** 2))


def test_motions_agree_where_a_walker_walks_on_and_not_where_it_would_have_to_leap() -> None:
    before, after = 0.1 * np.arange(30), 4 + 0.1 * np.arange(30)
    walker = peaks(before, 10 * before)
    on, back = peaks(after, 10 * after), peaks(after, 32 - 10 * (after - 4))
    leaps = peaks(after, 10 * after + 90)
    assert agreement(walker, on, OPTIONS) > 2
    assert agreement(walker, on, OPTIONS) > agreement(walker, back, OPTIONS) > 0
    assert agreement(walker, leaps, OPTIONS) < 0
    opposite = peaks(after, np.full(30, 290.0 + 180.0))
    stands = peaks(before, np.full(30, 290.0))
    assert agreement(stands, opposite, OPTIONS) < agreement(walker, leaps, OPTIONS)
    assert agreement(on, walker, OPTIONS) == pytest.approx(agreement(walker, on, OPTIONS))
