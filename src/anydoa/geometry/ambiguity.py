"""Which directions an array cannot tell apart.

A linear array hears only the angle to its line, so all directions of a cone around it sound alike. A planar
array hears a direction and its mirror image beyond its plane alike. A volumetric array tells all directions
apart. Nobody outside this module needs to know which of the three an array is.
"""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import cKDTree

from anydoa.geometry.coordinates import great_circle_distance, normalize_direction, tangent_basis
from anydoa.geometry.grid import GOLDEN_ANGLE, DirectionGrid, fibonacci_grid

Rank = Literal["line", "plane", "volume"]

FLAT_THICKNESS = 0.01
"""Share of the span below which a thickness counts as none.

Positions are published to about a millimetre, on arrays of about ten centimetres: one per cent is where
the thickness itself stops being known. Mirror images then differ by at most 2 % of the array's longest delay:
for ten centimetres 6 microseconds, a tenth of a sample at 16 kHz.
"""

_SAME_AXIS = np.deg2rad(5.0)  # between two axes that count as one

_SENTENCES = {
    "line": "hears only the angle to its line: all directions of a cone around it sound alike",
    "plane": "cannot tell {sides} apart: a direction and its mirror image sound alike",
    "volume": "tells all directions apart",
}


def ambiguity_sentence(rank: str, sides: str = "the two sides of its plane") -> str:
    """What an array cannot tell apart, for people; its subject is the array.

    Args:
        rank: ``line``, ``plane`` or ``volume``: the shape of the array.
        sides: words for the two sides of a planar array.
    """
    return _SENTENCES[rank].format(sides=sides)


