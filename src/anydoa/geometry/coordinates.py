"""Directions as unit vectors, the angles people read, and rotations.

The currency is the unit vector pointing TOWARDS the source. Frame: x front, y left, z up, right-handed.
Azimuth runs anticlockwise from +x seen from above; elevation runs up from the horizontal plane;
colatitude runs down from +z and appears only where a foreign convention asks for it. Rotations are 3 x 3
matrices that act on column vectors.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from anydoa.errors import GeometryError


def angles_to_direction(azimuth: ArrayLike, elevation: ArrayLike) -> Float[np.ndarray, "*batch 3"]:
    """Unit vectors towards the given angles.

    Args:
        azimuth: radians, anticlockwise from +x; any shape that broadcasts with ``elevation``.
        elevation: radians up from the horizontal plane.

    Returns:
        Unit vectors, one more axis than the angles.
    """
    azimuth, elevation = np.broadcast_arrays(
        np.asarray(azimuth, dtype=np.float64), np.asarray(elevation, dtype=np.float64)
    )
    horizontal = np.cos(elevation)
    return np.stack([horizontal * np.cos(azimuth), horizontal * np.sin(azimuth), np.sin(elevation)], axis=-1)


def direction_to_angles(
    direction: Float[np.ndarray, "*batch 3"],
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Azimuth and elevation of vectors of any length above zero.

    Convention:
        Azimuth in (-pi, pi], 0 at the poles; elevation in [-pi/2, pi/2].
    """
    # Adding zero turns -0.0 into 0.0, whose arctangent is the angle a reader expects.
    x, y, z = np.moveaxis(np.asarray(direction, dtype=np.float64) + 0.0, -1, 0)
    azimuth = np.arctan2(y, x)
    azimuth = np.where(azimuth <= -np.pi, np.pi, azimuth)
    return azimuth, np.asarray(np.arctan2(z, np.hypot(x, y)))


def angles_deg_to_direction(
    azimuth_deg: ArrayLike, elevation_deg: ArrayLike
) -> Float[np.ndarray, "*batch 3"]:
    """Unit vectors towards angles in degrees; see :func:`angles_to_direction`."""
    return angles_to_direction(
        np.deg2rad(np.asarray(azimuth_deg, dtype=np.float64)),
        np.deg2rad(np.asarray(elevation_deg, dtype=np.float64)),
    )


def direction_to_angles_deg(
    direction: Float[np.ndarray, "*batch 3"],
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Azimuth in (-180, 180] and elevation in [-90, 90] of vectors; see :func:`direction_to_angles`."""
    azimuth, elevation = direction_to_angles(direction)
    return np.asarray(np.rad2deg(azimuth)), np.asarray(np.rad2deg(elevation))


def real_numbers(values: ArrayLike) -> Float[np.ndarray, "..."]:
    """A float64 copy of numbers that are real, and all there.

    Raises:
        GeometryError: if they are complex or masked, or no numbers.
    """
    if np.ma.is_masked(values):
        raise GeometryError("some are masked; give all, or leave such rows out")
    try:
        raw = np.asarray(values)
        if np.iscomplexobj(raw):
            raise GeometryError("they are complex; give real coordinates")
        return np.array(raw, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise GeometryError(" ".join(str(error).split())[:120]) from None


def normalize_direction(vector: ArrayLike) -> Float[np.ndarray, "*batch 3"]:
    """The same vectors with unit length.

    Raises:
        GeometryError: if the last axis is not xyz, or a vector is zero or not finite.
    """
    vector = real_numbers(vector)
    if vector.ndim == 0 or vector.shape[-1] != 3:
        raise GeometryError(
            f"a direction has 3 coordinates (x, y, z), got shape {vector.shape}; put them on the last axis"
        )
    largest = np.abs(vector).max(axis=-1, keepdims=True, initial=0.0)
    if not np.isfinite(vector).all() or (largest < 1e-12).any():
        raise GeometryError("a direction must be finite and longer than zero; remove such rows")
    vector = vector / largest  # so that the squares of huge numbers stay finite
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


def interpolate_directions(
    knots: Float[np.ndarray, "source knot 3"], place: Float[np.ndarray, "instant"]
) -> Float[np.ndarray, "source instant 3"]:
    """Directions along paths; between two knots the sum of both, weighted by nearness, at unit length.

    Args:
        knots: unit vectors along each path; one knot for a source that stands still.
        place: position on the paths, from 0 at the first knot to 1 at the last; values beyond mean the ends.

    Raises:
        GeometryError: if a place lies half-way between opposite knots.
    """
    last = knots.shape[1] - 1
    if last == 0:
        return np.broadcast_to(knots, (len(knots), len(place), 3))
    position = np.clip(place, 0, 1) * last
    below = np.minimum(position.astype(int), last - 1)
    share = (position - below)[:, None]
    return normalize_direction(knots[:, below] * (1 - share) + knots[:, below + 1] * share)


def great_circle_distance(
    first: Float[np.ndarray, "*#batch 3"], second: Float[np.ndarray, "*#batch 3"]
) -> Float[np.ndarray, "..."]:
    """Angle between vectors in radians, 0..pi; leading axes broadcast.

    The atan2 form keeps full precision for tiny and for nearly opposite angles, where the arccosine
    of a dot product loses half the digits.
    """
    first, second = np.broadcast_arrays(
        np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    )
    sine = np.linalg.norm(np.cross(first, second), axis=-1)
    return np.asarray(np.arctan2(sine, np.sum(first * second, axis=-1)))


def great_circle_distance_deg(
    first: Float[np.ndarray, "*#batch 3"], second: Float[np.ndarray, "*#batch 3"]
) -> Float[np.ndarray, "..."]:
    """Angle between vectors in degrees, 0..180; see :func:`great_circle_distance`."""
    return np.asarray(np.rad2deg(great_circle_distance(first, second)))


def tangent_basis(direction: Float[np.ndarray, "3"]) -> Float[np.ndarray, "2 3"]:
    """Two unit vectors that span the plane touching the sphere at a unit ``direction``.

    They and the direction are right-handed: ``first x second = direction``. No direction is singular.
    """
    helper = np.eye(3)[np.argmin(np.abs(direction))]
    first = normalize_direction(np.cross(helper, direction))
    return np.stack([first, np.cross(direction, first)])


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
