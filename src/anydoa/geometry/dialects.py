"""Foreign dialects of positions and angles, into our frame and out of it: every reader and writer calls them.

Ours: x front, y left, z up; positions (mic, 3) in metres; directions are unit vectors towards the source.

| dialect | axes | azimuth | other angle | written as |
|---|---|---|---|---|
| acoular | looks along -z; x right, y up, as seen from behind | none | none | metres |
| LOCATA | y front, x right, z up | none: positions | none | metres |
| DCASE, STARSS | ours | from the front, anticlockwise, -180..179 | elevation | whole degrees |
| ODAS | ours, or the user's | none: unit vector x, y, z | none | 3 decimals |
| SOFA, polar tables | ours | from the front, anticlockwise | elevation | degrees, and a radius |
| RealMAN, RSL2019 | ours | from +x, anticlockwise, any turn | none: level | degrees |
| HARK, NPY, CSV with x, y, z | ours | none | none | metres, read as they are |
"""

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from anydoa.geometry.coordinates import angles_deg_to_direction, direction_to_angles_deg, normalize_direction


def positions_from_acoular(positions: ArrayLike) -> Float[np.ndarray, "mic 3"]:
    """Positions out of acoular's frame: what it looks at, along its -z, is in front.

    Its examples put all sources there, with x to the right and y up as seen from behind the array.
    """
    x, y, z = np.asarray(positions, dtype=np.float64).T
    return np.stack([-z, -x, y], axis=1) + 0.0  # adding zero turns -0.0 into 0.0


def positions_to_acoular(positions: Float[np.ndarray, "mic 3"]) -> Float[np.ndarray, "mic 3"]:
    """Positions in acoular's frame, a microphone a row."""
    front, left, up = positions.T
    return np.stack([-left, up, -front], axis=1) + 0.0


def positions_from_locata(positions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
    """Positions out of a LOCATA array's frame, whose y axis looks ahead: a quarter turn clockwise.

    Reference:
        Evers et al. (2020), "The LOCATA Challenge", and its coordinate functions: azimuth is
        wrap(atan2(y, x) - pi/2), so it has its zero and its sense where ours has them.
    """
    x, y, z = np.moveaxis(np.asarray(positions, dtype=np.float64), -1, 0)
    return np.stack([y, -x, z], axis=-1)


def positions_from_polar(
    azimuth_deg: ArrayLike, elevation_deg: ArrayLike, radius: ArrayLike
) -> Float[np.ndarray, "mic 3"]:
    """Positions out of angles and distance from the origin, as SOFA's spherical form and polar tables have.

    Args:
        azimuth_deg: degrees anticlockwise from the front.
        elevation_deg: degrees up from the horizontal.
        radius: distance in any unit of length; positions come in the same.
    """
    return angles_deg_to_direction(azimuth_deg, elevation_deg) * np.asarray(radius, dtype=np.float64)[:, None]


def direction_from_azimuth(azimuth_deg: ArrayLike) -> Float[np.ndarray, "*batch 3"]:
    """Level directions out of degrees anticlockwise from +x, the only angle that RealMAN and RSL2019 know."""
    return angles_deg_to_direction(azimuth_deg, 0.0)


def direction_to_dcase(
    direction: Float[np.ndarray, "*batch 3"],
) -> tuple[Int[np.ndarray, "*batch"], Int[np.ndarray, "*batch"]]:
    """Whole degrees as DCASE's task 3 and STARSS write them, azimuth in [-180, 180), elevation in [-90, 90].

    Convention:
        Azimuth has its zero in front and grows anticlockwise. Straight behind is -180, as in the lists of
        azimuths of the challenge's baseline, ``range(-180, 180, 10)``; readers take 180 for the same.

    Reference:
        DCASE challenge, task 3, 2019 to 2023: description of the metadata.
    """
    azimuth_deg, elevation_deg = (
        np.asarray(np.rint(angle_deg), dtype=np.int64) for angle_deg in direction_to_angles_deg(direction)
    )
    return np.asarray((azimuth_deg + 180) % 360 - 180), elevation_deg


def direction_to_odas(direction: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
    """Unit vectors rounded to three decimals, as ODAS prints them."""
    return np.round(normalize_direction(direction), 3) + 0.0
