"""Peaks of many frames at once, by the rule that published localization errors are computed with.

The rule suits beams of a few degrees. The lobes of a small array are wider than the separation, and there it
takes the slope of the first talker for the second; :class:`~anydoa.peaks.finder.PeakFinder` does not, and
adds places between grid directions, mirrors and thresholds.
"""

import numpy as np
from jaxtyping import Float, Int

from anydoa.errors import ShapeError
from anydoa.geometry.grid import DirectionGrid


def pick_peaks(
    values: Float[np.ndarray, "frame grid"],
    grid: DirectionGrid,
    num_sources: int,
    *,
    separation_deg: float = 10.0,
) -> Int[np.ndarray, "frame source"]:
    """Grid indices of the ``num_sources`` peaks of every frame, highest first.

    Take the largest value, drop every direction within ``separation_deg`` of it, repeat. The first k of
    these are the k peaks of the same frame. Where nothing is left to take, the index is -1.

    Args:
        values: one spectrum a frame, not NaN.
        grid: directions of the spectra.
        num_sources: peaks to take.
        separation_deg: nearest that two peaks can be.

    Raises:
        ShapeError: if there is not one value a direction.

    Reference:
        Baek et al. (2026), evaluation.
    """
    if values.shape[1] != len(grid):
        raise ShapeError(
            f"the grid has {len(grid)} directions, got values of shape {values.shape}; "
            "give one row a frame, one value a direction"
        )
    limit = np.cos(np.deg2rad(separation_deg))
    left = np.array(values)
    directions = grid.directions.astype(left.dtype)
    peaks = np.empty((len(left), num_sources), dtype=np.int64)
    frames = np.arange(len(left))
    for source in range(num_sources):
        # The highest direction left in each frame, (frame,).
        index = left.argmax(axis=1)
        peaks[:, source] = np.where(np.isneginf(left[frames, index]), -1, index)
        if source + 1 < num_sources:
            # (frame, 3) @ (3, grid) -> (frame, grid): drop what lies near the direction taken.
            left[directions[index] @ directions.T >= limit] = -np.inf
            # A direction may lie a rounding error from itself.
            left[frames, index] = -np.inf
    return peaks
