"""Directions that are searched for talkers, with their neighbours."""

import numpy as np
from jaxtyping import Float, Float32, Int
from scipy.sparse import csr_array, vstack
from scipy.spatial import cKDTree

from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid

_BLOCK = 8192  # directions weighed at once


class Candidates:
    """Even directions where the grid looks, one for all that the array cannot tell apart.

    The same for every grid that covers the sphere, so the answer does not depend on the order or the number
    of its directions.

    Args:
        array: what listens.
        grid: directions that a talker can have.
        num_candidates: directions on the whole sphere.
        cluster_deg: radius of a neighbourhood.
    """

    def __init__(
        self,
        array: MicrophoneArray,
        grid: DirectionGrid,
        *,
        num_candidates: int,
        cluster_deg: float,
    ) -> None:
        sphere = fibonacci_grid(num_candidates)
        apart = array.ambiguity.representatives(sphere)
        chord = cKDTree(array.ambiguity.fold(grid.directions)).query(apart)[0]
        self.directions = apart[chord <= 2 * np.sin(sphere.spacing / 2)]
        self._sharpness = 1 / (1 - np.cos(0.6 * sphere.spacing))  # weights reach so far
        near = self.directions @ self.directions.T >= np.cos(np.deg2rad(cluster_deg))
        self._near = csr_array(near.astype(np.float32))

    def __len__(self) -> int:
        return len(self.directions)

    def around(self, index: int) -> Int[np.ndarray, "_"]:
        """The candidates in the neighbourhood of one candidate, itself among them."""
        neighbours: np.ndarray = self._near.indices[self._near.indptr[index] : self._near.indptr[index + 1]]
        return neighbours

    def gather(self, share: Float32[np.ndarray, "candidate"]) -> Float32[np.ndarray, "candidate"]:
        """Sum of a share over the neighbourhood of each candidate."""
        together: np.ndarray = self._near @ share
        return together

    def weights_at(self, directions: Float[np.ndarray, "direction 3"]) -> csr_array:
        """Weights of the candidates near each direction, by which anything known of them is known there.

        Args:
            directions: unit vectors, folded as the candidates are.

        Returns:
            A row for each direction; it sums to one.
        """
        blocks = []
        for start in range(0, len(directions), _BLOCK):
            cosine = directions[start : start + _BLOCK] @ self.directions.T
            weights = np.exp(self._sharpness * (cosine - cosine.max(axis=1, keepdims=True)))
            weights[weights < 0.01] = 0  # next to nothing, and the matrix stays sparse
            blocks.append(csr_array((weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)))
        return csr_array(vstack(blocks, format="csr"))
