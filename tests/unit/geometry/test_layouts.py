"""The usual layouts: where their microphones are, and in which order."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from anydoa.errors import GeometryError
from anydoa.geometry.coordinates import direction_to_angles_deg
from anydoa.geometry.layouts import (
    circular_positions,
    linear_positions,
    rectangular_positions,
    spherical_positions,
    tetrahedral_positions,
)


def test_a_line_runs_from_left_to_right_around_the_origin() -> None:
    positions = linear_positions(4, 0.03)
    np.testing.assert_allclose(positions[:, 1], [0.045, 0.015, -0.015, -0.045])
    assert not positions[:, [0, 2]].any()


def test_a_circle_starts_in_front_and_goes_anticlockwise() -> None:
    azimuth_deg, elevation_deg = direction_to_angles_deg(circular_positions(6, 0.0463))
    np.testing.assert_allclose(azimuth_deg, [0, 60, 120, 180, -120, -60], atol=1e-9)
    np.testing.assert_allclose(elevation_deg, 0)
    np.testing.assert_allclose(np.linalg.norm(circular_positions(6, 0.0463), axis=1), 0.0463)


def test_the_centre_microphone_comes_last() -> None:
    positions = circular_positions(6, 0.04, centre=True)
    np.testing.assert_array_equal(positions[:6], circular_positions(6, 0.04))
    assert positions[6].tolist() == [0, 0, 0]


def test_a_rectangle_reads_like_a_page_from_the_front_left() -> None:
    positions = rectangular_positions(2, 3, 0.1)
    expected = [
        [0.05, 0.1, 0],
        [0.05, 0, 0],
        [0.05, -0.1, 0],
        [-0.05, 0.1, 0],
        [-0.05, 0, 0],
        [-0.05, -0.1, 0],
    ]
    np.testing.assert_allclose(positions, expected, atol=1e-15)


def test_one_row_of_a_rectangle_is_a_line() -> None:
    np.testing.assert_array_equal(rectangular_positions(1, 4, 0.03), linear_positions(4, 0.03))


def test_the_microphones_of_a_tetrahedron_are_an_edge_apart() -> None:
    positions = tetrahedral_positions(0.04)
    np.testing.assert_allclose(pdist(positions), 0.04)
    np.testing.assert_allclose(np.linalg.norm(positions, axis=1), 0.04 * (3 / 8) ** 0.5)
    # Front left up, front right down, back left down, back right up.
    assert np.sign(positions).tolist() == [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]


def test_a_sphere_has_its_microphones_at_the_angles_asked_for() -> None:
    positions = spherical_positions([0, 90, 10], [0, 0, 45], 0.042)
    np.testing.assert_allclose(np.linalg.norm(positions, axis=1), 0.042)
    np.testing.assert_allclose(direction_to_angles_deg(positions), ([0, 90, 10], [0, 0, 45]), atol=1e-12)


@pytest.mark.parametrize(
    "positions",
    [linear_positions(5, 0.02), circular_positions(5, 0.02), rectangular_positions(3, 4, 0.02),
     tetrahedral_positions(0.02)],
)  # fmt: skip
def test_every_regular_layout_is_centred(positions: np.ndarray) -> None:
    np.testing.assert_allclose(positions.mean(axis=0), 0, atol=1e-15)


def test_impossible_layouts_are_refused() -> None:
    with pytest.raises(GeometryError, match=r"linear layout: 2\.\.128 microphones are possible, got 1"):
        linear_positions(1, 0.03)
    with pytest.raises(GeometryError, match="circular layout"):
        circular_positions(200, 0.1)
    with pytest.raises(GeometryError, match="rectangular layout"):
        rectangular_positions(1, 1, 0.1)
    with pytest.raises(GeometryError, match="as many azimuths as elevations"):
        spherical_positions([0, 1], [0], 0.1)
    for length in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(GeometryError, match="positive number of metres"):
            tetrahedral_positions(length)
