"""Rotations of arrays and directions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    direction_to_angles_deg,
    random_rotation,
    rotate,
    rotation_from_rpy_deg,
    rotation_towards,
)

FRONT, LEFT, UP = np.eye(3)
angles = st.floats(-720, 720)


@pytest.mark.parametrize(
    ("rpy_deg", "before", "after"),
    [
        ((0, 0, 90), FRONT, LEFT),
        ((0, 90, 0), FRONT, -UP),
        ((90, 0, 0), LEFT, UP),
        ((0, 0, 180), FRONT, -FRONT),
        ((90, 0, 90), LEFT, UP),
        ((0, 90, 90), FRONT, -UP),
    ],
)
def test_roll_pitch_and_yaw_turn_as_ros_says(
    rpy_deg: tuple[float, float, float], before: np.ndarray, after: np.ndarray
) -> None:
    assert rotate(before, rotation_from_rpy_deg(rpy_deg)).tolist() == after.tolist()


@settings(max_examples=100, deadline=None)
@given(angles, angles, angles)
def test_every_mount_is_a_proper_rotation(roll: float, pitch: float, yaw: float) -> None:
    matrix = rotation_from_rpy_deg((roll, pitch, yaw))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-13)
    assert np.linalg.det(matrix) == pytest.approx(1)


@settings(max_examples=50, deadline=None)
@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(-90, 90))
def test_yaw_adds_to_azimuth_and_leaves_elevation(azimuth: float, elevation: float, yaw: float) -> None:
    turned = rotate(angles_deg_to_direction(azimuth, elevation), rotation_from_rpy_deg((0, 0, yaw)))
    new_azimuth, new_elevation = direction_to_angles_deg(turned)
    assert np.mod(new_azimuth - azimuth - yaw + 180, 360) - 180 == pytest.approx(0, abs=1e-9)
    assert new_elevation == pytest.approx(elevation, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_rotations_keep_lengths_and_angles(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((4, 3))
    turned = rotate(vectors, random_rotation(rng))
    np.testing.assert_allclose(turned @ turned.T, vectors @ vectors.T, atol=1e-12)


def test_random_rotations_repeat_with_their_generator() -> None:
    first, second = (random_rotation(np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("direction", [*np.eye(3), *-np.eye(3), np.full(3, 3**-0.5)])
def test_rotation_towards_carries_the_zenith_onto_the_direction(direction: np.ndarray) -> None:
    matrix = rotation_towards(direction)
    np.testing.assert_allclose(rotate(UP, matrix), direction, atol=1e-15)
    assert np.linalg.det(matrix) == pytest.approx(1)
