"""The maximum of a spectrum between the directions of its grid: a local bell around one of them.

Lobes are bells: the logarithm of their values is a quadratic as far as they reach, the values themselves are
one only around the maximum, nearer than the directions of most grids.
"""

import numpy as np
from jaxtyping import Float, Int

from anydoa.geometry.coordinates import tangent_basis
from anydoa.geometry.grid import DirectionGrid

_LEAST = 0.02  # of the value in the middle: what a neighbour counts at the least, as zero has no logarithm
_UNEVEN = 2.0  # of the distance of the nearest neighbour: from there on others may be too far to show a lobe
_SAME_ANGLE = 1e-6  # radians: what rounding makes of one angle
_FARTHEST = np.pi / 3  # neighbours beyond it show other lobes, if any
_LEAST_SEEN = 0.25  # of the value in the middle: what one of those must have, or none of them shows it
_HALF_WAY = 0.6  # of the way to a neighbour: with errors of the fit in the middle between two
_MOST_RISE = 1.5  # of a maximum over the value of its grid direction


class PatchFit:
    """Least-squares bell of the angles from one grid direction.

    Two rings of neighbours, with weights that fall with their distance and grow with their values; of seats
    and coarse grids, where hardly any is near enough, the direction in the middle is the maximum. Of all
    grid directions the one in the middle is nearest to the maximum, so this is hardly farther than half way
    to a neighbour, and where none shows the way no farther than the nearest is. Where the rows of a grid are
    too far apart to show a lobe, the maximum stays on its row.

    Args:
        grid: directions of the spectrum.
        index: the direction in the middle.
    """

    def __init__(self, grid: DirectionGrid, index: int) -> None:
        self._index = index
        self._centre = grid.directions[index]
        self._basis = tangent_basis(self._centre)
        # Two rings around the direction: how far each is, and where to.
        inner = grid.neighbours[index]
        members = np.unique(np.concatenate([[index], inner, *(grid.neighbours[i] for i in inner)]))
        distance, places = self._seen_from_here(grid.directions[members])
        is_inner = np.isin(members, inner)
        # Neighbours that may be too far to show the lobe, and the row of those that do.
        is_far = is_inner & (distance > _UNEVEN * distance[is_inner].min(initial=np.pi) - _SAME_ANGLE)
        self._far = members[is_far]
        if len(self._far):
            is_row = is_inner & ~is_far
            along = np.linalg.svd(places[is_row], full_matrices=False)[2][0] @ self._basis
            self._row = ArcFit(grid, index, np.cross(self._centre, along), members[is_row])
        is_near = distance <= _FARTHEST + _SAME_ANGLE
        self._members, (x, y) = members[is_near], places[is_near].T
        is_inner &= is_near
        self._around, self._inner = members[is_inner], places[is_inner]
        # Height, slopes and bends, (member, 6), and the weight of each member by where it is.
        width = 0.55 * float(distance[is_inner].max(initial=_SAME_ANGLE))  # standard deviation of the weights
        self._weight = np.exp(-(x**2 + y**2) / (2 * width**2))
        self._design = np.stack([np.ones(len(x)), x, y, x**2 / 2, x * y, y**2 / 2], axis=1)
        weighted = self._design * self._weight[:, None]
        scaled = weighted / np.maximum(np.abs(weighted).max(axis=0), 1e-12)
        self._can_fit = np.linalg.matrix_rank(scaled) == 6

    def _seen_from_here(
        self, directions: Float[np.ndarray, "near 3"]
    ) -> tuple[Float[np.ndarray, "near"], Float[np.ndarray, "near 2"]]:
        """The angle to each direction, and its two parts along the basis."""
        across = directions @ self._basis.T
        sine = np.linalg.norm(across, axis=1)
        angle = np.arctan2(sine, directions @ self._centre)
        return angle, across * (angle / np.maximum(sine, 1e-12))[:, None]

    def maximum(self, values: Float[np.ndarray, "grid"]) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction and height of the maximum; the grid direction itself where the fit has none.

        The value of the direction in the middle must be positive.
        """
        flat = self._centre, float(values[self._index])
        if len(self._far) and (not self._can_fit or values[self._far].max() < _LEAST_SEEN * flat[1]):
            return self._row.maximum(values)
        if not self._can_fit:
            return flat
        logarithm, trust = _logarithm(values[self._members], flat[1])
        weight = self._weight * trust
        height, slope_x, slope_y, bend_x, bend_xy, bend_y = np.linalg.lstsq(
            self._design * weight[:, None], logarithm * weight, rcond=None
        )[0]
        # The maximum of the quadratic, if it has one, along each of its axes.
        bends, axes = np.linalg.eigh([[bend_x, bend_xy], [bend_xy, bend_y]])
        if bends[1] >= 1e-6 * bends[0]:
            return flat
        slopes = axes.T @ [slope_x, slope_y]
        moves = -slopes / bends
        # As much of the way as stays nearer to the middle than to any neighbour, or hardly farther.
        along, length = self._inner @ axes @ moves, float(np.linalg.norm(moves))
        distance = np.linalg.norm(self._inner, axis=1)
        # Over the rim of a grid there is none within 60 degrees of the way, and the nearest must do.
        shows_lobe = values[self._around] >= _LEAST_SEEN * flat[1]
        is_led = shows_lobe & (along > length * distance / 2)
        farthest = distance[is_led].max(initial=distance.min())
        moves /= max(1.0, float((along / distance**2).max()) / _HALF_WAY, length / farthest)
        height += float(slopes @ moves + bends @ moves**2 / 2)
        angle = float(np.linalg.norm(moves))
        step = np.sinc(angle / np.pi) * (axes @ moves) @ self._basis
        return np.cos(angle) * self._centre + step, _believed(height, flat[1])


class ArcFit:
    """Bell along directions that lie on one circle of the sphere: those of a grid, or a row of one.

    Args:
        grid: directions of the spectrum.
        index: the direction in the middle.
        axis: normal of the plane of the circle.
        neighbours: directions on it or near it; by default all around the one in the middle.
    """

    def __init__(
        self,
        grid: DirectionGrid,
        index: int,
        axis: Float[np.ndarray, "3"],
        neighbours: Int[np.ndarray, "near"] | None = None,
    ) -> None:
        self._centre = grid.directions[index]
        self._axis = axis
        self._along = self._centre - (self._centre @ axis) * axis
        self._across = np.cross(axis, self._along)
        self._index = index
        around = grid.neighbours[index] if neighbours is None else neighbours
        members = np.append(around, index)
        near = grid.directions[members]
        offset = np.arctan2(near @ self._across, near @ self._along)
        is_near = np.abs(offset) <= _FARTHEST + _SAME_ANGLE
        self._members, self._offset = members[is_near], offset[is_near]
        self._limit = float(np.abs(self._offset).max())
        self._can_fit = len(np.unique(np.round(self._offset, 9))) >= 3

    def maximum(self, values: Float[np.ndarray, "grid"]) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction and height of the maximum; the grid direction itself where the bell has none.

        The value of the direction in the middle must be positive.
        """
        flat = self._centre, float(values[self._index])
        if not self._can_fit:
            return flat
        logarithm, trust = _logarithm(values[self._members], flat[1])
        weight = np.exp(-(self._offset**2) / (2 * self._limit**2)) * trust
        bend, slope, height = np.polyfit(self._offset, logarithm, 2, w=weight)
        # The maximum of the parabola, if it has one.
        if bend >= -1e-9:
            return flat
        low, high = self._offset.min(), self._offset.max()
        turn = np.clip(-slope / (2 * bend), _HALF_WAY * low, _HALF_WAY * high)
        height += (slope + bend * turn) * turn
        turned = np.cos(turn) * self._along + np.sin(turn) * self._across
        return turned + (self._centre @ self._axis) * self._axis, _believed(height, flat[1])


def _believed(logarithm: float, middle: float) -> float:
    """Height of a maximum; more than samples so far apart can show is made up."""
    return float(np.exp(min(logarithm, np.log(_MOST_RISE * middle))))


def _logarithm(
    values: Float[np.ndarray, "member"], middle: float
) -> tuple[Float[np.ndarray, "member"], Float[np.ndarray, "member"]]:
    """Logarithms of values, and how far each is trusted: those of small values err most."""
    share = np.maximum(values / middle, _LEAST)
    return np.log(share) + np.log(middle), np.sqrt(np.minimum(share, 1))
