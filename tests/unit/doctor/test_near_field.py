"""Waves of talkers near the array."""

import numpy as np
import pytest

from anydoa.acoustics import plane_arrival_times, spherical_arrival_times
from anydoa.doctor.wave_fit import curved_arrival_times, talker_distances
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import circular_positions, tetrahedral_positions

RING = MicrophoneArray(circular_positions(8, 0.1), "ring")


def test_a_wave_from_half_a_metre_is_bent_by_29_microseconds_over_a_circle_of_10_cm() -> None:
    front = angles_deg_to_direction([0.0], [0.0])
    bend = spherical_arrival_times(RING, front, 0.5) - plane_arrival_times(RING, front)
    assert bend[2, 0] - bend[0, 0] == pytest.approx(29e-6, abs=1e-6)
    assert bend[6, 0] == pytest.approx(bend[2, 0])


def test_a_wave_from_far_away_is_plane() -> None:
    directions = angles_deg_to_direction([0.0, 70.0, -130.0], [10.0, -40.0, 80.0])
    for array in (
        RING,
        MicrophoneArray(tetrahedral_positions(0.08), rigid_sphere_radius=0.08 * np.sqrt(3 / 8)),
    ):
        far = spherical_arrival_times(array, directions, 1000.0)
        assert far == pytest.approx(plane_arrival_times(array, directions), abs=1e-7)


def test_behind_a_ball_a_near_wave_goes_around_it() -> None:
    ball = MicrophoneArray(
        [[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0], [0, 0, 0.05]], rigid_sphere_radius=0.05
    )
    arrival = spherical_arrival_times(ball, angles_deg_to_direction([0.0], [0.0]), 0.3)[:, 0]
    seen = np.arccos(0.05 / 0.3)
    around = np.sqrt(0.3**2 - 0.05**2) + 0.05 * (np.pi - seen)
    assert arrival[1] - arrival[0] == pytest.approx((around - 0.25) / 343.0, rel=0.01)


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
