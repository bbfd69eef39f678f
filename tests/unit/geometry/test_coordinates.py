"""Angles, unit vectors and the distance between them."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import GeometryError
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    angles_to_direction,
    direction_to_angles,
    direction_to_angles_deg,
    great_circle_distance,
    great_circle_distance_deg,
    interpolate_directions,
    normalize_direction,
    tangent_basis,
)

seeds = st.integers(0, 2**31 - 1)


def random_directions(seed: int, count: int = 3) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg", "direction"),
    [
        (0, 0, (1, 0, 0)),
        (90, 0, (0, 1, 0)),
        (180, 0, (-1, 0, 0)),
        (-90, 0, (0, -1, 0)),
        (0, 90, (0, 0, 1)),
        (0, -90, (0, 0, -1)),
    ],
)
def test_the_six_axes_are_front_left_back_right_up_down(
    azimuth_deg: float, elevation_deg: float, direction: tuple[float, float, float]
) -> None:
    np.testing.assert_allclose(angles_deg_to_direction(azimuth_deg, elevation_deg), direction, atol=1e-15)
    azimuth, elevation = direction_to_angles_deg(np.array(direction, dtype=float))
    assert (azimuth, elevation) == (azimuth_deg, elevation_deg)


@settings(max_examples=200, deadline=None)
@given(st.floats(-np.pi + 1e-9, np.pi), st.floats(-np.pi / 2 + 1e-6, np.pi / 2 - 1e-6))
def test_angles_survive_the_round_trip(azimuth: float, elevation: float) -> None:
    back = direction_to_angles(angles_to_direction(azimuth, elevation))
    np.testing.assert_allclose(back, (azimuth, elevation), rtol=0, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_directions_survive_the_round_trip(seed: int) -> None:
    direction = random_directions(seed, 20)
    np.testing.assert_allclose(angles_to_direction(*direction_to_angles(direction)), direction, atol=1e-14)


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(-np.pi / 2, np.pi / 2))
def test_directions_have_unit_length(azimuth: float, elevation: float) -> None:
    assert np.linalg.norm(angles_to_direction(azimuth, elevation)) == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("y", [0.0, -0.0, 1e-300, -1e-300])
def test_the_back_is_plus_180_degrees_from_either_side(y: float) -> None:
    assert direction_to_angles_deg(np.array([-1.0, y, 0.0]))[0] == 180


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_poles_have_azimuth_zero_whatever_the_sign_of_zero(zero: float) -> None:
    azimuth, elevation = direction_to_angles_deg(np.array([[zero, zero, 1.0], [zero, -zero, -1.0]]))
    assert azimuth.tolist() == [0, 0]
    assert elevation.tolist() == [90, -90]


def test_angles_broadcast_and_keep_leading_axes() -> None:
    direction = angles_to_direction(np.zeros((4, 1)), np.zeros(5))
    assert direction.shape == (4, 5, 3)
    assert direction_to_angles(direction)[0].shape == (4, 5)


@settings(max_examples=200, deadline=None)
@given(seeds)
def test_great_circle_distance_is_a_distance(seed: int) -> None:
    first, second, third = random_directions(seed)
    ab, bc, ac = (great_circle_distance(*pair) for pair in ((first, second), (second, third), (first, third)))
    assert ab == great_circle_distance(second, first)
    assert 0 <= ab <= np.pi
    assert ac <= ab + bc + 1e-12
    assert great_circle_distance(first, first) == pytest.approx(0, abs=1e-15)
    assert great_circle_distance(first, -first) == pytest.approx(np.pi, abs=1e-15)


@pytest.mark.parametrize("angle", [1e-9, 1e-6, 1e-3, np.pi - 1e-6, np.pi - 1e-9])
def test_tiny_and_nearly_opposite_angles_keep_their_digits(angle: float) -> None:
    distance = great_circle_distance(angles_to_direction(0, 0), angles_to_direction(angle, 0))
    assert distance == pytest.approx(angle, abs=1e-15)


def test_distances_broadcast_over_leading_axes() -> None:
    first, second = random_directions(1, 4)[:, None], random_directions(2, 5)[None]
    assert great_circle_distance_deg(first, second).shape == (4, 5)
    assert great_circle_distance_deg(*np.eye(3)[:2]) == pytest.approx(90)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e300])
def test_vectors_of_any_length_become_unit_vectors(scale: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unit = normalize_direction(np.array([[3.0, 4.0, 0.0], [0.0, 0.0, -2.0]]) * scale)
    np.testing.assert_allclose(unit, [[0.6, 0.8, 0], [0, 0, -1]], atol=1e-15)


def test_between_two_knots_a_path_leads_over_the_sphere() -> None:
    knots = angles_deg_to_direction([[0.0, 20.0, 40.0], [90.0, 90.0, 90.0]], [[0.0] * 3, [0.0, 30.0, 60.0]])
    between = interpolate_directions(knots, np.array([0.0, 0.25, 0.5, 1.0]))
    np.testing.assert_allclose(np.linalg.norm(between, axis=-1), 1.0)
    azimuth_deg, elevation_deg = direction_to_angles_deg(between)
    np.testing.assert_allclose(azimuth_deg, [[0, 10, 20, 40], [90] * 4], atol=1e-9)
    np.testing.assert_allclose(elevation_deg, [[0] * 4, [0, 15, 30, 60]], atol=1e-9)


def test_beyond_its_ends_a_path_stays_and_with_one_knot_it_leads_nowhere() -> None:
    knots = random_directions(0, 4)[None]
    np.testing.assert_allclose(interpolate_directions(knots, np.array([-1.0, 2.0])), knots[:, [0, 3]])
    assert np.array_equal(interpolate_directions(knots[:, :1], np.array([0.0, 0.7])), knots[:, [0, 0]])


@pytest.mark.parametrize("vector", [[0, 0, 0], [np.nan, 0, 1], [np.inf, 0, 0]])
def test_a_direction_that_points_nowhere_is_refused(vector: list[float]) -> None:
    with pytest.raises(GeometryError, match="finite and longer than zero"):
        normalize_direction([[1, 0, 0], vector])


@pytest.mark.parametrize("vector", [1.0, [1.0, 0.0], [[1.0, 0.0]]])
def test_a_direction_without_three_coordinates_is_refused(vector: object) -> None:
    with pytest.raises(GeometryError, match="3 coordinates"):
        normalize_direction(vector)  # type: ignore[arg-type] # shapes are what is tested


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_the_tangent_basis_is_right_handed_with_the_direction(seed: int) -> None:
    direction = random_directions(seed, 1)[0]
    frame = np.vstack([tangent_basis(direction), direction])
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-14)
    assert np.linalg.det(frame) == pytest.approx(1)


@pytest.mark.parametrize("axis", np.concatenate([np.eye(3), -np.eye(3)]).tolist())
def test_no_axis_is_singular_for_the_tangent_basis(axis: list[float]) -> None:
    frame = np.vstack([tangent_basis(np.array(axis)), axis])
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-14)
