"""The delay of a plane wave, by hand."""

import numpy as np

from anydoa.acoustics.tdoa import arrival_time
from anydoa.geometry.coordinates import angles_deg_to_direction


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
