"""Gridnet: from candidate directions to their representation in the latent space."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.networks.config import AggRlConfig
from anydoa.networks.layers.normalization import EluLayerNorm
from anydoa.networks.layers.positional_encoding import (
    CartesianEncoding,
    FrequencyEncoding,
    HarmonicEncoding,
    PhaseEncoding,
)


class Gridnet(nn.Module):
    """One small network for each output, each direction by itself.

    Args:
        config: sizes and the encoding of directions.
    """

    def __init__(self, config: AggRlConfig) -> None:
        super().__init__()
        self.encoding = direction_encoding(config)
        self.outputs = nn.ModuleList(
            DirectionMlp(self.encoding.num_features, config.latent_size) for _ in range(config.num_outputs)
        )

    def forward(self, directions: Float[Tensor, "grid 3"]) -> Float[Tensor, "output grid latent"]:
        """Representation of unit vectors, one for each output."""
        features = self.encoding(directions)
        return torch.stack([network(features) for network in self.outputs])


class DirectionMlp(nn.Module):
    """Three times linear, ELU, layer norm; then linear.

    Args:
        num_inputs: width of the encoding of a direction.
        width: width of every layer.
    """

    def __init__(self, num_inputs: int, width: int) -> None:
        super().__init__()
        widths = [num_inputs, width, width]
        self.linears = nn.ModuleList(nn.Linear(inputs, width) for inputs in widths)
        self.norms = nn.ModuleList(EluLayerNorm(width) for _ in widths)
        self.last = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "grid feature"]) -> Float[Tensor, "grid latent"]:
        """Representation of each direction."""
        for linear, norm in zip(self.linears, self.norms, strict=True):
            x = norm(linear(x))
        representation: Tensor = self.last(x)
        return representation


def direction_encoding(
    config: AggRlConfig,
) -> HarmonicEncoding | PhaseEncoding | FrequencyEncoding | CartesianEncoding:
    """The encoding of directions that a configuration names."""
    if config.grid_encoding == "harmonics":
        return HarmonicEncoding(config.grid_degree)
    if config.grid_encoding == "phases":
        return PhaseEncoding(config.latent_size)
    if config.grid_encoding == "fm":
        return FrequencyEncoding(config.latent_size, config.beta)
    return CartesianEncoding()
