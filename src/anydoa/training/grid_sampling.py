"""The grid of directions of one training step, shared by the whole batch.

Gridnet runs once a step instead of once a clip. A few hundred even directions leave a narrow lobe with none
in it, so as many directions again are drawn near the talkers of the batch, anywhere along the paths of those
who move: near its own talkers for one clip, nearly even for the others.

The near directions are deliberately not weighted down. They make high targets more frequent than on an even
grid, as a larger positive weight in the loss would: the spectrum rises where the network is in doubt. Since
that keeps the order of directions, peaks stay where they are, but the threshold that calls a peak a talker
has to be chosen on validation clips and not taken to be 0.5.
"""

import numpy as np
from jaxtyping import Float

from anydoa.geometry.coordinates import normalize_direction, random_rotation, rotate
from anydoa.geometry.grid import fibonacci_grid
from anydoa.training.config import GridOptions


class GridSampler:
    """Draws the directions of each step.

    Args:
        options: how many directions of each kind.
    """

    def __init__(self, options: GridOptions) -> None:
        self.options = options
        self._even = fibonacci_grid(options.even).directions

    def draw(
        self, sources: Float[np.ndarray, "source instant 3"], rng: np.random.Generator
    ) -> Float[np.ndarray, "grid 3"]:
        """Even directions, randomly turned if so configured, then the ones near talkers.

        Args:
            sources: unit vectors towards all talkers of the batch, in each frame or once for all; without
                any the near directions are even.
            rng: source of randomness.
        """
        even = rotate(self._even, random_rotation(rng)) if self.options.turn else self._even
        if not self.options.near:
            return even.astype(np.float32)
        near = self._near(sources, rng) if len(sources) else normalize_direction(self._noise(rng))
        return np.concatenate([even, near]).astype(np.float32)

    def _near(self, sources: Float[np.ndarray, "source instant 3"], rng: np.random.Generator) -> np.ndarray:
        """Directions around talkers, each talker as often as the next, Gaussian on the sphere."""
        turns = -(-self.options.near // len(sources))
        order = np.concatenate([rng.permutation(len(sources)) for _ in range(turns)])[: self.options.near]
        offset = np.deg2rad(self.options.near_spread_deg) * self._noise(rng)
        # Drawn last, so that grids of talkers who stand still are what they have always been.
        instant = rng.integers(sources.shape[1], size=len(order))
        return normalize_direction(sources[order, instant] + offset)

    def _noise(self, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((self.options.near, 3))
