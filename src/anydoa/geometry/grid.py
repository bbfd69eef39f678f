"""Grids of candidate directions: any list of unit vectors, with neighbours and areas when asked for."""

import hashlib
import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.spatial import ConvexHull, QhullError, cKDTree

from anydoa.errors import GeometryError
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    normalize_direction,
    real_numbers,
    rotate,
    rotation_towards,
)
from anydoa.geometry.read_only import ReadOnlyArrays

MAX_DIRECTIONS = 200_000
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
_FEWEST_DIRECTIONS = 6  # of a grid between whose directions there is something to see
_CLOSING_FACE = 3.0  # median radii; larger triangles only close the hull where the grid has none
_CLOSING_EDGE = 1.75  # and over the farthest of the nearest neighbours of its corners
_FLAT_CIRCLE = 0.05  # spacings that directions of a circle lie off it: files keep few digits


@dataclass(frozen=True, eq=False)
class DirectionGrid(ReadOnlyArrays):
    """Candidate directions as unit vectors towards the source. Immutable.

    Args:
        directions: one row a direction, any length above zero; kept with unit length.
        name: recipe of the grid, such as ``fibonacci:2048``.

    Raises:
        GeometryError: if a direction is zero, not finite or there twice.
    """

    directions: Float[np.ndarray, "grid 3"]
    name: str = "custom"

    def __init__(self, directions: ArrayLike, name: str = "custom") -> None:
        try:
            numbers = real_numbers(directions)
        except GeometryError as error:
            raise GeometryError(
                f"grid {name!r}: directions must be rows of 3 numbers ({error}); give x, y, z for each"
            ) from None
        unit = normalize_direction(numbers)
        if unit.ndim != 2 or not 1 <= len(unit) <= MAX_DIRECTIONS:
            raise GeometryError(
                f"a grid is a list of 1..{MAX_DIRECTIONS} directions (x, y, z), got shape {unit.shape}; give "
                "one row for each"
            )
        pairs = cKDTree(unit).query_pairs(1e-6, output_type="ndarray")
        if len(pairs):
            first, second = sorted(int(i) for i in pairs[0])
            raise GeometryError(f"grid {name!r}: directions {first} and {second} are the same; remove one")
        unit.flags.writeable = False
        object.__setattr__(self, "directions", unit)
        object.__setattr__(self, "name", name)

    def __len__(self) -> int:
        return len(self.directions)

    @cached_property
    def hash(self) -> str:
        """Twelve hex digits of the directions; caches use it as their key."""
        return hashlib.sha256((np.round(self.directions, 9) + 0.0).tobytes()).hexdigest()[:12]

    @property
    def are_places(self) -> bool:
        """Whether it is a handful of places, such as seats, that samples no part of the sphere."""
        return len(self) < _FEWEST_DIRECTIONS

    @cached_property
    def spacing(self) -> float:
        """Median angle from a direction to its nearest neighbour, in radians; pi for a single direction."""
        if len(self) == 1:
            return float(np.pi)
        chord = cKDTree(self.directions).query(self.directions, k=2)[0][:, 1]
        return float(2 * np.arcsin(min(1.0, float(np.median(chord)) / 2)))

    @cached_property
    def circle(self) -> Float[np.ndarray, "3"] | None:
        """Unit vector square to the one circle of the sphere that all directions lie on; None if they do not.

        An azimuth circle, a meridian, or any three directions; as exactly as files keep their digits.
        """
        if len(self) < 3:
            return None
        centred = self.directions - self.directions.mean(axis=0)
        axis: np.ndarray = np.linalg.svd(centred, full_matrices=False)[2][2]
        return axis if np.ptp(np.arccos(self.directions @ axis)) <= _FLAT_CIRCLE * self.spacing else None

    @cached_property
    def neighbours(self) -> tuple[Int[np.ndarray, "_"], ...]:
        """Indices of the directions around each direction: the edges of the grid's triangulation.

        A grid that lies on a circle or has fewer than 4 directions has no triangulation; there, the
        directions within 1.75 spacings are neighbours.
        """
        if self._faces is None:
            near = 2 * np.sin(0.875 * min(self.spacing, 2.0))
            edges = cKDTree(self.directions).query_pairs(near, output_type="ndarray").reshape(-1, 2)
        else:
            corners = self._faces[0]
            edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
        ends = np.concatenate([edges, edges[:, ::-1]]).astype(np.int64)
        # One number an edge: sorting rows takes ten times as long.
        here, there = np.divmod(np.unique(ends[:, 0] * len(self) + ends[:, 1]), len(self))
        starts = np.searchsorted(here, np.arange(len(self) + 1))
        return tuple(there[first:last] for first, last in itertools.pairwise(starts))

    @cached_property
    def reach(self) -> Float[np.ndarray, "grid"]:
        """Angle around each direction that the grid samples, in radians.

        That of the largest triangle it is a corner of, so that all between neighbours is covered however
        unlike rows and columns are; the spacing where there are no triangles.
        """
        reach = np.full(len(self), self.spacing)
        if self._faces is not None:
            corners, radius = self._faces
            reach[np.unique(corners)] = 0.0
            np.maximum.at(reach, corners, radius[:, None])
        return np.maximum(reach, self.spacing)

    @cached_property
    def _faces(self) -> tuple[Int[np.ndarray, "face 3"], Float[np.ndarray, "face"]] | None:
        """Corners and angular radius of the hull's triangles, but for those that close the hull of a patch.

        None if the directions lie on a circle.
        """
        if len(self) < 4 or self.circle is not None:
            return None
        try:
            hull = ConvexHull(self.directions)
        except QhullError:
            return None
        corners, radius = hull.simplices, np.arccos(np.clip(-hull.equations[:, 3], -1, 1))
        # One that closes the hull is large among all, and beside the distances of its own corners: there may
        # be a dense patch in a coarse grid.
        chord = cKDTree(self.directions).query(self.directions, k=2)[0][:, 1]
        nearest = 2 * np.arcsin(np.minimum(1.0, chord / 2))
        own = _CLOSING_EDGE * nearest[corners].max(axis=1)
        closes = radius > np.maximum(_CLOSING_FACE * np.median(radius), own)
        return corners[~closes], radius[~closes]

    def rotated(self, matrix: Float[np.ndarray, "3 3"]) -> "DirectionGrid":
        """The grid after a rotation."""
        return DirectionGrid(rotate(self.directions, matrix), name=f"{self.name} rotated")

    def nearest(self, direction: Float[np.ndarray, "*batch 3"]) -> Int[np.ndarray, "*batch"]:
        """Index of the grid direction nearest to each unit vector."""
        index: np.ndarray = cKDTree(self.directions).query(direction)[1]
        return np.asarray(index)


