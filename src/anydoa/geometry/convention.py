"""Foreign dialects of positions and angles, into our frame and back. Nothing else in the package speaks them.

Ours: x front, y left, z up; positions (mic, 3) in metres; directions are unit vectors towards the source.

| dialect | positions | azimuth | other angle | unit |
|---|---|---|---|---|
| pyroomacoustics | (3, M) | from +x, anticlockwise, 0..2 pi | colatitude from +z | radians |
| LOCATA | y front, x right, z up | from +y (front), anticlockwise, -pi..pi | inclination from +z | radians |
| DCASE | none | from front, anticlockwise, -180..180 | elevation | whole degrees |
| ODAS | user's frame | none: unit vector x, y, z | none | 3 decimals |
| acoular | (3, M) | none | none | metres |
| AGG-RL reference | user's frame, (M, 3) | atan2(y, x) | colatitude, called elevation there | radians |
"""

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from anydoa.errors import GeometryError
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    angles_to_direction,
    direction_to_angles,
    direction_to_angles_deg,
    elevation_to_colatitude,
    normalize_direction,
)

Angles = tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]


def positions_from_pyroomacoustics(columns: ArrayLike) -> Float[np.ndarray, "mic 3"]:
    """Positions out of pyroomacoustics' (3, M), a microphone a column.

    Raises:
        GeometryError: if there are not three rows of numbers.
    """
    return _rows_from_columns(columns, "pyroomacoustics")


def positions_to_pyroomacoustics(positions: Float[np.ndarray, "mic 3"]) -> Float[np.ndarray, "3 mic"]:
    """Positions as pyroomacoustics takes them, a microphone a column."""
    return positions.T.copy()


def direction_from_pyroomacoustics(
    azimuth: ArrayLike, colatitude: ArrayLike
) -> Float[np.ndarray, "*batch 3"]:
    """Directions out of pyroomacoustics' angles in radians; its ``colatitude_recon`` is down from +z."""
    return angles_to_direction(azimuth, elevation_to_colatitude(colatitude))


def direction_to_pyroomacoustics(direction: Float[np.ndarray, "*batch 3"]) -> Angles:
    """Azimuth in [0, 2 pi) and colatitude in [0, pi], radians."""
    azimuth, elevation = direction_to_angles(direction)
    return np.asarray(np.mod(azimuth, 2 * np.pi)), elevation_to_colatitude(elevation)


def positions_from_locata(positions: Float[np.ndarray, "mic 3"]) -> Float[np.ndarray, "mic 3"]:
    """Positions out of a LOCATA array's frame, whose y axis looks ahead: a quarter turn clockwise."""
    x, y, z = np.moveaxis(np.asarray(positions, dtype=np.float64), -1, 0)
    return np.stack([y, -x, z], axis=-1)


def positions_to_locata(positions: Float[np.ndarray, "mic 3"]) -> Float[np.ndarray, "mic 3"]:
    """Positions in a LOCATA array's frame: y ahead, x to the right."""
    x, y, z = np.moveaxis(np.asarray(positions, dtype=np.float64), -1, 0)
    return np.stack([-y, x, z], axis=-1)


def direction_from_locata(azimuth: ArrayLike, inclination: ArrayLike) -> Float[np.ndarray, "*batch 3"]:
    """Directions in our frame out of LOCATA's angles in radians.

    The azimuth has its zero and its sense from the look direction as ours has, so it carries over; only the
    axes are named differently. What LOCATA's files call elevation is the inclination, down from +z.

    Reference:
        Evers et al. (2020), "The LOCATA Challenge", and its coordinate functions:
        azimuth = wrap(atan2(y, x) - pi/2), inclination = arccos(z / r) in LOCATA's axes.
    """
    return angles_to_direction(azimuth, elevation_to_colatitude(inclination))


def direction_to_locata(direction: Float[np.ndarray, "*batch 3"]) -> Angles:
    """LOCATA's azimuth in [-pi, pi) and inclination in [0, pi], radians."""
    azimuth, elevation = direction_to_angles(direction)
    return np.where(azimuth >= np.pi, -np.pi, azimuth), elevation_to_colatitude(elevation)


def direction_from_dcase(azimuth_deg: ArrayLike, elevation_deg: ArrayLike) -> Float[np.ndarray, "*batch 3"]:
    """Directions out of DCASE's degrees: azimuth anticlockwise from the front, elevation up."""
    return angles_deg_to_direction(azimuth_deg, elevation_deg)


def direction_to_dcase(
    direction: Float[np.ndarray, "*batch 3"],
) -> tuple[Int[np.ndarray, "*batch"], Int[np.ndarray, "*batch"]]:
    """DCASE's whole degrees: azimuth in -179..180, elevation in -90..90."""
    azimuth_deg, elevation_deg = (
        np.asarray(np.rint(angle_deg), dtype=np.int64) for angle_deg in direction_to_angles_deg(direction)
    )
    return np.where(azimuth_deg == -180, 180, azimuth_deg), elevation_deg


def direction_from_odas(xyz: ArrayLike) -> Float[np.ndarray, "*batch 3"]:
    """Directions out of ODAS' x, y, z, whose rounding to three decimals is undone in length.

    Raises:
        GeometryError: if one is zero, which is ODAS' word for a track that is not in use.
    """
    return normalize_direction(xyz)


def direction_to_odas(direction: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
    """Unit vectors rounded to three decimals, as ODAS prints them."""
    return np.round(normalize_direction(direction), 3) + 0.0  # adding zero turns -0.0 into 0.0


def positions_from_acoular(columns: ArrayLike) -> Float[np.ndarray, "mic 3"]:
    """Positions out of acoular's ``MicGeom.pos`` (3, M), a microphone a column.

    Raises:
        GeometryError: if there are not three rows of numbers.
    """
    return _rows_from_columns(columns, "acoular")


def positions_to_acoular(positions: Float[np.ndarray, "mic 3"]) -> Float[np.ndarray, "3 mic"]:
    """Positions as acoular holds them, a microphone a column."""
    return positions.T.copy()


def direction_from_agg_rl(azimuth: ArrayLike, colatitude: ArrayLike) -> Float[np.ndarray, "*batch 3"]:
    """Directions out of the AGG-RL reference's angles in radians; what it calls elevation is the colatitude.

    Reference:
        Baek et al. (2026), section 2 of the method: azimuth = atan2(y, x), colatitude from +z.
    """
    return angles_to_direction(azimuth, elevation_to_colatitude(colatitude))


def direction_to_agg_rl(direction: Float[np.ndarray, "*batch 3"]) -> Angles:
    """Azimuth in (-pi, pi] and colatitude in [0, pi], radians."""
    azimuth, elevation = direction_to_angles(direction)
    return azimuth, elevation_to_colatitude(elevation)


def _rows_from_columns(columns: ArrayLike, dialect: str) -> Float[np.ndarray, "mic 3"]:
    columns = np.asarray(columns, dtype=np.float64)
    if columns.ndim != 2 or columns.shape[0] != 3:
        raise GeometryError(f"{dialect} positions are (3, microphones), got shape {columns.shape}")
    return columns.T.copy()
