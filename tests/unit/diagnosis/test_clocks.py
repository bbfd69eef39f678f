"""How one channel as a whole runs behind another."""

import numpy as np
import pytest
import soxr

from anydoa.diagnosis.clocks import clock_lag

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


def test_unrelated_channels_have_no_clear_lag() -> None:
    one, other = np.random.default_rng(3).standard_normal((2, 2 * RATE))
    assert clock_lag(one, other, RATE, drifts=False).clearness < 12
    assert clock_lag(one, other, RATE, drifts=True).clearness < 12
