"""Where exactly a talker is: climbing on even directions from a coarse place, and a fit between them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Complex64, Float, Float32, Int
from scipy.spatial import cKDTree

from anydoa.acoustics import steering_phases
from anydoa.estimators.steered.band_power import half_covariance, pair_matrix, takes_pairs
from anydoa.estimators.steered.bin_features import BinAxis
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction, tangent_basis
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid

_KEPT_PATCHES = 32
_EDGE = 0.8  # of the best value: less lies beyond an edge
_COUNTS, _FEWEST = 0.3, 8  # weights that count in a fit, and how many it takes at least
_FARTHEST = 1.5  # steps from the best value that a fit is believed
_ROUNDING = 1e-5  # of the best value: a smaller bend may come from rounding
_INSIDE = 1.7  # steps from the middle of a lens that are seen well enough


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
        lens_step: spacing of the directions of a lens, in spacings of those that are climbed on.
        cone_step_deg: angle between the cones of a linear array.
    """

    even_deg: float = 4.5
    beyond: float = 1.0
    rings: float = 2.2
    inside: float = 1.2
    most_climbs: int = 6
    lens_step: float = 0.33
    cone_step_deg: float = 0.5


_DEFAULT = FineSearchOptions()


class FineSearch:
    """Places talkers of one array on one grid.

    The search climbs on even directions where the grid looks, whatever the grid's own are: on a coarse grid
    narrow lobes would hide between them, and a dense one would be climbed in many small steps. A lens of
    finer directions shows the maximum between them, and what it shows is moved onto the grid unless it lies
    between the grid's directions. Circles and seats are searched among their own directions.

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
        self._covered = _Covered.of(grid, array) if cones is None and covers_area(grid) else None
        climbed = grid if self._covered is None else even_directions(grid, options)
        self._array, self._grid, self._axis = array, climbed, axis
        self._folded = self._ambiguity.fold(climbed.directions)
        # Of equals the first is taken, so they are looked at in an order that is not the grid's own.
        self._sorted = np.lexsort(climbed.directions.T)
        self._folded_sorted = self._folded[self._sorted]
        if cones is not None:
            angle = cones.angles(self._folded)
            self._end_angles = float(angle.min()), float(angle.max())
        self._by_pairs = takes_pairs(array.num_microphones)
        even = float(np.deg2rad(options.even_deg))
        spacing = even if self._covered else max(climbed.spacing, even)
        self._inside = np.cos(options.inside * spacing)
        self._reach = options.rings * spacing
        self._lens_step = options.lens_step * even
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
        measured = pairs if self._by_pairs else half_covariance(pairs, self._array.num_microphones)
        if self._ambiguity.cones is not None:
            # Cones near the direction, no farther along the line than the grid reaches.
            cones = self._ambiguity.cones
            steps = np.arange(-self._reach, self._reach, np.deg2rad(self._options.cone_step_deg))
            angles = np.unique(np.clip(float(cones.angles(start)) + steps, *self._end_angles))
            patch = self._patch_of(cones.directions(angles))
            values = patch.response(measured)
            best = first_greatest(values)
            return patch.directions[best], self._coherence(values, mass)
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
        return place, self._coherence(values, mass)

    def _nearest(self, direction: Float[np.ndarray, "3"]) -> int:
        return int(self._sorted[first_greatest(self._folded_sorted @ direction)])

    def _between(
        self, middle: int, measured: Float32[np.ndarray, "freq part"] | Complex64[np.ndarray, "freq mic mic"]
    ) -> Float[np.ndarray, "3"]:
        """The maximum between the directions around one of them; ridges are followed from lens to lens."""
        for _ in range(self._options.most_climbs):
            place, is_inside = self._lens(middle).maximum(measured)
            last, middle = middle, self._nearest(self._ambiguity.fold(place))
            if is_inside or middle == last:
                break
        return self._ambiguity.fold(place)

    def _coherence(self, values: Float32[np.ndarray, "direction"], mass: float) -> float:
        num_pairs = self._array.num_microphones * (self._array.num_microphones - 1) / 2
        return float(np.clip(values.max() / (num_pairs * max(mass, 1e-12)), 0, 1))

    def _make_patch(self, middle: int) -> tuple[Int[np.ndarray, "direction"], "_Patch"]:
        near = self._grid.directions @ self._grid.directions[middle] >= np.cos(min(self._reach, np.pi))
        members = self._sorted[near[self._sorted]]
        return members, self._patch_of(self._folded[members])

    def _make_lens(self, middle: int) -> "_Lens":
        centre = self._grid.directions[middle]
        steps = self._lens_step * tangent_basis(centre)
        directions = normalize_direction(centre + _LENS @ steps)
        return _Lens(centre, steps, self._patch_of(self._ambiguity.fold(directions)))

    def _patch_of(self, directions: Float[np.ndarray, "direction 3"]) -> "_Patch":
        steering = steering_phases(directions, self._array, self._axis.frequencies)
        return _Patch(directions, pair_matrix(steering) if self._by_pairs else steering)


def covers_area(grid: DirectionGrid) -> bool:
    """Whether a grid samples some part of the sphere, and is no circle and no handful of places."""
    if grid.are_places:
        return False
    spread = np.linalg.svd(grid.directions - grid.directions.mean(axis=0), compute_uv=False)
    return bool(spread[2] > 1e-6 * spread[0])


def even_directions(grid: DirectionGrid, options: FineSearchOptions) -> DirectionGrid:
    """Evenly spread directions where a grid looks, and a little beyond its edge."""
    apart = np.deg2rad(options.even_deg)
    sphere = fibonacci_grid(round(4 * np.pi / apart**2))
    distance = cKDTree(grid.directions).query(sphere.directions)[0]
    near = distance <= 2 * np.sin(options.beyond * max(apart, min(grid.spacing, np.pi / 2)) / 2)
    return DirectionGrid(sphere.directions[near], name=f"even where {grid.name} looks")


@dataclass(frozen=True, eq=False)
class _Covered:
    """The directions of a grid, folded, and how far around each of them talkers lie between directions."""

    directions: Float[np.ndarray, "grid 3"]
    tree: cKDTree
    reach: Float[np.ndarray, "grid"]

    @classmethod
    def of(cls, grid: DirectionGrid, array: MicrophoneArray) -> "_Covered":
        # Up to the sixth neighbour: where directions are even, they are the ring around.
        reach = cKDTree(grid.directions).query(grid.directions, k=min(7, len(grid)))[0][:, -1]
        folded = array.ambiguity.fold(grid.directions)
        return cls(folded, cKDTree(folded), reach)

    def onto(self, place: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
        """The place itself if it lies between directions of the grid, else the nearest of them."""
        distance, index = self.tree.query(place)
        nearest: np.ndarray = self.directions[index]
        return place if distance <= self.reach[index] else nearest


@dataclass(frozen=True, eq=False)
class _Patch:
    """Directions that lie together, and their steering vectors: of all pairs at once, or of microphones."""

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


_LENS = np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3), indexing="ij"), axis=-1).reshape(-1, 2)
"""Places of the directions of a lens in the plane that touches the sphere in its middle, in steps."""


@dataclass(frozen=True, eq=False)
class _Lens:
    """Five by five directions around one.

    Args:
        centre: the direction in the middle.
        steps: two vectors from it to the next directions, at right angles.
        patch: all of the directions.
    """

    centre: Float[np.ndarray, "3"]
    steps: Float[np.ndarray, "2 3"]
    patch: "_Patch"

    def maximum(
        self, measured: Float32[np.ndarray, "freq part"] | Complex64[np.ndarray, "freq mic mic"]
    ) -> tuple[Float[np.ndarray, "3"], bool]:
        """Direction of the greatest response, and whether the lens shows it from all sides."""
        response = self.patch.response(measured)
        place = quadratic_maximum(response, first_greatest(response))
        is_inside = bool(np.abs(place).max() <= _INSIDE)
        return normalize_direction(self.centre + place @ self.steps), is_inside


def quadratic_maximum(values: Float32[np.ndarray, "place"], best: int) -> Float[np.ndarray, "2"]:
    """Where a quadratic through the values around the best of a lens is greatest.

    Values far below the best are left out: between them and it lies an edge, where a microphone turns sound
    upside down, or another lobe.

    Args:
        values: what each place of a lens has.
        best: index of the greatest.

    Returns:
        A place of the lens, in steps: at most 1.5 from the best, and that itself without a maximum.
    """
    middle = _LENS[best].astype(np.float64)
    solution = _quadratic(best, (values > _EDGE * values[best]).tobytes())
    if solution is None:
        return middle
    slope_x, slope_y, bend_x, twist, bend_y = (solution @ values).tolist()
    determinant, least = bend_x * bend_y - twist**2, _ROUNDING * float(values[best])
    if bend_x + bend_y >= -least or determinant <= -least * (bend_x + bend_y):
        return middle
    step = np.array([twist * slope_y - bend_y * slope_x, twist * slope_x - bend_x * slope_y]) / determinant
    step *= min(1.0, _FARTHEST / max(float(np.linalg.norm(step)), 1e-12))
    return middle + step


@lru_cache(1024)
def _quadratic(best: int, counts: bytes) -> Float[np.ndarray, "5 place"] | None:
    """Matrix from values of a lens to slopes and bends at one of its places.

    Args:
        best: index of the place.
        counts: whether each value counts.

    Returns:
        Rows for two slopes, bend, twist and bend; nothing where too few values count.
    """
    x, y = (_LENS - _LENS[best]).T.astype(np.float64)
    weight = np.where(np.frombuffer(counts, dtype=bool), np.exp(-(x**2 + y**2) / 4), 0)
    design = np.stack([np.ones_like(x), x, y, x**2 / 2, x * y, y**2 / 2], axis=1) * weight[:, None]
    if (weight > _COUNTS).sum() < _FEWEST or np.linalg.matrix_rank(design) < len(design.T):
        return None
    solution: np.ndarray = (np.linalg.pinv(design) * weight)[1:].astype(np.float32)
    return solution


def first_greatest(values: Float[np.ndarray, "_"]) -> int:
    """Index of the greatest value; of those that differ from it by rounding alone, the first.

    What an array cannot tell apart must not be decided by the order of its microphones.
    """
    greatest = values.max()
    return int((values >= greatest - 1e-4 * abs(greatest)).argmax())
