"""Whom a live beam listens to: a talker by number, a direction, or whoever is loudest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.beamforming import Aim
from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.tracking import Track

DIRECTION_ID = -1
"""Number of the sound from a direction, which is no talker's."""

_LOUDEST = "loudest"
_SAME_DEG = 15.0  # who is so near to the direction is whom it points at
_LOUDER = 2.0  # times as much power as whoever is heard, before somebody else is


@dataclass(frozen=True, eq=False)
class BeamTarget:
    """Whose sound is wanted; the loudest talker's if neither is given.

    Args:
        talker: number of a talker.
        direction: unit vector.
    """

    talker: int | None = None
    direction: Float[np.ndarray, "3"] | None = None

    @classmethod
    def parse(cls, text: str) -> "BeamTarget":
        """The target that words name: ``loudest``, a number, or ``AZIMUTH,ELEVATION`` in degrees.

        Raises:
            ConfigError: if they are none of these.
        """
        if text == _LOUDEST:
            return cls()
        if text.isascii() and text.isdecimal() and len(text) <= 9:
            return cls(talker=int(text))
        try:
            azimuth_deg, elevation_deg = map(float, text.split(","))
        except ValueError:
            azimuth_deg = elevation_deg = np.nan
        if not (abs(azimuth_deg) <= 360 and abs(elevation_deg) <= 90):
            raise ConfigError(
                f"a beam goes to loudest, a talker's number or AZIMUTH,ELEVATION in degrees such as 40,10, "
                f"got {text!r:.40}; give one of these"
            )
        return cls(direction=angles_deg_to_direction(azimuth_deg, elevation_deg))


class LiveAims:
    """Talkers as they are tracked now, and whose sound is wanted.

    Args:
        target: the talker or direction that is wanted.
    """

    num_rows = 1

    def __init__(self, target: BeamTarget) -> None:
        self.target = target
        self.tracks: Sequence[Track] = ()
        self._heard: int | None = None

    def at(self, time_s: float) -> Sequence[Aim]:
        """Everyone who is tracked now, and the direction that is wanted."""
        tracked = [Aim(track.id, track.direction, track.activity) for track in self.tracks]
        wanted = self.target.direction
        if wanted is None:
            return tracked
        others = [aim for aim in tracked if great_circle_distance_deg(aim.direction, wanted) > _SAME_DEG]
        return [Aim(DIRECTION_ID, wanted, 1.0), *others]

    def wanted(self, levels: Mapping[int, float]) -> tuple[int | None]:
        """Whose sound is given out now.

        Args:
            levels: power that each aim had lately.
        """
        if self.target.direction is not None:
            return (DIRECTION_ID,)
        if self.target.talker is not None:
            return (self.target.talker,)
        self._heard = self._loudest(levels)
        return (self._heard,)

    def _loudest(self, levels: Mapping[int, float]) -> int | None:
        """Who talks loudest; whoever was heard last stays until somebody else is clearly louder."""
        active = {track.id: levels.get(track.id, 0.0) for track in self.tracks if track.active}
        if not active:
            return self._heard
        loudest = max(active, key=active.__getitem__)
        if self._heard in active and active[loudest] < _LOUDER * active[self._heard]:
            return self._heard
        return loudest
