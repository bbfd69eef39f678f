"""The fixed directions that SteeringNet judges where it runs, whose slopes they lie on, what is between."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from anydoa.geometry.grid import fibonacci_grid

_REACH = 0.6  # of a direction, grid spacings


class JudgedSphere(nn.Module):
    """A Fibonacci sphere, and any other direction as a weighted mean of its directions.

    Args:
        count: its directions.
        slope_deg: how far from a top its slopes begin and end.

    ``tops`` are the directions on whose slope each one would lie, and itself, repeated where there are fewer.
    """

    directions: Float[Tensor, "direction 3"]
    tops: Int[Tensor, "direction top"]

    def __init__(self, count: int, slope_deg: tuple[float, float]) -> None:
        super().__init__()
        grid = fibonacci_grid(count)
        directions = torch.tensor(grid.directions, dtype=torch.float32)
        cosine = directions @ directions.T
        nearest, farthest = (math.cos(math.radians(angle)) for angle in slope_deg)
        on_slope = ((cosine <= nearest) & (cosine >= farthest)).fill_diagonal_(True)
        order = on_slope.int().argsort(dim=1, descending=True, stable=True)
        tops = torch.where(on_slope.gather(1, order), order, torch.arange(count)[:, None])
        tops = tops[:, : int(on_slope.sum(1).max())]
        self.register_buffer("directions", directions, persistent=False)
        self.register_buffer("tops", tops.clone(), persistent=False)
        self.sharpness = 1 / (1 - math.cos(_REACH * grid.spacing))

    def forward(self, directions: Float[Tensor, "grid 3"]) -> Float[Tensor, "grid direction"]:
        """Weights of the sphere's directions for each unit vector; they sum to one."""
        return torch.softmax(self.sharpness * (directions @ self.directions.T), -1)
