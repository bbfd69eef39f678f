"""Where the only talker of a recording is heard, beside where somebody says that he stands.

Azimuths in degrees, anticlockwise from +x seen from above, in the user's frame.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class HeardTalker:
    """Where the only talker is heard, if the channels are in one order.

    Args:
        told_azimuth_deg: where somebody says that he stands.
        azimuths_deg: where he is heard, the one nearest to that first; several where the array cannot tell
            them apart, none where it hears no azimuth, as of a talker straight above.
        is_there: whether he may stand where he is said to.
        certainty: 0..1 that he does not stand there.
    """

    told_azimuth_deg: float
    azimuths_deg: tuple[float, ...]
    is_there: bool
    certainty: float

    @property
    def turns_deg(self) -> tuple[float, ...]:
        """By how much the array may be turned, whole degrees anticlockwise seen from above; of each azimuth."""
        return tuple(
            float(round(wrapped_deg(self.told_azimuth_deg - round(azimuth_deg))))
            for azimuth_deg in self.azimuths_deg
        )

    @property
    def where(self) -> str:
        """Where he is heard, in words."""
        return " or ".join(f"{azimuth_deg:.0f}°" for azimuth_deg in self.azimuths_deg)


def wrapped_deg(azimuth_deg: float) -> float:
    """The same azimuth in (-180, 180]."""
    return 180.0 - (180.0 - azimuth_deg) % 360.0
