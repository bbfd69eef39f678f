"""Where the only talker of a recording is heard, beside where somebody says that this is.

Azimuths in degrees, anticlockwise from +x seen from above, in the user's frame.
"""

from dataclasses import dataclass

_CLEAR_DEG = 8.0


@dataclass(frozen=True)
class HeardTalker:
    """Where the only talker is heard, if the channels are in one order.

    Args:
        told_azimuth_deg: where somebody says that the talker stands.
        azimuths_deg: where that is heard to be, the nearest to what was said first; several where the array
            cannot tell them apart, none where it hears no azimuth, as of somebody straight above.
        within_deg: to either side of each, as far as the recording cannot tell.
        is_there: whether the talker may stand where somebody says.
        certainty: 0..1 that the talker does not stand there.
    """

    told_azimuth_deg: float
    azimuths_deg: tuple[float, ...]
    within_deg: float
    is_there: bool
    certainty: float

    @property
    def turns_deg(self) -> tuple[float, ...]:
        """Degrees by which the array may be turned, anticlockwise seen from above; of each azimuth."""
        return tuple(
            float(round(wrapped_deg(self.told_azimuth_deg - round(azimuth_deg))))
            for azimuth_deg in self.azimuths_deg
        )

    @property
    def where(self) -> str:
        """Where the talker is heard, in words."""
        places = " or ".join(f"{wrapped_deg(round(azimuth)):.0f}°" for azimuth in self.azimuths_deg)
        return places if self.within_deg <= _CLEAR_DEG else f"{places} (give or take {self.within_deg:.0f}°)"


def wrapped_deg(azimuth_deg: float) -> float:
    """The same azimuth in (-180, 180]."""
    return 180.0 - (180.0 - azimuth_deg) % 360.0