def fibonacci_grid(num_directions: int = 2048) -> DirectionGrid:
    """Fibonacci sphere, poles included: ``z_i = 1 - 2 i/(D-1)``, azimuth ``i * pi * (3 - sqrt 5)``.

    Reference:
        Baek et al. (2026), the training grid of AGG-RL.
    """
    _check_count("fibonacci", num_directions, 2)
    index = np.arange(num_directions)
    z = 1 - 2 * index / (num_directions - 1)
    radius = np.sqrt(np.clip(1 - z**2, 0, None))
    azimuth = index * GOLDEN_ANGLE
    directions = np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), z], axis=1)
    return DirectionGrid(directions, name=f"fibonacci:{num_directions}")


def icosphere_grid(level: int = 4) -> DirectionGrid:
    """Icosahedron with each triangle split in four ``level`` times: ``10 * 4**level + 2`` directions."""
    if not 0 <= level <= 7:
        raise GeometryError(f"icosphere level must be 0..7, got {level}; 4 has 2562 directions")
    golden = (1 + np.sqrt(5)) / 2
    corners = np.array([[0, a, b * golden] for a in (-1, 1) for b in (-1, 1)], dtype=np.float64)
    directions = normalize_direction(np.concatenate([np.roll(corners, shift, axis=1) for shift in range(3)]))
    for _ in range(level):
        triangles = ConvexHull(directions).simplices
        edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
        edges = np.unique(np.sort(edges, axis=1), axis=0)
        middle = normalize_direction(directions[edges[:, 0]] + directions[edges[:, 1]])
        directions = np.concatenate([directions, middle])
    return DirectionGrid(directions, name=f"icosphere:{level}")


