"""Waves of talkers near the array."""

import pytest

from anydoa.acoustics import plane_arrival_times
from anydoa.doctor.wave_fit import curved_arrival_times, talker_distances
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import circular_positions

RING = MicrophoneArray(circular_positions(8, 0.1), "ring")


def test_only_arrays_that_hear_the_bend_try_talkers_near_by() -> None:
    small = MicrophoneArray(circular_positions(6, 0.03))
    assert talker_distances(small) == []
    distances = talker_distances(RING)
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] == 0.25
    directions = angles_deg_to_direction([0.0, 90.0], [0.0, 0.0])
    waves = curved_arrival_times(RING, directions)
    assert waves.shape == (8, 2 * (1 + len(distances)))
    assert waves[:, :2] == pytest.approx(plane_arrival_times(RING, directions))
