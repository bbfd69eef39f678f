"""The maximum of a spectrum between the directions of its grid: a local quadratic around one of them."""

import numpy as np
from jaxtyping import Float

from anydoa.geometry.coordinates import normalize_direction, tangent_basis
from anydoa.geometry.grid import DirectionGrid


class PatchFit:
    """Least-squares quadratic in the plane that touches the sphere at one grid direction.

    Two rings of neighbours with Gaussian weights; the solution for the place is kept, so a fit costs one
    small product. A maximum farther than the innermost ring is pulled back to it.

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
        # Weighted least squares for height, slopes and bends: (member,) -> (6,).
        width = 0.55 * self._limit  # standard deviation of the weights
        weight = np.exp(-(x**2 + y**2) / (2 * width**2)) if self._limit else np.ones(1)
        design = np.stack([np.ones(len(x)), x, y, x**2 / 2, x * y, y**2 / 2], axis=1) * weight[:, None]
        enough = np.linalg.matrix_rank(design / np.maximum(np.abs(design).max(axis=0), 1e-12)) == 6
        self._solution = np.linalg.pinv(design) * weight if enough else None

    def maximum(self, values: Float[np.ndarray, "grid"]) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction and height of the maximum; the grid direction itself where the fit has none."""
        flat = self._centre, float(values[self._index])
        if self._solution is None:
            return flat
        height, slope_x, slope_y, bend_x, bend_xy, bend_y = self._solution @ values[self._members]
        # The maximum of the quadratic, if it has one.
        determinant = bend_x * bend_y - bend_xy**2
        if bend_x >= 0 or determinant <= 1e-6 * bend_x**2:
            return flat
        step = (
            np.array([bend_xy * slope_y - bend_y * slope_x, bend_xy * slope_x - bend_x * slope_y])
            / determinant
        )
        height += (slope_x * step[0] + slope_y * step[1]) / 2
        step *= min(1.0, self._limit / max(float(np.linalg.norm(step)), 1e-12))
        return normalize_direction(self._centre + step @ self._basis), float(height)


class ArcFit:
    """Parabola along a grid whose directions lie on one circle of the sphere.

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
        self._members = np.append(grid.neighbours[index], index)
        near = grid.directions[self._members]
        self._offset = np.arctan2(near @ self._across, near @ self._along)
        self._limit = float(np.abs(self._offset).max())

    def maximum(self, values: Float[np.ndarray, "grid"]) -> tuple[Float[np.ndarray, "3"], float]:
        """Direction and height of the maximum; the grid direction itself where the parabola has none."""
        turn, height = parabola_maximum(
            self._offset, values[self._members], width=self._limit, limit=self._limit
        )
        turned = np.cos(turn) * self._along + np.sin(turn) * self._across
        return turned + (self._centre @ self._axis) * self._axis, height


def parabola_maximum(
    offset: Float[np.ndarray, "member"], values: Float[np.ndarray, "member"], *, width: float, limit: float
) -> tuple[float, float]:
    """Place and height of the maximum of a weighted parabola through values around offset 0.

    Args:
        offset: radians from the middle, where one offset is 0.
        values: value at each offset.
        width: standard deviation of the weights, in radians.
        limit: farthest place that is believed.

    Returns:
        Offset 0 and the value there where no parabola fits or it has no maximum.
    """
    flat = 0.0, float(values[np.abs(offset).argmin()])
    if len(np.unique(np.round(offset, 9))) < 3:
        return flat
    weight = np.exp(-(offset**2) / (2 * width**2))
    design = np.stack([np.ones_like(offset), offset, offset**2 / 2], axis=1) * weight[:, None]
    height, slope, bend = np.linalg.lstsq(design, values * weight, rcond=None)[0]
    if bend >= -1e-9:
        return flat
    place = -slope / bend
    return float(np.clip(place, -limit, limit)), float(height + slope * place / 2)
