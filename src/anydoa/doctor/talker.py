"""Where the only talker of a recording is heard, beside where somebody says that this is.

Azimuths in degrees, anticlockwise from +x seen from above, in the user's frame.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from anydoa.doctor.evidence import Explanation, certainty, each_certainty
from anydoa.doctor.findings import CERTAIN
from anydoa.doctor.measurement import Measurement
from anydoa.doctor.wave_fit import ChannelHypothesis
from anydoa.geometry.coordinates import angles_deg_to_direction

_ELEVATIONS_DEG = np.arange(-40.0, 91.0, 10.0)
_OVERHEAD = _ELEVATIONS_DEG > 60
_LEVEL = _ELEVATIONS_DEG.tolist().index(0)


@dataclass(frozen=True)
class TalkerOptions:
    """How the only talker is looked for.

    Args:
        tolerance_deg: farthest that the talker may be heard from the stated azimuth and still stand there. A
            person stands 8 degrees beside an azimuth, and echoes and small arrays add 4.
        spurious_gain: share of the fit that a wrong azimuth gains, one standard deviation.
        step_deg: between the azimuths tried.
        gap_steps: azimuths that fit alike are joined over gaps of twice so many steps, which are chance.
        max_alike: share of the circle; where more than this fits alike, no azimuth is heard.
    """

    tolerance_deg: float = 12.0
    spurious_gain: float = 0.005
    step_deg: float = 2.0
    gap_steps: int = 2
    max_alike: float = 0.5


@dataclass(frozen=True)
class HeardTalker:
    """Where the only talker is heard, if the channels are in one order.

    Args:
        stated_azimuth_deg: where somebody says that the talker stands.
        azimuths_deg: azimuths at which the talker is heard, the nearest to what was said first; several where
            the array cannot tell them apart, none where it hears none, as of somebody straight above.
        within_deg: degrees to either side of each within which the recording cannot tell.
        is_there: whether the talker may stand where somebody says.
        certainty: 0..1 that the talker does not stand there.
    """

    stated_azimuth_deg: float
    azimuths_deg: tuple[float, ...]
    within_deg: float
    is_there: bool
    certainty: float

    @property
    def turns_deg(self) -> tuple[float, ...]:
        """Degrees by which the array may be turned, anticlockwise seen from above; one for each azimuth."""
        return tuple(
            float(round(wrapped_deg(self.stated_azimuth_deg - round(azimuth_deg))))
            for azimuth_deg in self.azimuths_deg
        )

    @property
    def where(self) -> str:
        """Where the talker is heard, in words; 8 degrees to either side go without saying."""
        places = " or ".join(f"{wrapped_deg(round(azimuth)):.0f}°" for azimuth in self.azimuths_deg)
        return places if self.within_deg <= 8 else f"{places} (give or take {self.within_deg:.0f}°)"


class LoneTalkerSearch:
    """Finds the talker of one recording under any order of its channels.

    Args:
        measurement: the microphones that hear the room.
        stated_azimuth_deg: where the talker is said to stand.
        options: how the talker is looked for.
    """

    def __init__(
        self,
        measurement: Measurement,
        stated_azimuth_deg: float,
        options: TalkerOptions = TalkerOptions(),
    ) -> None:
        self._stated_deg = wrapped_deg(stated_azimuth_deg)
        self._options = options
        self._azimuths_deg = np.arange(180.0, -180.0, -options.step_deg)
        azimuth_deg, elevation_deg = np.meshgrid(self._azimuths_deg, _ELEVATIONS_DEG, indexing="ij")
        directions = angles_deg_to_direction(azimuth_deg.ravel(), elevation_deg.ravel())
        self._waves = measurement.waves_from(directions)

    def heard(self, hypothesis: ChannelHypothesis) -> HeardTalker:
        """Where the talker is, who stays at one place, if the channels are these."""
        options = self._options
        # (azimuth·elevation, segment) -> (azimuth, elevation, segment)
        totals = self._waves.totals(hypothesis)
        totals = totals.reshape(len(self._azimuths_deg), len(_ELEVATIONS_DEG), -1)
        # (azimuth, elevation, segment) -> (azimuth, segment): the elevation that suits all segments best
        fits, overhead = _highest(totals[:, ~_OVERHEAD]), _highest(totals[:, _OVERHEAD])
        # (azimuth, segment) -> (segment): the azimuth that suits all segments best
        best, above = (
            Explanation(every[every.mean(axis=1).argmax()], options.spurious_gain)
            for every in (fits, overhead)
        )
        is_alike = self._alike(best, fits)
        if is_alike.mean() > options.max_alike or certainty(above, [best]) >= CERTAIN:
            return HeardTalker(self._stated_deg, (), 180.0, is_there=True, certainty=0.0)
        azimuths_deg, within_deg = self._azimuths(best, fits, totals[:, _LEVEL])
        stated = round((self._azimuths_deg[0] - self._stated_deg) / options.step_deg)
        stated %= len(self._azimuths_deg)
        return HeardTalker(
            self._stated_deg,
            azimuths_deg,
            within_deg,
            is_there=bool(
                self._from_stated_deg(azimuths_deg[0]) <= options.tolerance_deg or is_alike[stated]
            ),
            certainty=float(each_certainty(best, fits[[stated]])[0]),
        )

    def _azimuths(
        self,
        best: Explanation,
        fits: Float[np.ndarray, "azimuth segment"],
        level: Float[np.ndarray, "azimuth segment"],
    ) -> tuple[tuple[float, ...], float]:
        """Middle of each run of azimuths that fit alike, level ones where those do; half their width."""
        is_alike = self._alike(best, level)
        if is_alike.any():
            fits = level
        else:
            is_alike = self._alike(best, fits)
        height = fits.mean(axis=1)
        # Runs of azimuths that fit alike, around the circle: where each begins, and how many there are.
        edges = np.flatnonzero(is_alike & ~np.roll(is_alike, 1))
        turned = [np.roll(is_alike, -edge) for edge in edges]
        lengths = [int(row.argmin()) or len(row) for row in turned]
        runs = [
            (edge + np.arange(length)) % len(is_alike) for edge, length in zip(edges, lengths, strict=True)
        ]
        middles = []
        for run in runs:  # weighted by how far each azimuth stands above the lowest one
            weight = height[run] - height[run].min() + 1e-6
            steps = float(np.average(np.arange(len(run)), weights=weight))
            middles.append(wrapped_deg(float(self._azimuths_deg[run[0]]) - self._options.step_deg * steps))
        middles.sort(key=self._from_stated_deg)
        return tuple(middles), self._options.step_deg / 2 * max(lengths)

    def _alike(
        self, best: Explanation, fits: Float[np.ndarray, "azimuth segment"]
    ) -> Bool[np.ndarray, "azimuth"]:
        """Which azimuths are not certainly worse than the best, and those in narrow gaps between them."""
        alike = each_certainty(best, fits) < CERTAIN
        steps = range(-self._options.gap_steps, self._options.gap_steps + 1)
        wide = np.any([np.roll(alike, step) for step in steps], axis=0)
        closed: np.ndarray = np.all([np.roll(wide, step) for step in steps], axis=0)
        return closed

    def _from_stated_deg(self, azimuth_deg: float) -> float:
        return abs(wrapped_deg(azimuth_deg - self._stated_deg))


def wrapped_deg(azimuth_deg: float) -> float:
    """The same azimuth in (-180, 180]."""
    return 180.0 - (180.0 - azimuth_deg) % 360.0


def _highest(
    totals: Float[np.ndarray, "azimuth elevation segment"],
) -> Float[np.ndarray, "azimuth segment"]:
    """Fit of each segment at each azimuth, for the elevation that suits them all best."""
    best = totals.mean(axis=2).argmax(axis=1)
    highest: np.ndarray = totals[np.arange(len(totals)), best]
    return highest
