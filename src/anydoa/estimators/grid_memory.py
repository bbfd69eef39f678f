"""What networks make of the last few grids, kept for whoever asks again."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from anydoa.geometry.grid import DirectionGrid


class GridMemory:
    """Representations of the last few grids; all threads that share an estimator have them in common.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Float[np.ndarray, "latent grid"]] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self, grid: DirectionGrid, represent: Callable[[DirectionGrid], Float[np.ndarray, "latent grid"]]
    ) -> Float[np.ndarray, "latent grid"]:
        """The representation of a grid, made if it is not kept."""
        name = grid.hash
        # Whoever wants the same grid waits for it rather than making it again.
        with self._lock:
            known = self._kept.get(name)
            if known is None:
                known = self._kept[name] = represent(grid)
            self._kept.move_to_end(name)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return known

    def __reduce__(self) -> tuple[Any, tuple[int]]:
        """Without what another process computes sooner than it is sent; locks cannot be."""
        return GridMemory, (self._most,)
