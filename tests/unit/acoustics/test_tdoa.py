"""The delays of waves from far and near, by hand."""

import numpy as np
import pytest

from anydoa.acoustics.arrival import plane_arrival_times, spherical_arrival_times
from anydoa.acoustics.tdoa import arrival_time, size_in_air
from anydoa.errors import GeometryError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import circular_positions, tetrahedral_positions

RING = MicrophoneArray(circular_positions(8, 0.1), "ring")


def test_a_microphone_towards_the_source_hears_it_first() -> None:
    positions = np.array([[0.343, 0, 0], [-0.343, 0, 0], [0, 0.343, 0]])
    np.testing.assert_allclose(
        arrival_time(positions, angles_deg_to_direction(0, 0)), [-1e-3, 1e-3, 0], atol=1e-15
    )
    directions = angles_deg_to_direction([90, 60], [0, 0])
    np.testing.assert_allclose(
        arrival_time(positions, directions, 686.0),
        [[0, 0, -0.5e-3], [-0.25e-3, 0.25e-3, -0.25e-3 * np.sqrt(3)]],
        atol=1e-15,
    )


def test_time_differences_are_those_of_displacements() -> None:
    rng = np.random.default_rng(0)
    positions, directions = rng.standard_normal((3, 3)), rng.standard_normal((2, 5, 3))
    times = arrival_time(positions, directions)
    assert times.shape == (2, 5, 3)
    difference = arrival_time(positions[:1] - positions[1:2], directions)[..., 0]
    np.testing.assert_allclose(difference, times[..., 0] - times[..., 1], atol=1e-15)


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


@pytest.mark.parametrize("distance", [0.0, -1.0, 0.05, np.inf, np.nan])
def test_a_source_inside_the_ball_or_nowhere_is_refused(distance: float) -> None:
    ball = MicrophoneArray(0.1 * np.vstack([np.eye(3), -np.eye(3)]), "ball", rigid_sphere_radius=0.1)
    with pytest.raises(GeometryError, match=r"outside of array 'ball', whose sphere has a radius of 0\.1 m"):
        spherical_arrival_times(ball, np.array([[1.0, 0, 0]]), distance)
    assert np.isfinite(spherical_arrival_times(ball, np.array([[1.0, 0, 0]]), 0.1)).all()
    assert np.isfinite(spherical_arrival_times(RING, np.array([[1.0, 0, 0]]), 0.05)).all()


def test_an_array_is_as_large_in_air_as_its_delays_say() -> None:
    array = MicrophoneArray(RING.positions, speed_of_sound=1500.0)
    same = MicrophoneArray(size_in_air(array) * RING.positions)
    directions = angles_deg_to_direction([0.0, 70.0], [10.0, -40.0])
    expected = plane_arrival_times(array, directions)
    np.testing.assert_allclose(plane_arrival_times(same, directions), expected, atol=1e-15)
    assert size_in_air(RING) == 1


def test_behind_a_ball_a_near_wave_goes_around_it() -> None:
    ball = MicrophoneArray(
        [[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0], [0, 0, 0.05]], rigid_sphere_radius=0.05
    )
    arrival = spherical_arrival_times(ball, angles_deg_to_direction([0.0], [0.0]), 0.3)[:, 0]
    seen = np.arccos(0.05 / 0.3)
    around = np.sqrt(0.3**2 - 0.05**2) + 0.05 * (np.pi - seen)
    assert arrival[1] - arrival[0] == pytest.approx((around - 0.25) / 343.0, rel=0.01)
