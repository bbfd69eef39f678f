"""Averages over cones: all that a straight array hears of the directions of a grid."""

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array, vstack

SAME_CONE = 1e-5  # radians between angles to a line that are one but for rounding
_COARSE = np.deg2rad(29.0)  # spacing of grids on which each cone is looked at by itself
_LEAST_GAP = np.deg2rad(2.0)  # between cones that are told apart; on dense grids all are nearer


def average_cones(
    cone: Float[np.ndarray, "grid"], angles: Float[np.ndarray, "angle"], spacing: float
) -> csr_array | None:
    """Weights (cone, grid) that average the directions of each cone; None if no direction is near any angle.

    Args:
        cone: angle of each direction of the grid to the line, in radians.
        angles: where cones are sought on a grid that is dense enough to average over several.
        spacing: spacing of the grid, in radians.
    """
    few = _few_cones(cone) if spacing > _COARSE else None
    return _bells_around(angles, cone, _cone_width(cone, spacing)) if few is None else few


def _few_cones(cone: Float[np.ndarray, "grid"]) -> csr_array | None:
    """Weights (cone, grid) that average the directions of each cone; None where one runs into the next.

    Args:
        cone: angle of each direction of the grid to the axis.
    """
    order = np.argsort(cone)
    ends = np.flatnonzero(np.append(np.diff(cone[order]) > _LEAST_GAP / 2, True)) + 1
    parts = np.split(order, ends[:-1])
    if max(float(np.ptp(cone[part])) for part in parts) > _LEAST_GAP / 2:
        return None
    number = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    shares = np.concatenate([np.full(len(part), 1 / len(part)) for part in parts])
    return csr_array((shares, (number, np.concatenate(parts))), shape=(len(parts), len(cone)))


def _cone_width(cone: Float[np.ndarray, "grid"], spacing: float) -> float:
    """Standard deviation of a bell over cones: narrow enough to tell those apart on which directions lie.

    Directions far from each other may lie on cones that are close.
    """
    gaps = np.diff(np.unique(np.round(cone / SAME_CONE)) * SAME_CONE)
    return min(spacing, max(float(np.median(gaps)), _LEAST_GAP)) / 2 if len(gaps) else spacing / 2


def _bells_around(
    angles: Float[np.ndarray, "angle"], cone: Float[np.ndarray, "grid"], width: float
) -> csr_array | None:
    """Weights (cone, grid): for each angle that directions lie near a bell around it that sums to one.

    None if there are none near any.

    Args:
        angles: angles to the axis.
        cone: angle of each direction of the grid to the axis.
        width: standard deviation of the bell, which ends at three of them.
    """
    rows = []
    for angle in angles:
        offset = cone - angle
        weights = np.where(np.abs(offset) <= 3 * width, np.exp(-0.5 * (offset / width) ** 2), 0)
        if weights.any():
            rows.append(csr_array((weights / weights.sum())[None]))
    return vstack(rows, format="csr") if rows else None
