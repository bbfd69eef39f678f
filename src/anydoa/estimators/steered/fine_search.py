"""Where exactly a talker is: climbing on the grid from a coarse place, and a fit between its directions."""

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from jaxtyping import Complex64, Float, Float32, Int
from scipy.spatial import cKDTree

from anydoa.acoustics import steering_phases
from anydoa.estimators.steered.band_power import half_covariance, pair_matrix, takes_pairs
from anydoa.estimators.steered.bin_features import BinAxis
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.peaks import PatchFit

_KEPT_PATCHES = 64
_KEPT_LARGE_PATCHES = 16


@dataclass(frozen=True)
class FineSearchOptions:
    """How far and how finely talkers are climbed to.

    Args:
        rings: radius of a patch of directions that is searched at once, in spacings of the grid.
        inside: greatest distance from the middle of a patch, in such spacings, at which all neighbours of a
            direction lie inside the patch, too.
        least_reach_deg: least radius of a patch: finer grids are not climbed one small step after another.
        most_climbs: patches searched one after another.
        dense_deg: spacing below which a grid is climbed on other directions than its own.
        even_deg: spacing of these other directions; lobes are several times as wide.
        beyond: how far these directions reach beyond the edge of the grid, in spacings of their own, so that
            the fit has neighbours there.
        cone_step_deg: angle between the cones of a linear array.
    """

    rings: float = 2.2
    inside: float = 1.2
    least_reach_deg: float = 6.0
    most_climbs: int = 6
    dense_deg: float = 0.9
    even_deg: float = 1.0
    beyond: float = 1.5
    cone_step_deg: float = 0.5


_DEFAULT = FineSearchOptions()


