"""The unit of the extractor and of the mapping: pointwise, then depthwise over time, around a shortcut."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from anydoa.nn.causal_conv import DepthwiseCausalConv
from anydoa.nn.normalization import EluBatchNorm, EluLayerNorm


class ResidualBlock(nn.Module):
    """Linear, ELU, norm, dilated causal depthwise convolution, ELU, norm, plus the input.

    Args:
        num_features: width.
        dilation: frames between taps.
        norm: over the ``batch``, or over the features of each frame: ``layer``.
    """

    def __init__(self, num_features: int, dilation: int, norm: Literal["batch", "layer"]) -> None:
        super().__init__()
        elu_norm = EluBatchNorm if norm == "batch" else EluLayerNorm
        self.pointwise = nn.Linear(num_features, num_features)
        self.pointwise_norm = elu_norm(num_features)
        self.depthwise = DepthwiseCausalConv(num_features, dilation)
        self.depthwise_norm = elu_norm(num_features)

    def forward(
        self, x: Float[Tensor, "*pair frame batch feature"], tail: Tensor | None = None
    ) -> tuple[Float[Tensor, "*pair frame batch feature"], Tensor | None]:
        """The frames after the block, and the tail for those that follow; none without one to start from."""
        y, tail = self.depthwise(self.pointwise_norm(self.pointwise(x)), tail)
        return x + self.depthwise_norm(y), tail
