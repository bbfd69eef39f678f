"""How well plane waves explain what channels hear."""

from collections.abc import Callable

import numpy as np
import pytest

from anydoa.acoustics import plane_arrival_times
from anydoa.doctor.delays import correlate_segments
from anydoa.doctor.wave_fit import ChannelHypothesis, WaveFit, wave_directions
from anydoa.geometry.array import MicrophoneArray

RATE = 16_000
Talk = Callable[..., np.ndarray]


@pytest.fixture
def array() -> MicrophoneArray:
    """Five microphones anywhere in a plane."""
    places = [[0.05, 0, 0], [0.02, 0.05, 0], [-0.03, 0.04, 0], [-0.05, -0.01, 0], [-0.01, -0.05, 0]]
    return MicrophoneArray(np.array(places), "five")


def test_swaps_fit_as_if_all_pairs_were_summed_anew(array: MicrophoneArray, talk: Talk) -> None:
    correlations = correlate_segments(talk(array), RATE, max_delay_s=1e-3)
    waves = WaveFit(correlations, plane_arrival_times(array, wave_directions(array)))
    start = ChannelHypothesis.as_declared(5).reordered((2, 0, 1, 3, 4)).later((1,), 1e-4).flipped(3)
    swaps = dict(waves.swap_fits(start))
    assert len(swaps) == 10
    for order, fit in swaps.items():
        assert sum(mic != was for mic, was in zip(order, start.order, strict=True)) == 2
        np.testing.assert_allclose(fit, waves.fit(start.reordered(order)), atol=1e-6)
