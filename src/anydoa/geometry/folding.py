"""One direction for all that an array cannot tell apart.

A flat array hears a direction and its reflection through its plane alike, a straight one all directions of a
cone.
"""

import numpy as np
from jaxtyping import Float

from anydoa.geometry.ambiguity import array_axis, geometry_rank
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance, tangent_basis


def fold_directions(
    directions: Float[np.ndarray, "*batch 3"], array: MicrophoneArray
) -> Float[np.ndarray, "*batch 3"]:
    """Each direction as the one direction that stands for all the array cannot tell from it.

    Returns:
        For arrays in space the directions themselves; for flat ones those on the positive side of the
        plane; for straight ones those on one half circle from end to end.
    """
    rank = geometry_rank(array)
    if rank == "volume":
        return directions
    axis = array_axis(array)
    if rank == "plane":
        height = (directions @ axis)[..., None]
        return directions + (np.abs(height) - height) * axis
    return half_circle(great_circle_distance(directions, axis), array)


def audible_projection(array: MicrophoneArray) -> Float[np.ndarray, "3 3"]:
    """Matrix that takes out of a direction what changes no delay between microphones.

    How long the projected difference of two directions is says how unlike their waves are: a flat array hears
    little difference between two heights at one azimuth, a straight one between two cones near its ends.

    Returns:
        For arrays in space the identity; for flat ones the projection on the plane; for straight ones that on
        the line.
    """
    rank = geometry_rank(array)
    if rank == "volume":
        return np.eye(3)
    axis = array_axis(array)
    along = np.outer(axis, axis)
    return np.eye(3) - along if rank == "plane" else along


def half_circle(angles: Float[np.ndarray, "*batch"], array: MicrophoneArray) -> Float[np.ndarray, "*batch 3"]:
    """Directions that stand for the cones around a straight array.

    Args:
        angles: between each cone and the line, in radians.
        array: whose microphones lie on a line.
    """
    axis = array_axis(array)
    return np.cos(angles)[..., None] * axis + np.sin(angles)[..., None] * tangent_basis(axis)[0]
