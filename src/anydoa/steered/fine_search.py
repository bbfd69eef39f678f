"""Where exactly a talker is: climbing on the grid from a coarse place, and a fit between its directions."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Complex64, Float, Float32, Int
from scipy.spatial import cKDTree

from anydoa.geometry.ambiguity import array_axis, geometry_rank
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import great_circle_distance
from anydoa.geometry.folding import fold_directions, half_circle
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.geometry.plane_wave import steering_phases
from anydoa.peaks.fit import PatchFit
from anydoa.steered.band_power import half_covariance, pair_matrix, takes_pairs
from anydoa.steered.bin_features import BinAxis

_KEPT_PATCHES = 64
_KEPT_LARGE_PATCHES = 16
_LEAST_MASS = 1e-12
_ROUNDING = 1e-4
_RINGS = 2.2  # grid spacings around the middle of a patch
_INSIDE = 1.2  # grid spacings from the middle that leave all neighbours inside the patch
_LEAST_REACH = np.deg2rad(6.0)  # of a patch: finer grids are not climbed one small step after another
_MOST_CLIMBS = 6
_DENSE = np.deg2rad(0.9)  # grids of less spacing are climbed on other directions
_FINEST = np.deg2rad(1.0)  # spacing of these; lobes are several times as wide
_BEYOND = 1.5  # such spacings beyond the edge of a finer grid, so that the fit has neighbours there
_LINE_STEP = np.deg2rad(0.5)


class FineSearch:
    """Places talkers of one array on one grid.

    Grids clearly finer than a degree are climbed on even directions a degree apart where they look, and what
    is found between these is moved onto the grid if it lies beside it: so a dense grid costs no more.

    Args:
        array: what listens.
        grid: directions that a talker can have.
        axis: bins.
    """

    def __init__(self, array: MicrophoneArray, grid: DirectionGrid, axis: BinAxis) -> None:
        rank = geometry_rank(array)
        self._is_line, self._is_volume = rank == "line", rank == "volume"
        self._wanted = None if self._is_line or grid.spacing >= _DENSE else _Wanted.of(grid, array)
        climbed = grid if self._wanted is None else even_directions(grid)
        self._array, self._grid, self._axis = array, climbed, axis
        self._folded = fold_directions(climbed.directions, array)
        # Of equals the first is taken, so they are looked at in an order that is not the grid's own.
        self._sorted = np.lexsort(climbed.directions.T)
        self._folded_sorted = self._folded[self._sorted]
        if self._is_line:
            angle = great_circle_distance(self._folded, array_axis(array))
            self._end_angles = float(angle.min()), float(angle.max())
        self._by_pairs = takes_pairs(array.num_microphones)
        self._inside = np.cos(_INSIDE * climbed.spacing)
        self._reach = max(_RINGS * climbed.spacing, _LEAST_REACH)
        kept = _KEPT_PATCHES if self._wanted is None else _KEPT_LARGE_PATCHES
        self._patch = lru_cache(kept)(self._make_patch)
        self._fit = lru_cache(_KEPT_PATCHES)(self._make_fit)

    def locate(
        self,
        start: Float[np.ndarray, "3"],
        pairs: Float32[np.ndarray, "freq part"],
        mass: float,
    ) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction of the nearest maximum of the steered response, and how coherent it is.

        Args:
            start: near it.
            pairs: products of masked phases of each bin, as of
                :func:`~anydoa.steered.band_power.pair_products`.
            mass: sum of the masks.
        """
        measured = pairs if self._by_pairs else half_covariance(pairs, self._array.num_microphones)
        if self._is_line:
            patch = self._cones(start)
            values = patch.response(measured)
            best = first_greatest(values)
            return patch.directions[best], self._coherence(values, mass)
        middle = int(self._sorted[first_greatest(self._folded_sorted @ start)])
        for _ in range(_MOST_CLIMBS):
            patch = self._patch(middle)
            values = patch.response(measured)
            best = int(patch.members[first_greatest(values)])
            is_inside = self._grid.directions[best] @ self._grid.directions[middle] > self._inside
            middle = best
            if is_inside:
                break
        spread = np.full(len(self._grid), values.min())
        spread[patch.members] = values
        place = self._fit(middle).maximum(spread)[0]
        if not self._is_volume:
            place = fold_directions(place, self._array)
        if self._wanted is not None:
            place = self._wanted.onto(place)
        return place, self._coherence(values, mass)

    def _coherence(self, values: Float32[np.ndarray, "direction"], mass: float) -> float:
        num_pairs = self._array.num_microphones * (self._array.num_microphones - 1) / 2
        return float(np.clip(values.max() / (num_pairs * max(mass, _LEAST_MASS)), 0, 1))

    def _cones(self, start: Float[np.ndarray, "3"]) -> "_Patch":
        """Cones of a straight array near a direction, no farther along it than the grid reaches."""
        angle = float(great_circle_distance(start, array_axis(self._array)))
        steps = np.arange(-self._reach, self._reach, _LINE_STEP)
        cones = half_circle(np.unique(np.clip(angle + steps, *self._end_angles)), self._array)
        return self._steer(np.arange(len(cones)), cones)

    def _make_patch(self, middle: int) -> "_Patch":
        near = self._grid.directions @ self._grid.directions[middle] >= np.cos(min(self._reach, np.pi))
        members = self._sorted[near[self._sorted]]
        return self._steer(members, self._folded[members])

    def _steer(
        self, members: Int[np.ndarray, "direction"], directions: Float[np.ndarray, "direction 3"]
    ) -> "_Patch":
        steering = steering_phases(directions, self._array, self._axis.frequencies)
        return _Patch(members, directions, pair_matrix(steering) if self._by_pairs else steering)

    def _make_fit(self, middle: int) -> PatchFit:
        return PatchFit(self._grid, middle)


