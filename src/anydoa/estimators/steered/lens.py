"""Directions close together around one, and the maximum of a response between them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from anydoa.geometry.coordinates import normalize_direction, tangent_basis

_PLACES = np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3), indexing="ij"), axis=-1).reshape(-1, 2)


@dataclass(frozen=True)
class LensOptions:
    """How finely a lens looks, and what of its values a fit believes.

    Args:
        step_deg: angle between neighbouring directions.
        least_value: share of the best value below which others lie beyond an edge, where a microphone turns
            sound upside down, or in another lobe.
        fewest: values near the best that a fit takes at least.
        farthest: greatest distance of the maximum from the best direction, in steps.
        inside: greatest distance of the maximum from the middle along either side that is seen well enough,
            in steps.
        least_bend: bend over a step, as a share of the best value, that is more than rounding.
    """

    step_deg: float = 1.5
    least_value: float = 0.8
    fewest: int = 8
    farthest: float = 1.5
    inside: float = 1.7
    least_bend: float = 1e-5


_DEFAULT = LensOptions()


class Seen(NamedTuple):
    """What a lens shows of a maximum.

    Args:
        direction: unit vector.
        is_inside: whether it is so far inside that the lens shows it from all sides.
        is_narrow: whether the response falls so fast around it that a finer lens would tell more.
    """

    direction: Float[np.ndarray, "3"]
    is_inside: bool
    is_narrow: bool


class Lens:
    """Five by five directions around one.

    Args:
        centre: unit vector in the middle.
        options: how finely it looks, and what of its values it believes.

    Attributes:
        directions: unit vectors, row by row.
    """

    def __init__(self, centre: Float[np.ndarray, "3"], options: LensOptions = _DEFAULT) -> None:
        self._centre, self._options = centre, options
        # Two vectors to the next directions, at right angles.
        self._steps = np.deg2rad(options.step_deg) * tangent_basis(centre)
        self.directions: Float[np.ndarray, "direction 3"] = normalize_direction(
            centre + _PLACES @ self._steps
        )

    def maximum(self, response: Float32[np.ndarray, "direction"], best: int) -> Seen:
        """Where the quadratic through the values around the best is greatest, at the best if nowhere.

        Args:
            response: a value for each direction.
            best: index of the greatest.
        """
        counts = response > self._options.least_value * response[best]
        solution = _quadratic(best, counts.tobytes(), self._options.fewest)
        place = _PLACES[best].astype(np.float64)
        if solution is not None:
            place += self._step_uphill(solution @ response, float(response[best]))
        is_inside = bool(np.abs(place).max() <= self._options.inside)
        return Seen(normalize_direction(self._centre + place @ self._steps), is_inside, solution is None)

    def _step_uphill(self, fit: Float32[np.ndarray, "5"], greatest: float) -> Float[np.ndarray, "2"]:
        """From a direction to the maximum of the quadratic there, if it bends down along every line."""
        slope_x, slope_y, bend_x, twist, bend_y = fit.tolist()
        determinant, bend = bend_x * bend_y - twist**2, -(bend_x + bend_y)
        least = self._options.least_bend * greatest
        if bend <= least or determinant <= least * bend:
            return np.zeros(2)
        step = np.array([twist * slope_y - bend_y * slope_x, twist * slope_x - bend_x * slope_y])
        step /= determinant
        farthest = self._options.farthest
        shortened: np.ndarray = step * min(1.0, farthest / max(float(np.linalg.norm(step)), 1e-12))
        return shortened


@lru_cache(1024)
def _quadratic(best: int, counts: bytes, fewest: int) -> Float32[np.ndarray, "5 direction"] | None:
    """Matrix from values of a lens to slopes and bends at one of its directions, by weighted least squares.

    Args:
        best: index of the direction.
        counts: whether each value counts.
        fewest: values at most two steps away that it takes.

    Returns:
        Rows for two slopes, bend, twist and bend; None where too few values count.
    """
    x, y = (_PLACES - _PLACES[best]).T.astype(np.float64)
    does_count = np.frombuffer(counts, dtype=bool)
    weight = np.where(does_count, np.exp(-(x**2 + y**2) / 4), 0)
    design = np.stack([np.ones_like(x), x, y, x**2 / 2, x * y, y**2 / 2], axis=1) * weight[:, None]
    is_near = x**2 + y**2 < 5
    if (does_count & is_near).sum() < fewest or np.linalg.matrix_rank(design) < len(design.T):
        return None
    solution: np.ndarray = (np.linalg.pinv(design) * weight)[1:].astype(np.float32)
    return solution
