"""Fair play for flat and straight arrays: only directions an array can tell apart are asked for.

A flat array hears a direction and its reflection through its plane alike, a straight one all directions of a
cone. Truth is folded onto one representative of each such set, and the grid holds only representatives.
"""

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from anydoa.geometry.ambiguity import array_axis, geometry_rank
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.folding import half_circle
from anydoa.geometry.grid import DirectionGrid

_CONES = 181  # directions a straight array is asked for, a degree apart


def fold_grid(grid: DirectionGrid, array: MicrophoneArray) -> DirectionGrid:
    """The directions of a grid that an array can tell apart.

    Returns:
        The grid itself for arrays in space; one side of it for flat arrays, reflections included where only
        the other side was covered; a half circle of 181 directions for straight ones.
    """
    rank = geometry_rank(array)
    if rank == "volume":
        return grid
    axis = array_axis(array)
    if rank == "plane":
        return DirectionGrid(_fold_half(grid, axis), name=f"{grid.name} folded")
    return DirectionGrid(half_circle(np.linspace(0, np.pi, _CONES), array), name=f"cones:{_CONES}")


def _fold_half(grid: DirectionGrid, axis: Float[np.ndarray, "3"]) -> Float[np.ndarray, "_ 3"]:
    height = grid.directions @ axis
    upper = grid.directions[height >= 0]
    lower = grid.directions[height < 0]
    reflected = lower - 2 * (lower @ axis)[:, None] * axis
    if not len(upper):
        return reflected
    chord = cKDTree(upper).query(reflected)[0]
    return np.concatenate([upper, reflected[chord > 2 * np.sin(grid.spacing / 2)]])
