"""Coordinates of SOFA files, cartesian or spherical, in our frame: x ahead, y left, z up is theirs, too."""

import logging
from typing import Any

import numpy as np
from jaxtyping import Float

from anydoa.errors import ArrayFileError
from anydoa.geometry.dialects import positions_from_polar
from anydoa.io.formats.length_unit import unit_of

_logger = logging.getLogger(__name__)


def cartesian(
    values: Float[np.ndarray, "point 3"], kind: str, units: str, *, name: str
) -> tuple[Float[np.ndarray, "point 3"], str]:
    """Cartesian positions, and the unit of their lengths.

    Angles of more than 90 degrees above the horizontal cannot be; files of the DIRPAT collection have them,
    for they count from straight above.

    Args:
        values: numbers as they stand in the file.
        kind: what the file says of them, ``cartesian`` or ``spherical``.
        units: units of the three columns, or one for all.
        name: name of the variable, for messages.

    Raises:
        ArrayFileError: if they are other coordinates, or a value is missing.
    """
    if not np.isfinite(values).all():
        raise ArrayFileError(f"{name} has values that are missing or not finite; complete the file")
    words = units.replace(",", " ").split() or [""]
    said = unit_of(words[-1])
    if said is not None and kind.lower() == "cartesian":
        return values, said
    angle = words[0].lower()
    if said is not None and kind.lower() == "spherical" and angle.startswith(("degree", "radian")):
        angles = values[:, :2] if angle.startswith("degree") else np.degrees(values[:, :2])
        azimuth_deg, elevation_deg = angles.T
        if np.abs(elevation_deg).max() > 90.001:
            _logger.warning("%s: elevations beyond 90 degrees are taken as angles from straight above", name)
            elevation_deg = 90 - elevation_deg
        return positions_from_polar(azimuth_deg, elevation_deg, values[:, 2]), said
    raise ArrayFileError(
        f"{name} must be cartesian or spherical in degrees or radians, with lengths in metres, "
        f"centimetres or millimetres, got {kind[:40]!r} in {units[:60]!r}; convert them"
    )


def receiver_positions(answer: dict[str, Any]) -> tuple[Float[np.ndarray, "mic 3"], str]:
    """Positions of the receivers that a reader found, and their unit.

    Raises:
        ArrayFileError: if they are none.
    """
    return cartesian(np.array(answer["values"]), answer["type"], answer["units"], name="ReceiverPosition")