class Ambiguity:
    """What an array cannot tell apart: of a volumetric array, nothing. Immutable.

    Attributes:
        rank: ``line``, ``plane`` or ``volume``.
        num_dimensions: dimensions of space that the array fills.
        num_angles: angles of a direction that the array hears.
        broadside: words for the directions whose sound reaches all microphones at once, empty if there are
            none.
        axis: direction of the line or normal of the plane, a unit vector whose largest coordinate, of equal
            ones the first, is positive; None for a volume.
        cones: the cones that a linear array hears; None for other arrays.
        projection: matrix that takes out of a direction what changes no delay between microphones. How long
            the projected difference of two directions is says how unlike their waves are: a planar array
            hears little difference between two heights at one azimuth, a linear one between two cones near
            its ends.
    """

    rank: ClassVar[Rank] = "volume"
    num_dimensions: ClassVar[int] = 3
    num_angles: ClassVar[int] = 2
    broadside: ClassVar[str] = ""
    axis: Float[np.ndarray, "3"] | None = None
    cones: "Cones | None" = None
    projection: Float[np.ndarray, "3 3"] = np.eye(3)

    @property
    def sentence(self) -> str:
        """What the array cannot tell apart, for people; its subject is the array."""
        return ambiguity_sentence(self.rank)

    def fold(self, directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """Each direction as the one direction that stands for all the array cannot tell from it.

        Returns:
            For volumetric arrays the directions themselves; for planar ones those on the positive side of
            the plane; for linear ones those on one half circle from end to end.
        """
        return directions

    @property
    def folds_azimuths(self) -> bool:
        """Whether directions of one azimuth are folded to directions of one azimuth."""
        return True

    def folds_cones(self, axis: Float[np.ndarray, "3"]) -> bool:
        """Whether directions of one angle to an axis are folded to directions of one angle to it.

        Args:
            axis: unit vector.
        """
        return True

    def mirror(self, directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """The opposite of each direction among all that sound like it.

        Returns:
            For volumetric arrays the directions themselves; for planar ones their reflections through the
            plane; for linear ones the directions after half a turn about the line.
        """
        return directions

    def is_on_kept_side(self, directions: Float[np.ndarray, "point 3"]) -> Bool[np.ndarray, "point"]:
        """Whether each direction lies on the positive side of a planar array; others have no sides."""
        return np.ones(len(directions), dtype=bool)

    def sounds_like(
        self, direction: Float[np.ndarray, "3"], *, num_directions: int = 36
    ) -> Float[np.ndarray, "mirror 3"]:
        """Every direction that gives the array the same delays as ``direction``, which comes first.

        A direction in the plane or along the line stands alone.

        Args:
            direction: unit vector towards the source.
            num_directions: number of equally spaced samples that stand for the cone of a linear array.
        """
        return normalize_direction(direction)[None]

    def closeness(
        self, first: Float[np.ndarray, "point 3"], second: Float[np.ndarray, "*other 3"]
    ) -> Float[np.ndarray, "point *other"]:
        """Cosine of the angle between directions, as far as the array hears it.

        A linear array hears of a direction only its part along the line. A planar one hears its part in the
        plane, whose length tells the height; as floor and ceiling reflect a talker at the same azimuth from
        other heights, differences of that length count half.
        """
        return np.asarray(first @ second.T)

    def distinct(self, grid: DirectionGrid) -> DirectionGrid:
        """The directions of a grid that the array can tell apart.

        Returns:
            The grid itself for volumetric arrays; one side of it for planar ones, reflections included where
            only the other side was covered; a half circle of 181 directions for linear ones.
        """
        return grid

    def representatives(self, sphere: DirectionGrid) -> Float[np.ndarray, "direction 3"]:
        """Even directions of which about one stands for each set that sounds alike.

        Args:
            sphere: even directions all around.
        """
        return sphere.directions

    def on_body(self, front: Float[np.ndarray, "3"], up: Float[np.ndarray, "3"]) -> "Ambiguity":
        """What the same microphones cannot tell apart on a measured body.

        Args:
            front: unit vector to the front of the body.
            up: unit vector to its top.
        """
        return BodyAmbiguity()

    def facing(self, direction: Float[np.ndarray, "3"]) -> "Ambiguity":
        """The same, its positive side the one that a direction points to, if it points to one."""
        return self

    def sweep(self, step: float, *, fewest: int, most: int) -> Float[np.ndarray, "direction 3"]:
        """Directions of different sound, evenly apart as the array hears it.

        Args:
            step: about how far apart, as a chord of the unit sphere.
            fewest: number of directions at least.
            most: number of directions at most.
        """
        return fibonacci_grid(int(np.clip(4 * np.pi / step**2, fewest, most))).directions


class BodyAmbiguity(Ambiguity):
    """A body that was measured: it tells directions apart as far as its responses differ."""

    @property
    def sentence(self) -> str:
        """What the array cannot tell apart, for people; its subject is the array."""
        return "tells directions apart as far as its measured responses differ"


class PlanarAmbiguity(Ambiguity):
    """A planar array hears a direction and its reflection through the plane alike.

    Args:
        axis: the plane's normal, a unit vector.
    """

    rank = "plane"
    num_dimensions = 2
    broadside = "square to the array's plane"
    _height_heard: ClassVar[float] = 0.5  # share of a difference in height, beside one along the plane

    axis: Float[np.ndarray, "3"]

    def __init__(self, axis: Float[np.ndarray, "3"]) -> None:
        self.axis = axis
        self.projection = np.eye(3) - np.outer(axis, axis)

    @property
    def sentence(self) -> str:
        """What the array cannot tell apart, with the names of its two sides if it lies or stands upright."""
        sides = ("front and back", "left and right", "above and below")
        near = np.flatnonzero(np.abs(self.axis) > 0.94)  # within 20 degrees
        return ambiguity_sentence(self.rank, *(sides[index] for index in near))

    def facing(self, direction: Float[np.ndarray, "3"]) -> "PlanarAmbiguity":
        """The same, its positive side the one that a direction points to, if it points to one."""
        return PlanarAmbiguity(-self.axis) if direction @ self.axis < -FLAT_THICKNESS else self

    def fold(self, directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """Each direction on the positive side of the plane."""
        height = (directions @ self.axis)[..., None]
        return directions + (np.abs(height) - height) * self.axis

    @property
    def folds_azimuths(self) -> bool:
        """Whether the plane lies or stands upright; a tilted one mixes azimuths with elevations."""
        return self.folds_cones(np.array([0.0, 0.0, 1.0]))

    def folds_cones(self, axis: Float[np.ndarray, "3"]) -> bool:
        """Whether the axis lies in the plane or is square to it."""
        angle = great_circle_distance(axis, self.axis)
        return bool(min(angle, np.pi - angle, abs(angle - np.pi / 2)) <= _SAME_AXIS)

    def mirror(self, directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """Reflections through the plane."""
        return directions - 2 * (directions @ self.axis)[..., None] * self.axis

    def is_on_kept_side(self, directions: Float[np.ndarray, "point 3"]) -> Bool[np.ndarray, "point"]:
        """Whether each direction lies on the positive side of the plane."""
        above: np.ndarray = directions @ self.axis >= 0
        return above

    def sounds_like(
        self, direction: Float[np.ndarray, "3"], *, num_directions: int = 36
    ) -> Float[np.ndarray, "mirror 3"]:
        """The direction and its reflection."""
        direction = normalize_direction(direction)
        return _once(np.stack([direction, self.mirror(direction)]))

    def closeness(
        self, first: Float[np.ndarray, "point 3"], second: Float[np.ndarray, "*other 3"]
    ) -> Float[np.ndarray, "point *other"]:
        """Cosine of the angle between directions, whose heights count half."""
        heard, other = first @ self.projection, second @ self.projection
        length, other_length = np.linalg.norm(heard, axis=-1), np.linalg.norm(other, axis=-1)
        chord_square = np.add.outer(length**2, other_length**2) - 2 * (heard @ other.T)
        chord_square -= (1 - self._height_heard**2) * np.subtract.outer(length, other_length) ** 2
        return np.asarray(1 - chord_square / 2)

    def distinct(self, grid: DirectionGrid) -> DirectionGrid:
        """The positive side of a grid, with reflections of the other side where the grid has only that."""
        kept = self.is_on_kept_side(grid.directions)
        directions, reflected = grid.directions[kept], self.mirror(grid.directions[~kept])
        if len(directions):
            chord, nearest = cKDTree(directions).query(reflected)
            reflected = reflected[chord > 2 * np.sin(grid.reach[kept][nearest] / 2)]
        return DirectionGrid(np.concatenate([directions, reflected]), name=f"{grid.name} folded")

    def representatives(self, sphere: DirectionGrid) -> Float[np.ndarray, "direction 3"]:
        """The positive side; those a little behind the plane stand for those a little before it."""
        return sphere.directions[sphere.directions @ self.axis > -sphere.spacing / 2]

    def sweep(self, step: float, *, fewest: int, most: int) -> Float[np.ndarray, "direction 3"]:
        """Directions on the positive side that fall evenly on the disc of their projections."""
        count = int(np.clip(np.pi / step**2, fewest, most))
        # A sunflower fills the disc of projections on the plane, which are all that a planar array hears.
        radius = np.sqrt((np.arange(count) + 0.5) / count)
        angle = np.pi + np.arange(count) * GOLDEN_ANGLE
        disc = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return disc @ tangent_basis(self.axis) + np.sqrt(1 - radius**2)[:, None] * self.axis


class LinearAmbiguity(Ambiguity):
    """A linear array hears only the angle to its line.

    Args:
        axis: the line's direction, a unit vector.
        side: unit vector across it, through which the half circle of the cones goes; any if None.
    """

    rank = "line"
    num_dimensions = 1
    num_angles = 1
    broadside = "square to the line"
    _num_cones: ClassVar[int] = 181  # of a grid, a degree apart

    axis: Float[np.ndarray, "3"]
    cones: "Cones"

    def __init__(self, axis: Float[np.ndarray, "3"], side: Float[np.ndarray, "3"] | None = None) -> None:
        self.axis = axis
        self.cones = Cones(axis, side)
        self.projection = np.outer(axis, axis)

    def on_body(self, front: Float[np.ndarray, "3"], up: Float[np.ndarray, "3"]) -> "LinearAmbiguity":
        """The same cones, each as the body hears it in front, or above if the line leads to the front."""
        across = front if abs(front @ self.axis) < 0.9 else up
        across = across - (across @ self.axis) * self.axis
        return LinearAmbiguity(self.axis, normalize_direction(across))

    def fold(self, directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """Each direction on the half circle that stands for the cones."""
        return self.cones.fold(directions)

    @property
    def folds_azimuths(self) -> bool:
        """No: each cone holds many azimuths."""
        return False

    def folds_cones(self, axis: Float[np.ndarray, "3"]) -> bool:
        """Whether the axis is that of the line."""
        angle = great_circle_distance(axis, self.axis)
        return bool(min(angle, np.pi - angle) <= _SAME_AXIS)

    def mirror(self, directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """Directions after half a turn about the line."""
        return -(directions - 2 * (directions @ self.axis)[..., None] * self.axis)

    def sounds_like(
        self, direction: Float[np.ndarray, "3"], *, num_directions: int = 36
    ) -> Float[np.ndarray, "mirror 3"]:
        """The direction and its copies turned about the line in equal steps."""
        direction = normalize_direction(direction)
        # Rodrigues' formula: what lies along the axis stays, what lies across turns.
        turn = np.arange(num_directions)[:, None] * 2 * np.pi / num_directions
        along = (direction @ self.axis) * self.axis
        across = direction - along
        return _once(along + np.cos(turn) * across + np.sin(turn) * np.cross(self.axis, direction))

    def closeness(
        self, first: Float[np.ndarray, "point 3"], second: Float[np.ndarray, "*other 3"]
    ) -> Float[np.ndarray, "point *other"]:
        """Cosine of the angle whose chord is the difference of the parts along the line."""
        return np.asarray(1 - np.subtract.outer(first @ self.axis, second @ self.axis) ** 2 / 2)

    def distinct(self, grid: DirectionGrid) -> DirectionGrid:
        """Cones a degree apart, whatever the grid."""
        directions = self.cones.directions(np.linspace(0, np.pi, self._num_cones))
        return DirectionGrid(directions, name=f"cones:{self._num_cones}")

    def representatives(self, sphere: DirectionGrid) -> Float[np.ndarray, "direction 3"]:
        """Cones twice as dense as the sphere: they cost little, and a long line tells near cones apart."""
        return self.cones.directions(np.linspace(0, np.pi, 1 + round(2 * np.pi / sphere.spacing)))

    def sweep(self, step: float, *, fewest: int, most: int) -> Float[np.ndarray, "direction 3"]:
        """Directions on the half circle whose parts along the line are evenly apart."""
        along = np.linspace(-1, 1, int(np.clip(2 / step, fewest, most)))
        return along[:, None] * self.axis + np.sqrt(1 - along**2)[:, None] * self.cones.side


class Cones:
    """The cones of directions around an axis, and the half circle from end to end that stands for them.

    Args:
        axis: a unit vector.
        side: unit vector across it, through which the half circle goes; any if None.
    """

    def __init__(self, axis: Float[np.ndarray, "3"], side: Float[np.ndarray, "3"] | None = None) -> None:
        self.axis = axis
        self.side = tangent_basis(axis)[0] if side is None else side

    def angles(self, directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch"]:
        """Radians, 0..pi, between directions and the axis."""
        return great_circle_distance(directions, self.axis)

    def directions(self, angles: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 3"]:
        """Directions on the half circle.

        Args:
            angles: radians to the axis.
        """
        return np.cos(angles)[..., None] * self.axis + np.sin(angles)[..., None] * self.side

    def fold(self, directions: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
        """Directions on the half circle with the same angles to the axis."""
        return self.directions(self.angles(directions))


def find_ambiguity(points: Float[np.ndarray, "point 3"], span: float) -> Ambiguity:
    """What sounds alike to an array.

    Args:
        points: metres; their line, plane or volume says what sounds alike.
        span: metres between the two microphones farthest apart.
    """
    axes, (_, width, thickness) = principal_axes(points)
    if width / span < FLAT_THICKNESS:
        return LinearAmbiguity(_positive(axes[0]))
    return PlanarAmbiguity(_positive(axes[2])) if thickness / span < FLAT_THICKNESS else Ambiguity()


def principal_axes(
    points: Float[np.ndarray, "point 3"],
) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, "3"]]:
    """Principal axes of points around the origin, and the extent of the points along each.

    Returns:
        Unit vectors as rows, in falling order of the spread along them, and metres from end to end.
    """
    axes: np.ndarray = np.linalg.eigh(points.T @ points)[1].T[::-1]
    return axes, np.ptp(points @ axes.T, axis=0)


def _once(directions: Float[np.ndarray, "mirror 3"]) -> Float[np.ndarray, "_ 3"]:
    """The directions, or the first alone if they are all the same."""
    alone = great_circle_distance(directions, directions[0]).max() < 1e-6  # rad
    return directions[:1] if alone else directions


def _positive(axis: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """The axis or its opposite, whichever has a positive largest coordinate; of equal ones the first."""
    size = np.abs(axis)
    # Equal but for rounding, which depends on the order of the microphones.
    return axis * np.sign(axis[(size > size.max() - 1e-6).argmax()])
