"""Where exactly a talker is whom a linear array hears: at which angle to its line."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from anydoa.estimators.steered.patch import Measured, Patch
from anydoa.geometry import Cones, MicrophoneArray


@dataclass(frozen=True)
class ConeSearchOptions:
    """How finely cones are looked at, and what of their values a fit believes.

    Args:
        step_deg: most that neighbouring cones are apart.
        reach_deg: how far a maximum may be from where the search begins.
        least_value: share of the best value below which others lie in another lobe.
    """

    step_deg: float = 0.5
    reach_deg: float = 10.0
    least_value: float = 0.8


_DEFAULT = ConeSearchOptions()


class ConeSearch:
    """Places talkers of one linear array at angles to its line, no farther along it than a grid reaches.

    Args:
        array: what listens.
        cones: all that it tells apart.
        ends: least and greatest angle to the line, in radians.
        frequencies: those of the bins, in Hz.
        options: how finely it looks, and what of its values it believes.
    """

    def __init__(
        self,
        array: MicrophoneArray,
        cones: Cones,
        ends: tuple[float, float],
        frequencies: Float[np.ndarray, "freq"],
        options: ConeSearchOptions = _DEFAULT,
    ) -> None:
        self._cones, self._options = cones, options
        steps = np.ceil((ends[1] - ends[0]) / np.deg2rad(options.step_deg))
        self._angles = np.linspace(*ends, int(steps) + 1)
        # What the line hears of each: in it the phases of a wave are even, and lobes symmetric.
        self._along = np.cos(self._angles)
        self._patch = Patch.of(cones.directions(self._angles), array, frequencies)

    def maximum(
        self, start: Float[np.ndarray, "3"], measured: Measured
    ) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction of the maximum nearest to one, and the greatest response of a cone around it.

        Args:
            start: direction near the maximum.
            measured: what is compared with plane waves.
        """
        middle = np.clip(self._cones.angles(start), self._angles[0], self._angles[-1])
        reach = np.deg2rad(self._options.reach_deg)
        first = int(np.searchsorted(self._angles, middle - reach))
        last = int(np.searchsorted(self._angles, middle + reach, side="right"))
        values = self._patch.part(first, last).response(measured)
        along = self._summit(self._along[first:last], values)
        return self._cones.directions(np.arccos([along]))[0], float(values.max())

    def _summit(self, along: Float[np.ndarray, "cone"], values: Float32[np.ndarray, "cone"]) -> float:
        """Where the parabola through the lobe of the best value is greatest, at the best if nowhere."""
        best = int(values.argmax())
        # The lobe: from the best to both sides, as long as values stay near it.
        low = np.flatnonzero(values <= self._options.least_value * values[best])
        first = low[low < best].max(initial=-1) + 1
        last = low[low > best].min(initial=len(values))
        lobe = along[first:last]
        if last - first < 3 or values[best] <= 0:
            return float(along[best])
        width = np.ptp(lobe)
        bend, slope, _ = np.polyfit((lobe - along[best]) / width, values[first:last] / values[best], 2)
        if bend >= 0:
            return float(along[best])
        place = along[best] - width * slope / (2 * bend)
        return float(np.clip(place, lobe.min(), lobe.max()))
