"""Where exactly a talker is: climbing on even directions from a coarse place, and a fit between them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32, Int
from scipy.spatial import cKDTree

from anydoa.estimators.steered.bin_features import BinAxis
from anydoa.estimators.steered.cone_search import ConeSearch
from anydoa.estimators.steered.lens import Lens, LensOptions, Seen
from anydoa.estimators.steered.patch import Measured, Patch, first_greatest, measured_by
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid

_KEPT_PATCHES = 32
_LENS, _FINER_LENS = LensOptions(), LensOptions(step_deg=0.4)


@dataclass(frozen=True)
class FineSearchOptions:
    """How far and how finely talkers are climbed to.

    Args:
        even_deg: spacing of the directions that are climbed on; lobes of usual arrays are wider.
        beyond: how far these directions reach beyond the edge of the grid, in spacings of their own, so that
            maxima near the edge have neighbours there.
        rings: radius of a patch of directions that is searched at once, in spacings.
        inside: greatest distance from the middle of a patch, in spacings, at which all neighbours of a
            direction lie inside the patch, too.
        most_climbs: patches searched one after another, and lenses.
        lens: how finely it looks between the directions that are climbed on.
        finer: the same of a second lens, where the first shows a lobe too narrow for it.
    """

    even_deg: float = 4.5
    beyond: float = 1.0
    rings: float = 2.2
    inside: float = 1.2
    most_climbs: int = 6
    lens: LensOptions = _LENS
    finer: LensOptions = _FINER_LENS


_DEFAULT = FineSearchOptions()


class FineSearch:
    """Places talkers of one array on one grid.

    The search climbs on even directions where the grid looks, whatever the grid's own are: on a coarse grid
    narrow lobes would hide between them, and a dense one would be climbed in many small steps. A lens of
    finer directions shows the maximum between them, and what it shows is moved onto the grid unless it lies
    between the grid's directions. Circles and seats are searched among their own directions, linear arrays
    among their cones.

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
        self._covered, climbed = None, grid
        if cones is None and not grid.are_places and grid.circle is None:
            reach = gaps(grid)
            folded = self._ambiguity.fold(grid.directions)
            self._covered = _Covered(folded, cKDTree(folded), reach)
            climbed = even_directions(grid, reach, options)
        self._array, self._grid, self._axis = array, climbed, axis
        self._folded = self._ambiguity.fold(climbed.directions)
        # Of equals the first is taken, so they are looked at in an order that is not the grid's own.
        self._sorted = np.lexsort(climbed.directions.T)
        self._folded_sorted = self._folded[self._sorted]
        self._by_cones = None
        if cones is not None:
            angle = cones.angles(self._folded)
            ends = float(angle.min()), float(angle.max())
            self._by_cones = ConeSearch(array, cones, ends, axis.frequencies)
        even = float(np.deg2rad(options.even_deg))
        spacing = even if self._covered else max(climbed.spacing, even)
        self._inside = np.cos(options.inside * spacing)
        self._reach = options.rings * spacing
        self._patch = lru_cache(_KEPT_PATCHES)(self._make_patch)
        self._lens = lru_cache(_KEPT_PATCHES)(self._make_lens)

    def locate(
        self,
        start: Float[np.ndarray, "3"],
        pairs: Float32[np.ndarray, "freq part"],
        mass: float,
    ) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction of the nearest maximum of power, and how coherent the sound from near there is.

        Args:
            start: direction near the maximum.
            pairs: products of masked phases of each bin, as
                :func:`~anydoa.estimators.steered.band_power.pair_products` gives them.
            mass: sum of the masks.

        Returns:
            A unit vector, and the coherence at the best of the directions that are climbed on.
        """
        measured = measured_by(self._array, pairs)
        if self._by_cones is not None:
            place, greatest = self._by_cones.maximum(start, measured)
            return place, self._coherence(greatest, mass)
        # Climb from patch to patch until the best direction has all its neighbours in the patch.
        middle = self._nearest(start)
        for _ in range(self._options.most_climbs):
            members, patch = self._patch(middle)
            values = patch.response(measured)
            best = int(members[first_greatest(values)])
            is_inside = self._grid.directions[best] @ self._grid.directions[middle] > self._inside
            middle = best
            if is_inside:
                break
        place = self._folded[middle]
        if self._covered is not None:
            place = self._covered.onto(self._between(middle, measured))
        return place, self._coherence(float(values.max()), mass)

    def _nearest(self, direction: Float[np.ndarray, "3"]) -> int:
        return int(self._sorted[first_greatest(self._folded_sorted @ direction)])

    def _between(self, middle: int, measured: Measured) -> Float[np.ndarray, "3"]:
        """The maximum between the directions around one of them.

        Ridges are followed from lens to lens; the narrow lobes of wide arrays take a finer one.
        """
        for _ in range(self._options.most_climbs):
            seen = self._look(*self._lens(middle), measured)
            last, middle = middle, self._nearest(self._ambiguity.fold(seen.direction))
            if seen.is_inside or middle == last:
                break
        if seen.is_narrow:
            finer = self._lens_around(seen.direction, self._options.finer)
            seen = self._look(*finer, measured)
        return self._ambiguity.fold(seen.direction)

    def _look(self, lens: Lens, patch: Patch, measured: Measured) -> Seen:
        response = patch.response(measured)
        return lens.maximum(response, first_greatest(response))

    def _coherence(self, greatest: float, mass: float) -> float:
        num_pairs = self._array.num_microphones * (self._array.num_microphones - 1) / 2
        return float(np.clip(greatest / (num_pairs * max(mass, 1e-12)), 0, 1))

    def _make_patch(self, middle: int) -> tuple[Int[np.ndarray, "direction"], Patch]:
        near = self._grid.directions @ self._grid.directions[middle] >= np.cos(min(self._reach, np.pi))
        members = self._sorted[near[self._sorted]]
        return members, self._patch_of(self._folded[members])

    def _make_lens(self, middle: int) -> tuple[Lens, Patch]:
        return self._lens_around(self._grid.directions[middle], self._options.lens)

    def _lens_around(self, centre: Float[np.ndarray, "3"], options: LensOptions) -> tuple[Lens, Patch]:
        lens = Lens(centre, options)
        return lens, self._patch_of(self._ambiguity.fold(lens.directions))

    def _patch_of(self, directions: Float[np.ndarray, "direction 3"]) -> Patch:
        return Patch.of(directions, self._array, self._axis.frequencies)


def even_directions(
    grid: DirectionGrid, reach: Float[np.ndarray, "grid"], options: FineSearchOptions
) -> DirectionGrid:
    """Evenly spread directions where a grid looks, and a little beyond its edge.

    Args:
        grid: where it looks.
        reach: chord around each of its directions that belongs to it.
        options: how far these directions are apart, and how far they reach beyond the grid.
    """
    apart = np.deg2rad(options.even_deg)
    sphere = fibonacci_grid(round(4 * np.pi / apart**2))
    distance, nearest = cKDTree(grid.directions).query(sphere.directions)
    near = distance <= np.maximum(reach, 2 * np.sin(options.beyond * apart / 2))[nearest]
    return DirectionGrid(sphere.directions[near], name=f"even where {grid.name} looks")


def gaps(grid: DirectionGrid) -> Float[np.ndarray, "grid"]:
    """Chord from each direction to its sixth neighbour, the last of the ring around it on an even grid."""
    chords: np.ndarray = cKDTree(grid.directions).query(grid.directions, k=min(7, len(grid)))[0][:, -1]
    return chords


@dataclass(frozen=True, eq=False)
class _Covered:
    """The directions of a grid, folded, and how far around each of them talkers lie between directions."""

    directions: Float[np.ndarray, "grid 3"]
    tree: cKDTree
    reach: Float[np.ndarray, "grid"]

    def onto(self, place: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
        """The place itself if it lies between directions of the grid, else the nearest of them."""
        distance, index = self.tree.query(place)
        nearest: np.ndarray = self.directions[index]
        return place if distance <= self.reach[index] else nearest
