"""The search for the only talker: at which azimuths the recording may have been made, for one order."""

import numpy as np
from jaxtyping import Bool, Float

from anydoa.diagnosis.bench import Bench
from anydoa.diagnosis.evidence import Explanation, certainty, each_certainty
from anydoa.diagnosis.findings import CERTAIN
from anydoa.diagnosis.heard_talker import HeardTalker, wrapped_deg
from anydoa.diagnosis.wave_fit import Hypothesis
from anydoa.geometry.coordinates import angles_deg_to_direction

_WITHIN_DEG = 12.0  # a person stands 8 degrees beside an azimuth, and echoes and small arrays add 4
_CHANCE_SHARE = 0.005  # of the fit that a wrong azimuth gains
_STEP_DEG = 2.0
_AZIMUTHS_DEG = np.arange(180.0, -180.0, -_STEP_DEG)
_ELEVATIONS_DEG = np.arange(-40.0, 91.0, 10.0)
_OVERHEAD = _ELEVATIONS_DEG > 60
_LEVEL = int(np.flatnonzero(_ELEVATIONS_DEG == 0)[0])
_GAP = 2  # steps; twice as wide a gap between azimuths that fit alike is chance
_WIDEST = 0.5  # of the circle; where more than this fits alike, no azimuth is heard


class TalkerSearch:
    """Finds the talker of one recording under any order of its channels.

    Args:
        bench: the microphones that hear the room.
        told_azimuth_deg: where the talker is said to stand.
    """

    def __init__(self, bench: Bench, told_azimuth_deg: float) -> None:
        self._told_deg = wrapped_deg(told_azimuth_deg)
        azimuth_deg, elevation_deg = np.meshgrid(_AZIMUTHS_DEG, _ELEVATIONS_DEG, indexing="ij")
        directions = angles_deg_to_direction(azimuth_deg.ravel(), elevation_deg.ravel())
        self._waves = bench.waves_from(directions)

    def heard(self, hypothesis: Hypothesis) -> HeardTalker:
        """Where the talker is, who stays at one place, if the channels are these."""
        totals = self._waves.totals(hypothesis).reshape(len(_AZIMUTHS_DEG), len(_ELEVATIONS_DEG), -1)
        fits, overhead = _highest(totals[:, ~_OVERHEAD]), _highest(totals[:, _OVERHEAD])
        best = Explanation(_best(fits), _CHANCE_SHARE)
        above = Explanation(_best(overhead), _CHANCE_SHARE)
        is_alike = _alike(best, fits)
        if is_alike.mean() > _WIDEST or certainty(above, [best]) >= CERTAIN:
            return HeardTalker(self._told_deg, (), 180.0, is_there=True, certainty=0.0)
        azimuths_deg, within_deg = self._azimuths(best, fits, totals[:, _LEVEL])
        at_told = round((_AZIMUTHS_DEG[0] - self._told_deg) / _STEP_DEG) % len(_AZIMUTHS_DEG)
        is_near = _apart_deg(azimuths_deg[0], self._told_deg) <= _WITHIN_DEG
        return HeardTalker(
            self._told_deg,
            azimuths_deg,
            within_deg,
            is_there=bool(is_near or is_alike[at_told]),
            certainty=float(each_certainty(best, fits[[at_told]])[0]),
        )

    def _azimuths(
        self,
        best: Explanation,
        fits: Float[np.ndarray, "azimuth piece"],
        level: Float[np.ndarray, "azimuth piece"],
    ) -> tuple[tuple[float, ...], float]:
        """Middle of each stretch of azimuths that fit alike, level ones where those do; half their width."""
        is_alike = _alike(best, level)
        if is_alike.any():
            fits = level
        else:
            is_alike = _alike(best, fits)
        height = fits.mean(axis=1)
        stretches = _stretches(is_alike)
        middles = [_middle_deg(height, stretch) for stretch in stretches]
        middles.sort(key=lambda middle: _apart_deg(middle, self._told_deg))
        return tuple(middles), _STEP_DEG / 2 * max(map(len, stretches))


def _highest(totals: Float[np.ndarray, "azimuth elevation piece"]) -> Float[np.ndarray, "azimuth piece"]:
    """Fit of each piece at each azimuth, for the elevation that suits them all best."""
    best = totals.mean(axis=2).argmax(axis=1)
    highest: np.ndarray = totals[np.arange(len(totals)), best]
    return highest


def _best(fits: Float[np.ndarray, "azimuth piece"]) -> Float[np.ndarray, "piece"]:
    """The fit at the azimuth that suits all pieces best."""
    best: np.ndarray = fits[fits.mean(axis=1).argmax()]
    return best


def _alike(best: Explanation, fits: Float[np.ndarray, "azimuth piece"]) -> Bool[np.ndarray, "azimuth"]:
    """Which azimuths are not certainly worse than the best, and those in narrow gaps between them."""
    alike = each_certainty(best, fits) < CERTAIN
    steps = range(-_GAP, _GAP + 1)
    wide = np.any([np.roll(alike, step) for step in steps], axis=0)
    closed: np.ndarray = np.all([np.roll(wide, step) for step in steps], axis=0)
    return closed


def _stretches(is_alike: Bool[np.ndarray, "azimuth"]) -> list[np.ndarray]:
    """Neighbouring azimuths that fit alike, around the circle."""
    edges = np.flatnonzero(is_alike & ~np.roll(is_alike, 1))
    turned = [np.roll(is_alike, -edge) for edge in edges]
    lengths = [int(row.argmin()) or len(row) for row in turned]
    return [(edge + np.arange(length)) % len(is_alike) for edge, length in zip(edges, lengths, strict=True)]


def _middle_deg(height: Float[np.ndarray, "azimuth"], stretch: np.ndarray) -> float:
    """Middle of a stretch, weighted by how far each azimuth stands above the lowest one."""
    weight = height[stretch] - height[stretch].min() + 1e-6
    steps = float(np.average(np.arange(len(stretch)), weights=weight))
    return wrapped_deg(float(_AZIMUTHS_DEG[stretch[0]]) - _STEP_DEG * steps)


def _apart_deg(azimuth_deg: float, other_deg: float) -> float:
    return abs(wrapped_deg(azimuth_deg - other_deg))
