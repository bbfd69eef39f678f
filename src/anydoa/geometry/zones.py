"""Zones: named ranges of directions, such as a desk or a door, that people think in rather than in angles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.errors import GeometryError
from anydoa.geometry.coordinates import direction_to_angles_deg

_ROUNDING_DEG = 1e-9  # by which angles of a unit vector are off; an edge belongs to its zone


@dataclass(frozen=True)
class Zone:
    """A named range of azimuth and elevation.

    Args:
        name: what people call it; without blanks at its ends.
        azimuth_deg: where it begins and where it ends, anticlockwise; may pass 180, as from 150 to -150.
        elevation_deg: lowest and highest.

    Raises:
        GeometryError: if it has no name, or no such range can be.

    Example:
        >>> from anydoa.geometry import Zone
        >>> from anydoa.geometry.coordinates import angles_deg_to_direction
        >>> Zone("behind", (150, -150)).holds(angles_deg_to_direction(-170, 20))
        True
    """

    name: str
    azimuth_deg: tuple[float, float] = (-180.0, 180.0)
    elevation_deg: tuple[float, float] = (-90.0, 90.0)

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip() or not self.name.isprintable():
            raise GeometryError(
                f"a zone has a printable name without blanks at its ends, got {self.name!r}; give one "
                "such as 'desk'"
            )
        for name, ends in (("azimuth_deg", self.azimuth_deg), ("elevation_deg", self.elevation_deg)):
            is_pair = isinstance(ends, Sequence) and len(ends) == 2
            if not is_pair or not all(isinstance(end, int | float | np.number) for end in ends):
                raise GeometryError(
                    f"zone {self.name!r}: {name} has two ends in degrees, got {ends!r:.40}; give both, "
                    "as (20, 60)"
                )
        begin, end = self.azimuth_deg
        if not (-180 <= begin <= 360 and -180 <= end <= 360):
            raise GeometryError(
                f"zone {self.name!r}: azimuths are degrees anticlockwise from the front, -180..360, "
                f"got {begin:g} to {end:g}; the front is 0, the left 90"
            )
        if not self._width_deg:
            raise GeometryError(
                f"zone {self.name!r}: azimuth must run from one direction to another, "
                f"got {begin:g} to {end:g}, which is one; give -180 to 180 for all around"
            )
        low, high = self.elevation_deg
        if not -90 <= low < high <= 90:
            raise GeometryError(
                f"zone {self.name!r}: elevation runs from a lower to a higher one in -90..90 degrees, "
                f"got {low:g} to {high:g}; give -90 to 90 for every height"
            )

    def holds(self, direction: Float[np.ndarray, "3"], *, margin_deg: float = 0.0) -> bool:
        """Whether a direction lies in it, its edges included.

        Straight up and down have no azimuth and lie in every one.

        Args:
            direction: unit vector.
            margin_deg: how far beyond each edge still counts.
        """
        azimuth_deg, elevation_deg = (float(angle) for angle in direction_to_angles_deg(direction))
        low, high = self.elevation_deg
        margin_deg += _ROUNDING_DEG
        if not low - margin_deg <= elevation_deg <= high + margin_deg:
            return False
        if abs(elevation_deg) >= 90 - _ROUNDING_DEG:
            return True
        # From the near edge of the margin on, anticlockwise.
        past = (azimuth_deg - self.azimuth_deg[0] + margin_deg) % 360
        return past <= self._width_deg + 2 * margin_deg

    @property
    def _width_deg(self) -> float:
        """Degrees anticlockwise from where the azimuth begins to where it ends."""
        begin, end = self.azimuth_deg
        return 360.0 if end - begin >= 360 else (end - begin) % 360


def zone_of(
    zones: Sequence[Zone],
    direction: Float[np.ndarray, "3"],
    mirror: Sequence[Float[np.ndarray, "3"]] = (),
) -> str | None:
    """Name of the first zone that holds a direction, else of the first that holds a mirror of it.

    Args:
        zones: in the order in which they are asked.
        direction: unit vector.
        mirror: other directions that the array cannot tell from it.
    """
    for place in (direction, *mirror):
        for zone in zones:
            if zone.holds(place):
                return zone.name
    return None
