"""Values known at some directions, asked for at others."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from anydoa.geometry.grid import fibonacci_grid

_REACH = 0.6  # of a known direction, grid spacings


class Interpolation(nn.Module):
    """Weighted means over the directions of a Fibonacci sphere.

    Args:
        count: its directions.
        near_deg: how near others are that count as neighbours.

    ``neighbours`` are those of each known direction, itself included, repeated where there are fewer.
    """

    known: Float[Tensor, "known 3"]
    neighbours: Int[Tensor, "known neighbour"]

    def __init__(self, count: int, near_deg: float) -> None:
        super().__init__()
        grid = fibonacci_grid(count)
        self.register_buffer("known", torch.tensor(grid.directions, dtype=torch.float32), persistent=False)
        cosine = self.known @ self.known.T
        order = cosine.argsort(dim=1, descending=True)
        near = cosine.gather(1, order) >= math.cos(math.radians(near_deg))
        near[:, 0] = True
        neighbours = torch.where(near, order, order[:, :1])[:, : int(near.sum(1).max())]
        self.register_buffer("neighbours", neighbours.clone(), persistent=False)
        self.sharpness = 1 / (1 - math.cos(_REACH * grid.spacing))

    def forward(self, directions: Float[Tensor, "grid 3"]) -> Float[Tensor, "grid known"]:
        """Weights of the known directions for each unit vector; they sum to one."""
        return torch.softmax(self.sharpness * (directions @ self.known.T), -1)
