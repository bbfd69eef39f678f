"""From one spectrum to directions: the peaks of a function on the sphere, placed between grid points.

Peaks are found by spherical non-maximum suppression and moved off the grid by a bell that is fitted around
each. Given the array, directions it cannot tell apart count as one: a flat array's sources are sought on one
side of it, a line's on one half circle, and where else each could be is said with it.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from anydoa.constants import MIN_SEPARATION_DEG
from anydoa.errors import ConfigError, ShapeError
from anydoa.geometry import Ambiguity, Cones, MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction
from anydoa.geometry.grid import DirectionGrid
from anydoa.peaks.cones import SAME_CONE, average_cones
from anydoa.peaks.fit import ArcFit, PatchFit

_MAX_SOURCES = 4  # reported when their number is not known
_MAX_CANDIDATES = 50  # maxima looked at in a frame; only noise has more, and none of them matters
_FARTHEST_SAMPLED = np.pi / 4  # what is farther from all directions is not sampled, however few there are
_ENOUGH = 0.9  # of the best half circle of a line that the grid covers, for one before it to be taken
_MIN_MIRROR_ANGLE = np.deg2rad(1.0)  # a mirror nearer than this counts as the direction itself


@dataclass(frozen=True)
class PeakOptions:
    """Which maxima stand out. The floor is the median of the spectrum.

    Args:
        contrast: share of the highest peak's height above the floor that a further source must have.
        saddle: share of its own height above the floor to which the spectrum must fall on the way to every
            higher peak.
        rise: share of the threshold by which a source rises above the floor when the number of sources is
            not known; what all directions have in common is no source.
        narrow: a grid whose mean direction is longer than this is so narrow that a lobe fills it, and its
            floor means nothing; by default the grid of a cap of 60 degrees.
    """

    contrast: float = 0.5
    saddle: float = 0.5
    rise: float = 0.3
    narrow: float = 0.75


@dataclass(frozen=True, eq=False)
class Peak:
    """One maximum of a spectrum.

    Args:
        direction: unit vector towards it, between the directions of the grid.
        score: height of the fitted maximum, 0..1.
        index: grid direction nearest to it.
        stands_out: whether it is a source by its shape, and not only because a number was asked for.
        mirror: other directions on the grid that the array cannot tell from it.
    """

    direction: Float[np.ndarray, "3"]
    score: float
    index: int
    stands_out: bool
    mirror: tuple[Float[np.ndarray, "3"], ...] = ()


def find_peaks(
    values: Float[np.ndarray, "grid"],
    grid: DirectionGrid,
    *,
    num_sources: int | None,
    threshold: float = 0.0,
    min_separation_deg: float = MIN_SEPARATION_DEG,
    max_sources: int = _MAX_SOURCES,
) -> list[Peak]:
    """Peaks of one spectrum, best first; for many spectra on one grid keep a :class:`PeakFinder`."""
    finder = PeakFinder(
        grid,
        num_sources=num_sources,
        threshold=threshold,
        min_separation_deg=min_separation_deg,
        max_sources=max_sources,
    )
    return finder.find(values)


@dataclass(frozen=True, eq=False)
class PeakFinder:
    """Finds the peaks of any number of spectra on one grid; what depends on the grid alone is kept.

    A peak stands out if it is at least as high as its neighbours, rises at least ``options.contrast`` as far
    above the floor as the highest peak, and the spectrum falls to ``options.saddle`` of that rise between it
    and every higher peak. Slopes, ripples on a broad lobe and side lobes do not. Of two peaks nearer than
    ``min_separation_deg``, as far as the array hears it (see :meth:`closeness`), the higher remains.

    With an unknown number, sources are the peaks that stand out, reach the threshold and rise above the floor
    by ``options.rise`` of it, unless the grid is narrow. With a known one, those that stand out come first,
    then other local maxima, then any direction far enough from the peaks taken, until there are that many.
    Values of zero are silence and never a peak.

    Args:
        grid: directions of the spectra.
        array: what recorded the sound, to count directions it cannot tell apart as one; None tells all apart.
        num_sources: how many peaks to return while candidates remain, or None to decide by shape.
        threshold: least value of a peak when the number is not known.
        min_separation_deg: nearest that two peaks can be, in degrees.
        max_sources: most peaks to return when the number is not known.
        chances: whether values are chances of a talker, as scores are. On a grid of a few places each is then
            judged by itself, and faint peaks vote for the directions of a recording.
        options: when a peak stands out.

    Raises:
        ConfigError: if a number is out of range.
    """

    grid: DirectionGrid
    array: MicrophoneArray | None = None
    num_sources: int | None = None
    threshold: float = 0.0
    min_separation_deg: float = MIN_SEPARATION_DEG
    max_sources: int = _MAX_SOURCES
    chances: bool = False
    options: PeakOptions = PeakOptions()

    def __post_init__(self) -> None:
        if self.num_sources is not None and self.num_sources < 1:
            raise ConfigError(
                f"number of sources must be at least 1, got {self.num_sources}; or leave it open"
            )
        if self.max_sources < 1:
            raise ConfigError(f"max_sources must be at least 1, got {self.max_sources}; 4 is usual")
        if not 0 <= self.min_separation_deg <= 180:
            raise ConfigError(
                f"min_separation_deg must be 0..180 degrees, got {self.min_separation_deg}; "
                f"{MIN_SEPARATION_DEG:g} is usual"
            )

    def find(self, values: Float[np.ndarray, "grid"]) -> list[Peak]:
        """Peaks of one spectrum, those that stand out first and the highest first among equals.

        Raises:
            ShapeError: if there is not one value for each direction of the grid.
        """
        if values.shape != (len(self.grid),):
            raise ShapeError(
                f"the grid has {len(self.grid)} directions, got values of shape {values.shape}; "
                "give one value for each"
            )
        if self._half_circle is not None:
            peaks = self._half_circle.finder.find(self._half_circle.weights @ values)
        else:
            seen = np.where(self._side, values, 0)
            outstanding = self._outstanding(seen)
            chosen = self._fill(seen, outstanding)
            peaks = []
            for index in chosen:
                direction, score = self._refined(values, index)
                peaks.append(Peak(direction, score, index, index in outstanding))
        # Off the grid another of its directions may be nearer; only here is known what sounds like it.
        indices = [int(self._tree.query(peak.direction)[1]) for peak in peaks]
        peaks = [
            replace(peak, index=index, mirror=self.mirror(peak.direction))
            for peak, index in zip(peaks, indices, strict=True)
        ]
        return sorted(peaks, key=lambda peak: (not peak.stands_out, -peak.score))

    def _refined(self, values: Float[np.ndarray, "grid"], index: int) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction and height of a peak between the directions of the grid; of a place, its own."""
        height = float(values[index])
        if self._are_places:
            return self.grid.directions[index], height
        if index not in self._fits:
            circle = self.grid.circle
            self._fits[index] = (
                PatchFit(self.grid, index) if circle is None else ArcFit(self.grid, index, circle)
            )
        direction, fitted = self._fits[index].maximum(values)
        return direction, float(np.clip(fitted, height, max(1.0, height)))

    def _outstanding(self, values: Float[np.ndarray, "grid"]) -> list[int]:
        """Grid directions of the peaks that stand out, highest first."""
        # The least value of a peak: by contrast, and of an unknown number by threshold and rise, too.
        floor = self.floor(values)
        # A place is judged by itself, whatever is heard at others.
        least = 0.0 if self._are_places else floor + self.options.contrast * (float(values.max()) - floor)
        if not self.num_sources:
            rise = 0.0 if self._is_narrow else floor + self.options.rise * self.threshold
            least = max(least, self.threshold, rise)
        # Local maxima above it, highest first.
        high = (values > max(floor, 0)) & (values >= least)
        remaining = np.where(high & self._maxima(values), values, -np.inf)
        taken: list[int] = []
        for _ in range(_MAX_CANDIDATES):
            index = int(remaining.argmax())
            if remaining[index] == -np.inf or len(taken) == (self.num_sources or self.max_sources):
                break
            remaining[index] = -np.inf
            # Without a valley towards a higher peak it is a ripple on that peak's slope.
            saddle = floor + self.options.saddle * (values[index] - floor)
            if self._are_places or all(
                self._lowest_between(values, index, higher) <= saddle for higher in taken
            ):
                taken.append(index)
                remaining[self._near(index)] = -np.inf
        return taken

    def floor(self, values: Float[np.ndarray, "grid"]) -> float:
        """Value of directions that no sound comes from; on a handful, most may be those of talkers."""
        return 0.0 if self.grid.are_places else float(np.median(values[self._side]))

    def _fill(self, values: Float[np.ndarray, "grid"], outstanding: list[int]) -> list[int]:
        """As many directions as there are sources: those that stand out, then what comes nearest to it."""
        taken = list(outstanding)
        if len(taken) >= (self.num_sources or 0):
            return taken
        positive = values > 0
        for allowed in (positive & self._maxima(values), positive):
            remaining = np.where(allowed, values, -np.inf)
            for index in taken:
                remaining[self._near(index)] = -np.inf
            while len(taken) < (self.num_sources or 0) and remaining.max() > -np.inf:
                taken.append(int(remaining.argmax()))
                remaining[self._near(taken[-1])] = -np.inf
        return taken

    def _maxima(self, values: Float[np.ndarray, "grid"]) -> Bool[np.ndarray, "grid"]:
        """Directions at least as high as all their neighbours; of a few places, all."""
        if self._are_places:
            return np.ones(len(values), dtype=bool)
        members, starts = self._rings
        maxima: np.ndarray = np.maximum.reduceat(values[members], starts) <= values
        return maxima

    def _near(self, index: int) -> Bool[np.ndarray, "grid"]:
        """Directions nearer to one than sources can be, itself included."""
        near = self.are_one(self.grid.directions, self.grid.directions[index])
        near[index] = True
        return near

    def are_one(
        self, directions: Float[np.ndarray, "point 3"], direction: Float[np.ndarray, "3"]
    ) -> Bool[np.ndarray, "point"]:
        """Which directions are nearer to one than two sources can be, as far as the array hears it."""
        near: np.ndarray = self.closeness(directions, direction) >= np.cos(
            np.deg2rad(self.min_separation_deg)
        )
        return near

    def closeness(
        self, first: Float[np.ndarray, "point 3"], second: Float[np.ndarray, "*other 3"]
    ) -> Float[np.ndarray, "point *other"]:
        """Cosine of the angle between directions, as far as the array hears it."""
        return self._ambiguity.closeness(first, second)

    def _lowest_between(self, values: Float[np.ndarray, "grid"], first: int, second: int) -> float:
        """Lowest value on the great circle between two directions."""
        start, end = self.grid.directions[[first, second]]
        angle = float(np.arccos(np.clip(start @ end, -1, 1)))
        steps = np.linspace(0, 1, max(3, int(np.ceil(angle / self.grid.spacing)) + 1))[:, None]
        across = end - (start @ end) * start
        if np.linalg.norm(across) < 1e-6:  # opposite: any great circle will do
            across = np.cross(start, np.eye(3)[np.abs(start).argmin()])
        path = np.cos(steps * angle) * start + np.sin(steps * angle) * normalize_direction(across)
        return float(values[self._tree.query(path)[1]].min())

    def mirror(self, direction: Float[np.ndarray, "3"]) -> tuple[Float[np.ndarray, "3"], ...]:
        """A direction's reflection through a flat array or its turn about a line, where the grid looks."""
        twin = self._ambiguity.mirror(direction)
        distinct = direction @ twin < np.cos(_MIN_MIRROR_ANGLE)
        return (twin,) if distinct and self.looks_at(twin[None])[0] else ()

    def on_side_of(
        self, direction: Float[np.ndarray, "3"], vectors: Float[np.ndarray, "point 3"]
    ) -> Float[np.ndarray, "point 3"]:
        """Each vector or its mirror image, whichever points more to a direction."""
        mirrored = self._ambiguity.mirror(vectors)
        is_nearer = mirrored @ direction > vectors @ direction
        return np.where(is_nearer[:, None], mirrored, vectors)

    def looks_at(self, directions: Float[np.ndarray, "point 3"]) -> Bool[np.ndarray, "point"]:
        """Whether the grid covers each direction: the nearest of its own reaches so far."""
        farthest = 2 * np.sin(np.minimum(self.grid.reach, _FARTHEST_SAMPLED) / 2)
        # Without the bound, all of a dense patch is looked through for what lies across the sphere.
        bound = float(np.nextafter(farthest.max(), 2.0))
        distance, nearest = self._tree.query(directions, distance_upper_bound=bound)
        covered: np.ndarray = distance <= np.append(farthest, 0.0)[nearest]  # none is as far as the bound
        return covered

    @cached_property
    def _ambiguity(self) -> Ambiguity:
        return Ambiguity() if self.array is None else self.array.ambiguity

    @cached_property
    def _are_places(self) -> bool:
        """Whether each direction is a place, such as a seat, that is judged by itself."""
        return self.chances and self.grid.are_places

    @cached_property
    def _is_narrow(self) -> bool:
        return bool(np.linalg.norm(self.grid.directions.mean(axis=0)) > self.options.narrow)

    @cached_property
    def _side(self) -> Bool[np.ndarray, "grid"]:
        """Where sources are sought: of two directions a flat array confuses, on the positive side."""
        kept = self._ambiguity.is_on_kept_side(self.grid.directions)
        if kept.all():
            return kept
        if self.grid.are_places:  # of which each is looked at by itself
            twins = self.grid.directions @ self._ambiguity.mirror(self.grid.directions).T
            return kept | ~(twins[:, kept] > np.cos(_MIN_MIRROR_ANGLE)).any(axis=1)
        # Of two that are one another's image one is kept. On a ring around an array that is a little tilted,
        # what lies nearest to the image of a direction is often itself.
        images = self._ambiguity.mirror(self.grid.directions)
        return kept | ~self.looks_at(images) | ~kept[self._tree.query(images)[1]]

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.grid.directions)

    @cached_property
    def _half_circle(self) -> "_HalfCircle | None":
        cones = self._ambiguity.cones
        return None if cones is None or self.grid.are_places else _HalfCircle.of(self, cones)

    @cached_property
    def _rings(self) -> tuple[Int[np.ndarray, "_"], Int[np.ndarray, "grid"]]:
        """Each direction and its neighbours, one after the other, and where each begins."""
        rings = [np.append(around, index) for index, around in enumerate(self.grid.neighbours)]
        lengths = np.array([len(ring) for ring in rings])
        return np.concatenate(rings), np.cumsum(lengths) - lengths

    @cached_property
    def _fits(self) -> "dict[int, PatchFit | ArcFit]":
        """Fits already laid out: talkers stay where they are, so most frames find theirs here."""
        return {}


