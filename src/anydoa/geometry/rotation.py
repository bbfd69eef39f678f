"""Rotations of arrays and directions, as 3 x 3 matrices that act on column vectors."""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from anydoa.geometry.coordinates import tangent_basis


def rotation_from_rpy_deg(rpy_deg: tuple[float, float, float]) -> Float[np.ndarray, "3 3"]:
    """Matrix that turns body coordinates into the user's frame: roll about x, pitch about y, yaw about z.

    Convention:
        Fixed axes, right-handed, degrees, as ROS REP-103: positive yaw turns +x towards +y, positive
        pitch turns the front (+x) DOWN, positive roll turns the left side (+y) up.
    """
    matrix: np.ndarray = Rotation.from_euler("xyz", rpy_deg, degrees=True).as_matrix()
    return np.round(matrix, 15) + 0.0  # so that quarter turns are exact, without -0.0


def rotate(
    vectors: Float[np.ndarray, "*batch 3"], matrix: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "*batch 3"]:
    """The vectors after the rotation."""
    return vectors @ matrix.T


def rotation_towards(direction: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3 3"]:
    """A rotation that carries +z onto a unit ``direction``; its turn about that direction is arbitrary."""
    return np.vstack([tangent_basis(direction), direction]).T


def random_rotation(rng: np.random.Generator) -> Float[np.ndarray, "3 3"]:
    """A rotation drawn uniformly from all rotations."""
    matrix: np.ndarray = Rotation.random(rng=rng).as_matrix()
    return matrix