class FineSearch:
    """Places talkers of one array on one grid.

    Grids clearly finer than a degree are climbed on even directions a degree apart where they look, and what
    is found between these is moved onto the grid if it lies beside it: so a dense grid costs no more.

    Args:
        array: what listens.
        grid: directions that a talker can have.
        axis: windows and bins.
        options: how far and how finely talkers are climbed to.
    """

    def __init__(
        self,
        array: MicrophoneArray,
        grid: DirectionGrid,
        axis: BinAxis,
        options: FineSearchOptions = _DEFAULT,
    ) -> None:
        self._options, self._ambiguity = options, array.ambiguity
        cones = array.ambiguity.cones
        is_dense = grid.spacing < np.deg2rad(options.dense_deg)
        self._wanted = _Wanted.of(grid, array) if is_dense and cones is None else None
        climbed = grid if self._wanted is None else even_directions(grid, options)
        self._array, self._grid, self._axis = array, climbed, axis
        self._folded = self._ambiguity.fold(climbed.directions)
        # Of equals the first is taken, so they are looked at in an order that is not the grid's own.
        self._sorted = np.lexsort(climbed.directions.T)
        self._folded_sorted = self._folded[self._sorted]
        if cones is not None:
            angle = cones.angles(self._folded)
            self._end_angles = float(angle.min()), float(angle.max())
        self._by_pairs = takes_pairs(array.num_microphones)
        self._inside = np.cos(options.inside * climbed.spacing)
        self._reach = max(options.rings * climbed.spacing, np.deg2rad(options.least_reach_deg))
        kept = _KEPT_PATCHES if self._wanted is None else _KEPT_LARGE_PATCHES
        self._patch = lru_cache(kept)(self._make_patch)
        self._fit = lru_cache(_KEPT_PATCHES)(partial(PatchFit, climbed))

    def locate(
        self,
        start: Float[np.ndarray, "3"],
        pairs: Float32[np.ndarray, "freq part"],
        mass: float,
    ) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction of the nearest maximum of power, and how coherent the sound from there is.

        Args:
            start: direction near the maximum.
            pairs: products of masked phases of each bin, as
                :func:`~anydoa.estimators.steered.band_power.pair_products` gives them.
            mass: sum of the masks.
        """
        measured = pairs if self._by_pairs else half_covariance(pairs, self._array.num_microphones)
        if self._ambiguity.cones is not None:
            # Cones near the direction, no farther along the line than the grid reaches.
            cones = self._ambiguity.cones
            steps = np.arange(-self._reach, self._reach, np.deg2rad(self._options.cone_step_deg))
            angles = np.unique(np.clip(float(cones.angles(start)) + steps, *self._end_angles))
            patch = self._patch_of(np.arange(len(angles)), cones.directions(angles))
            values = patch.response(measured)
            best = first_greatest(values)
            return patch.directions[best], self._coherence(values, mass)
        # Climb from patch to patch until the best direction has all its neighbours in the patch.
        middle = int(self._sorted[first_greatest(self._folded_sorted @ start)])
        for _ in range(self._options.most_climbs):
            patch = self._patch(middle)
            values = patch.response(measured)
            best = int(patch.members[first_greatest(values)])
            is_inside = self._grid.directions[best] @ self._grid.directions[middle] > self._inside
            middle = best
            if is_inside:
                break
        # Between directions: a fit to the patch, written into values of the whole grid.
        spread = np.full(len(self._grid), values.min())
        spread[patch.members] = values
        place = self._ambiguity.fold(self._fit(middle).maximum(spread)[0])
        if self._wanted is not None:
            place = self._wanted.onto(place)
        return place, self._coherence(values, mass)

    def _coherence(self, values: Float32[np.ndarray, "direction"], mass: float) -> float:
        num_pairs = self._array.num_microphones * (self._array.num_microphones - 1) / 2
        return float(np.clip(values.max() / (num_pairs * max(mass, 1e-12)), 0, 1))

    def _make_patch(self, middle: int) -> "_Patch":
        near = self._grid.directions @ self._grid.directions[middle] >= np.cos(min(self._reach, np.pi))
        members = self._sorted[near[self._sorted]]
        return self._patch_of(members, self._folded[members])

    def _patch_of(
        self, members: Int[np.ndarray, "direction"], directions: Float[np.ndarray, "direction 3"]
    ) -> "_Patch":
        steering = steering_phases(directions, self._array, self._axis.frequencies)
        return _Patch(members, directions, pair_matrix(steering) if self._by_pairs else steering)


def even_directions(grid: DirectionGrid, options: FineSearchOptions) -> DirectionGrid:
    """Evenly spread directions where a dense grid looks, and a little beyond its edge."""
    apart = np.deg2rad(options.even_deg)
    sphere = fibonacci_grid(round(4 * np.pi / apart**2))
    distance = cKDTree(grid.directions).query(sphere.directions)[0]
    near = distance <= 2 * np.sin(options.beyond * apart / 2)
    return DirectionGrid(sphere.directions[near], name=f"a degree apart in {grid.name}")


@dataclass(frozen=True, eq=False)
class _Wanted:
    """The directions of a dense grid, folded, and how near to one of them a talker lies on the grid."""

    directions: Float[np.ndarray, "grid 3"]
    tree: cKDTree
    reach: float

    @classmethod
    def of(cls, grid: DirectionGrid, array: MicrophoneArray) -> "_Wanted":
        folded = array.ambiguity.fold(grid.directions)
        return cls(folded, cKDTree(folded), float(2 * np.sin(grid.spacing / 2)))

    def onto(self, place: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
        """The place itself if it lies on the grid, else the direction of the grid nearest to it."""
        distance, index = self.tree.query(place)
        nearest: np.ndarray = self.directions[index]
        return place if distance <= self.reach else nearest


@dataclass(frozen=True, eq=False)
class _Patch:
    """Directions that lie together, and their steering vectors: of all pairs at once, or of microphones."""

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
        # (freq, direction, mic) @ (freq, mic, mic) -> (freq, direction, mic)
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
    return int((values >= greatest - 1e-4 * abs(greatest)).argmax())