def azimuth_grid(num_directions: int = 360, elevation_deg: float = 0.0) -> DirectionGrid:
    """Equally spaced azimuths at one elevation, from 0 degrees anticlockwise."""
    _check_count("azimuth", num_directions, 1)
    if not -90 < elevation_deg < 90:
        raise GeometryError(
            f"azimuth grid: elevation must be between -90 and 90 degrees, got {elevation_deg}; 0 is the "
            "horizontal plane"
        )
    azimuth_deg = np.arange(num_directions) * 360 / num_directions
    return DirectionGrid(
        angles_deg_to_direction(azimuth_deg, elevation_deg),
        name=f"azimuth:{num_directions},{elevation_deg:g}",
    )


def product_grid(num_azimuths: int = 72, num_elevations: int = 37) -> DirectionGrid:
    """Azimuth x elevation: equal steps in both, elevation from pole to pole, each pole once."""
    _check_count("product azimuth", num_azimuths, 1)
    _check_count("product elevation", num_elevations, 1)
    if num_elevations == 2:
        raise GeometryError("product grid: 2 elevations are the poles alone; ask for 3 or more, or for 1")
    azimuth_deg = np.arange(num_azimuths) * 360 / num_azimuths
    elevation_deg = np.linspace(-90, 90, num_elevations) if num_elevations > 1 else np.zeros(1)
    rows = [
        angles_deg_to_direction(azimuth_deg if abs(elevation) < 90 else np.zeros(1), elevation)
        for elevation in elevation_deg
    ]
    return DirectionGrid(np.concatenate(rows), name=f"product:{num_azimuths}x{num_elevations}")


def cap_grid(
    azimuth_deg: float, elevation_deg: float, radius_deg: float, num_directions: int = 500
) -> DirectionGrid:
    """A dense patch: ``num_directions`` spread evenly over all directions within ``radius_deg`` of one."""
    _check_count("cap", num_directions, 1)
    if not 0 < radius_deg <= 180:
        raise GeometryError(
            f"cap radius must be above 0 and at most 180 degrees, got {radius_deg}; give one such as 20"
        )
    if not np.isfinite(azimuth_deg) or not -90 <= elevation_deg <= 90:
        raise GeometryError(
            f"cap centre must have a finite azimuth and an elevation of -90..90 degrees, got {azimuth_deg}, "
            f"{elevation_deg}; 0, 0 is straight ahead"
        )
    # Around +z: heights in equal steps have equal areas between them, and the golden angle spreads azimuths.
    index = np.arange(num_directions)
    z = 1 - (index / max(num_directions - 1, 1)) * (1 - np.cos(np.deg2rad(radius_deg)))
    radius = np.sqrt(np.clip(1 - z**2, 0, None))
    local = np.stack(
        [radius * np.cos(index * GOLDEN_ANGLE), radius * np.sin(index * GOLDEN_ANGLE), z], axis=1
    )
    # (direction, 3), turned so that +z becomes the centre.
    centre = angles_deg_to_direction(azimuth_deg, elevation_deg)
    name = f"cap:{azimuth_deg:g},{elevation_deg:g},{radius_deg:g},{num_directions}"
    return DirectionGrid(rotate(local, rotation_towards(centre)), name=name)


def hemisphere_grid(num_directions: int = 1024, side: str = "up") -> DirectionGrid:
    """Even directions on one half of the sphere, its rim included.

    Args:
        num_directions: number of directions.
        side: ``up``, ``down``, ``front``, ``back``, ``left`` or ``right``.
    """
    poles = {
        "up": (0, 90),
        "down": (0, -90),
        "front": (0, 0),
        "back": (180, 0),
        "left": (90, 0),
        "right": (-90, 0),
    }
    if side not in poles:
        raise GeometryError(
            f"hemisphere side must be one of {', '.join(poles)}, got {side!r}; take one of them"
        )
    azimuth_deg, elevation_deg = poles[side]
    cap = cap_grid(azimuth_deg, elevation_deg, 90.0, num_directions)
    return DirectionGrid(cap.directions, name=f"hemisphere:{num_directions},{side}")


def _check_count(what: str, count: int, least: int) -> None:
    if not least <= count <= MAX_DIRECTIONS:
        raise GeometryError(
            f"{what} grid: {least}..{MAX_DIRECTIONS} directions are possible, got {count}; ask for "
            f"{'more' if count < least else 'fewer'}"
        )
