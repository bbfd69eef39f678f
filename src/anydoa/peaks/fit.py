"""The maximum of a spectrum between the directions of its grid: a local bell around one of them.

Lobes are bells: the logarithm of their values is a quadratic as far as they reach, the values themselves are
one only around the maximum, nearer than the directions of most grids.
"""

import numpy as np
from jaxtyping import Float

from anydoa.geometry.coordinates import normalize_direction, tangent_basis
from anydoa.geometry.grid import DirectionGrid

_LEAST = 0.02  # of the value in the middle: what a neighbour counts at the least, as zero has no logarithm


class PatchFit:
    """Least-squares bell in the plane that touches the sphere at one grid direction.

    Two rings of neighbours, with weights that fall with their distance and grow with their values. A maximum
    farther than the innermost ring is pulled back to it.

    Args:
        grid: directions of the spectrum.
        index: the direction in the middle.
    """

    def __init__(self, grid: DirectionGrid, index: int) -> None:
        self._index = index
        self._centre = grid.directions[index]
        self._basis = tangent_basis(self._centre)
        # Two rings around the direction, in coordinates of the plane that touches the sphere there.
        inner = grid.neighbours[index]
        self._members = np.unique(np.concatenate([[index], inner, *(grid.neighbours[i] for i in inner)]))
        near = grid.directions[self._members]
        x, y = (near @ self._basis.T / np.maximum(near @ self._centre, 0.1)[:, None]).T
        self._limit = float(np.arccos(np.clip(grid.directions[inner] @ self._centre, -1, 1)).max(initial=0))
        # Height, slopes and bends, (member, 6), and the weight of each member by where it is.
        width = 0.55 * self._limit  # standard deviation of the weights
        self._weight = np.exp(-(x**2 + y**2) / (2 * width**2)) if self._limit else np.ones(1)
        self._design = np.stack([np.ones(len(x)), x, y, x**2 / 2, x * y, y**2 / 2], axis=1)
        weighted = self._design * self._weight[:, None]
        scaled = weighted / np.maximum(np.abs(weighted).max(axis=0), 1e-12)
        self._can_fit = np.linalg.matrix_rank(scaled) == 6

    def maximum(self, values: Float[np.ndarray, "grid"]) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction and height of the maximum; the grid direction itself where the fit has none.

        The value of the direction in the middle must be positive.
        """
        flat = self._centre, float(values[self._index])
        if not self._can_fit:
            return flat
        logarithm, trust = _logarithm(values[self._members], flat[1])
        weight = self._weight * trust
        height, slope_x, slope_y, bend_x, bend_xy, bend_y = np.linalg.lstsq(
            self._design * weight[:, None], logarithm * weight, rcond=None
        )[0]
        # The maximum of the quadratic, if it has one.
        determinant = bend_x * bend_y - bend_xy**2
        if bend_x >= 0 or determinant <= 1e-6 * bend_x**2:
            return flat
        step = (
            np.array([bend_xy * slope_y - bend_y * slope_x, bend_xy * slope_x - bend_x * slope_y])
            / determinant
        )
        share = min(1.0, self._limit / max(float(np.linalg.norm(step)), 1e-12))  # of the way that is believed
        height += (slope_x * step[0] + slope_y * step[1]) * share * (1 - share / 2)
        step *= share
        return normalize_direction(self._centre + step @ self._basis), float(np.exp(height))


class ArcFit:
    """Bell along a grid whose directions lie on one circle of the sphere.

    Args:
        grid: directions of the spectrum.
        index: the direction in the middle.
        axis: normal of the plane of the circle.
    """

    def __init__(self, grid: DirectionGrid, index: int, axis: Float[np.ndarray, "3"]) -> None:
        self._centre = grid.directions[index]
        self._axis = axis
        self._along = self._centre - (self._centre @ axis) * axis
        self._across = np.cross(axis, self._along)
        self._index = index
        self._members = np.append(grid.neighbours[index], index)
        near = grid.directions[self._members]
        self._offset = np.arctan2(near @ self._across, near @ self._along)
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
        turn = np.clip(-slope / (2 * bend), -self._limit, self._limit)
        height += (slope + bend * turn) * turn
        turned = np.cos(turn) * self._along + np.sin(turn) * self._across
        return turned + (self._centre @ self._axis) * self._axis, float(np.exp(height))


def _logarithm(
    values: Float[np.ndarray, "member"], middle: float
) -> tuple[Float[np.ndarray, "member"], Float[np.ndarray, "member"]]:
    """Logarithms of values, and how far each is trusted: those of small values err most."""
    share = np.maximum(values / middle, _LEAST)
    return np.log(share) + np.log(middle), np.sqrt(np.minimum(share, 1))
