"""Several estimators as one."""

import numpy as np
import pytest

from anydoa.combined import CombinedEstimator
from anydoa.errors import ConfigError
from anydoa.estimators.catalogue import make_estimator
from anydoa.estimators.music import Music
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry.grid import fibonacci_grid
from properties.strategies import random_scene

GRID = fibonacci_grid(128)


def test_a_frame_is_the_mean_with_the_newest_frame_that_is_not_later() -> None:
    scene = random_scene(1)
    combined = CombinedEstimator([SrpPhat(), Music()]).spectrum(scene.audio, scene.array, GRID)
    lead = SrpPhat().spectrum(scene.audio, scene.array, GRID)
    other = Music().spectrum(scene.audio, scene.array, GRID)
    assert combined.num_frames > 3
    for frame in range(combined.num_frames):
        earlier = np.flatnonzero(other.times_s <= lead.times_s[frame] + 1e-9)
        expected = lead.values[frame]
        if len(earlier):
            expected = (expected + other.values[earlier[-1]]) / 2
        np.testing.assert_allclose(combined.values[frame], expected, atol=1e-6)
    np.testing.assert_array_equal(combined.times_s, lead.times_s[: combined.num_frames])


def test_names_joined_by_plus_are_combined() -> None:
    combined = make_estimator("steered+agg-rl")
    assert combined.name == "steered+agg-rl"
    assert combined.hop_length == make_estimator("steered").hop_length
    with pytest.raises(ConfigError, match="no estimator 'magic'"):
        make_estimator("music+magic")


def test_one_estimator_is_not_combined() -> None:
    with pytest.raises(ConfigError, match="two or more"):
        CombinedEstimator([SrpPhat()])
    with pytest.raises(ConfigError, match="one sample rate"):
        CombinedEstimator([SrpPhat(), SrpPhat(sample_rate=48_000)])