@dataclass(frozen=True, eq=False)
class _HalfCircle:
    """All that a line array hears: one value for each angle to the line.

    Args:
        finder: finds peaks on the half circle of directions that stand for these angles.
        weights: matrix (angle, grid) that averages each cone of directions around the line.
    """

    finder: PeakFinder
    weights: csr_array

    @classmethod
    def of(cls, finder: PeakFinder, cones: Cones) -> "_HalfCircle | None":
        """The half circle in front of a line array, or behind or above it if the grid looks there alone.

        None if the grid looks at less than half of each of them, or at none of their cones.
        """
        axis, grid = cones.axis, finder.grid
        # The horizontal direction at right angles to the line that faces the front, or the left if none does.
        front = np.cross(axis, [0.0, 0.0, 1.0])
        if np.linalg.norm(front) < 1e-6:
            front = np.array([1.0, 0.0, 0.0])
        else:
            front = normalize_direction(front)
            front = front * np.sign(front[0] if abs(front[0]) > 1e-6 else front[1])
        # Four half circles (angle, 3), and where the grid covers them.
        angles = np.linspace(0, np.pi, max(3, round(2 * np.pi / grid.spacing) + 1))
        sides = [front, -front, np.cross(front, axis), np.cross(axis, front)]
        circles = [np.cos(angles)[:, None] * axis + np.sin(angles)[:, None] * side for side in sides]
        covered = [finder.looks_at(circle) for circle in circles]
        # The first of the four that is covered about as well as any; a rim may cut off a direction or two.
        shares = np.array([seen.mean() for seen in covered])
        best = int(np.argmax(shares >= _ENOUGH * shares.max()))
        if covered[best].mean() < 0.5:
            return None
        cone = np.arccos(np.clip(grid.directions @ axis, -1, 1))
        weights = average_cones(cone, angles[covered[best]], grid.spacing)
        if weights is None:
            return None
        # Each cone stands where the directions that it holds are, and between rows far apart are none.
        own = weights @ cone
        kept = np.flatnonzero(np.diff(own, prepend=-1.0) > SAME_CONE)
        weights, own = weights[kept], own[kept, None]
        directions = np.cos(own) * axis + np.sin(own) * sides[best]
        circle = DirectionGrid(directions, name=f"half circle of {grid.name}")
        return cls(replace(finder, grid=circle, array=None), weights)
