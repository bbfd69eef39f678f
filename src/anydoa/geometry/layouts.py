"""Positions of the usual layouts, in metres around the origin, one row a microphone.

Frame: x front, y left, z up. Planar layouts lie in the horizontal plane; the mount of the `MicrophoneArray`
turns them.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from anydoa.constants import MAX_MICROPHONES
from anydoa.errors import GeometryError
from anydoa.geometry.coordinates import angles_deg_to_direction


def linear_positions(num_microphones: int, spacing: float) -> Float[np.ndarray, "mic 3"]:
    """A line across the front: along y, from the leftmost to the rightmost microphone.

    Args:
        num_microphones: number of microphones.
        spacing: metres between neighbours.

    Raises:
        GeometryError: if a number or length cannot be.
    """
    _check_count("linear", num_microphones, least=2)
    _check_length("spacing", spacing)
    y = _centred_steps(num_microphones, spacing)[::-1]
    return np.stack([np.zeros_like(y), y, np.zeros_like(y)], axis=1)


def circular_positions(
    num_microphones: int, radius: float, *, centre: bool = False
) -> Float[np.ndarray, "mic 3"]:
    """A horizontal circle: the first microphone in front, the rest anticlockwise seen from above.

    Args:
        num_microphones: number of microphones on the circle.
        radius: metres.
        centre: whether one more microphone, the last, sits at the origin.

    Raises:
        GeometryError: if a number or length cannot be.
    """
    _check_count("circular", num_microphones, least=2)
    _check_length("radius", radius)
    azimuth_deg = np.arange(num_microphones) * 360 / num_microphones
    circle = radius * angles_deg_to_direction(azimuth_deg, 0.0)
    return np.concatenate([circle, np.zeros((1, 3))]) if centre else circle


def rectangular_positions(
    num_front_to_back: int, num_left_to_right: int, spacing: float
) -> Float[np.ndarray, "mic 3"]:
    """A horizontal grid, read like a page: from the front left, row by row towards the back.

    Args:
        num_front_to_back: number of rows.
        num_left_to_right: number of microphones in a row.
        spacing: metres between neighbours, both ways.

    Raises:
        GeometryError: if a number or length cannot be.
    """
    _check_count("rectangular", num_front_to_back, least=1)
    _check_count("rectangular", num_left_to_right, least=1)
    _check_count("rectangular", num_front_to_back * num_left_to_right, least=2)
    _check_length("spacing", spacing)
    x, y = np.meshgrid(
        _centred_steps(num_front_to_back, spacing)[::-1],
        _centred_steps(num_left_to_right, spacing)[::-1],
        indexing="ij",
    )
    return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)


def tetrahedral_positions(edge: float) -> Float[np.ndarray, "mic 3"]:
    """A regular tetrahedron as in A-format: front left up, front right down, back left down, back right up.

    Args:
        edge: metres between any two microphones; the radius is ``edge * sqrt(3/8)``.

    Raises:
        GeometryError: if the edge cannot be.
    """
    _check_length("edge", edge)
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=np.float64)
    return corners * edge / np.sqrt(8)


def spherical_positions(
    azimuth_deg: ArrayLike, elevation_deg: ArrayLike, radius: float
) -> Float[np.ndarray, "mic 3"]:
    """Microphones on a sphere at the given angles.

    Args:
        azimuth_deg: azimuth of each microphone, anticlockwise from the front.
        elevation_deg: elevation of each microphone, up from the horizontal plane.
        radius: metres.

    Raises:
        GeometryError: if the angles are not two lists of the same length, or the radius cannot be.
    """
    azimuth_deg, elevation_deg = np.atleast_1d(azimuth_deg), np.atleast_1d(elevation_deg)
    if azimuth_deg.ndim != 1 or azimuth_deg.shape != elevation_deg.shape:
        raise GeometryError(
            "spherical layout: needs as many azimuths as elevations, "
            f"got {azimuth_deg.shape} and {elevation_deg.shape}; give two lists of the same length"
        )
    _check_length("radius", radius)
    return radius * angles_deg_to_direction(azimuth_deg, elevation_deg)


def _centred_steps(count: int, spacing: float) -> Float[np.ndarray, "_"]:
    steps: np.ndarray = (np.arange(count) - (count - 1) / 2) * spacing
    return steps


def _check_count(layout: str, count: int, least: int) -> None:
    if not least <= count <= MAX_MICROPHONES:
        raise GeometryError(
            f"{layout} layout: {least}..{MAX_MICROPHONES} microphones are possible, got {count}; ask for "
            f"{'more' if count < least else 'fewer'}"
        )


def _check_length(what: str, length: float) -> None:
    if not 0 < length < np.inf:
        raise GeometryError(
            f"{what} must be a positive number of metres, got {length}; give one such as 0.05"
        )