def even_directions(grid: DirectionGrid) -> DirectionGrid:
    """Directions a degree apart where a finer grid looks, and a little beyond its edge."""
    sphere = fibonacci_grid(round(4 * np.pi / _FINEST**2))
    distance = cKDTree(grid.directions).query(sphere.directions)[0]
    near = distance <= 2 * np.sin(_BEYOND * _FINEST / 2)
    return DirectionGrid(sphere.directions[near], name=f"a degree apart in {grid.name}")


@dataclass(frozen=True, eq=False)
class _Wanted:
    """The directions of a dense grid, folded, and how near to one of them a talker lies on the grid."""

    directions: Float[np.ndarray, "grid 3"]
    tree: cKDTree
    reach: float

    @classmethod
    def of(cls, grid: DirectionGrid, array: MicrophoneArray) -> "_Wanted":
        folded = fold_directions(grid.directions, array)
        return cls(folded, cKDTree(folded), float(2 * np.sin(grid.spacing / 2)))

    def onto(self, place: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
        """The place itself if it lies on the grid, else the direction of the grid nearest to it."""
        distance, index = self.tree.query(place)
        nearest: np.ndarray = self.directions[index]
        return place if distance <= self.reach else nearest


@dataclass(frozen=True, eq=False)
class _Patch:
    """Directions that lie together, and how to steer to them: all pairs at once, or beams."""

    members: Int[np.ndarray, "direction"]
    directions: Float[np.ndarray, "direction 3"]
    steering: Float32[np.ndarray, "part direction"] | Complex64[np.ndarray, "freq direction mic"]

    def response(
        self, measured: Float32[np.ndarray, "freq part"] | Complex64[np.ndarray, "freq mic mic"]
    ) -> Float32[np.ndarray, "direction"]:
        """Sum over pairs and bins of the cosine of the phase error, from pair products or covariances."""
        if self.steering.ndim == 2:
            fit: np.ndarray = measured.ravel() @ self.steering
            return fit
        turned = (self.steering @ measured.swapaxes(-1, -2)).view(np.float32)
        # Real and imaginary parts side by side: their products add up to the real part of the inner product.
        turned *= self.steering.view(np.float32)
        response: np.ndarray = turned.sum(axis=0).sum(axis=1)
        return response


def first_greatest(values: Float[np.ndarray, "_"]) -> int:
    """Index of the greatest value; of those that differ from it by rounding alone, the first.

    What an array cannot tell apart must not be decided by the order of its microphones.
    """
    greatest = values.max()
    return int((values >= greatest - _ROUNDING * abs(greatest)).argmax())
