"""Gridnet: from candidate directions to their representation in the latent space."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.geometry.grid import fibonacci_grid
from anydoa.models.config import AggRlConfig
from anydoa.nn.grid_encoding import CartesianEncoding, FrequencyEncoding, HarmonicEncoding, PhaseEncoding
from anydoa.nn.normalization import EluLayerNorm

NUM_LAYERS = 3


class Gridnet(nn.Module):
    """One small network for each output, each direction by itself.

    Args:
        config: sizes and the encoding of directions.
    """

    def __init__(self, config: AggRlConfig) -> None:
        super().__init__()
        self.encoding = encoding_of(config)
        self.outputs = nn.ModuleList(
            DirectionMlp(self.encoding.num_features, config.latent_size) for _ in range(config.num_outputs)
        )

    def forward(self, directions: Float[Tensor, "grid 3"]) -> Float[Tensor, "output grid latent"]:
        """Representation of unit vectors, one for each output."""
        features = self.encoding(directions)
        return torch.stack([network(features) for network in self.outputs])


class FixedGrid(nn.Module):
    """Weights of its own for each direction of one grid, as networks without Gridnet have them.

    In the inner product with AuGeonet's representation, which is a linear layer, this is a linear layer from
    its latent space to the directions. A direction off the grid has the value of the nearest on it.

    Args:
        config: sizes.
    """

    directions: Tensor

    def __init__(self, config: AggRlConfig) -> None:
        super().__init__()
        grid = fibonacci_grid(config.fixed_directions).directions
        self.register_buffer("directions", torch.tensor(grid, dtype=torch.float32), persistent=False)
        shape = (config.num_outputs, config.fixed_directions, config.latent_size)
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-1, 1))

    def forward(self, directions: Float[Tensor, "grid 3"]) -> Float[Tensor, "output grid latent"]:
        """Representation of unit vectors, one for each output."""
        with torch.no_grad():
            nearest = torch.matmul(directions.float(), self.directions.T).argmax(1)
        return self.weight[:, nearest]


def encoding_of(
    config: AggRlConfig,
) -> HarmonicEncoding | PhaseEncoding | FrequencyEncoding | CartesianEncoding:
    """How a configuration makes features of directions."""
    if config.grid_encoding == "harmonics":
        return HarmonicEncoding(config.grid_degree)
    if config.grid_encoding == "phases":
        return PhaseEncoding(config.latent_size)
    if config.grid_encoding == "fm":
        return FrequencyEncoding(config.latent_size, config.beta)
    return CartesianEncoding()


class DirectionMlp(nn.Module):
    """Three times linear, ELU, layer norm; then linear.

    Args:
        num_inputs: width of the encoding of a direction.
        width: width of every layer.
    """

    def __init__(self, num_inputs: int, width: int) -> None:
        super().__init__()
        widths = [num_inputs] + [width] * (NUM_LAYERS - 1)
        self.linears = nn.ModuleList(nn.Linear(inputs, width) for inputs in widths)
        self.norms = nn.ModuleList(EluLayerNorm(width) for _ in widths)
        self.last = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "grid feature"]) -> Float[Tensor, "grid latent"]:
        """Representation of each direction."""
        for linear, norm in zip(self.linears, self.norms, strict=True):
            x = norm(linear(x))
        representation: Tensor = self.last(x)
        return representation
