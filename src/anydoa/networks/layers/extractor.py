"""The channel-invariant feature extractor (CIFE): the same features from each pair, whatever the array."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.networks.layers.causal_conv import NUM_TAPS, CausalConv, ResidualBlock, causal_conv
from anydoa.networks.layers.normalization import BatchNorm, EluBatchNorm
from anydoa.networks.layers.nudft import ALIGNMENT
from anydoa.networks.layers.positional_encoding import NUM_SCALARS


class PairExtractor(nn.Module):
    """Features of each pair by itself, from its cross-spectra and its place.

    The batch normalisation of the cross-spectra is absorbed by the convolution behind it: one constant input
    carries its shift. It is zero before the first frame, as the padding of the convolution wants it.

    Args:
        num_inputs: width of the cross-spectra.
        num_features: width of the result.
        dilations: frames between taps, one residual block each.

    ``tail_shapes`` are the frames and the width of each tail.
    """

    def __init__(self, num_inputs: int, num_features: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.num_inputs = num_inputs
        self.padding = -(num_inputs + NUM_SCALARS + 1) % ALIGNMENT
        self.input_norm = BatchNorm(num_inputs)
        self.conv = CausalConv(num_inputs + NUM_SCALARS, num_features)
        self.conv_norm = EluBatchNorm(num_features)
        self.blocks = nn.ModuleList(ResidualBlock(num_features, dilation, "batch") for dilation in dilations)
        self.tail_shapes = [(NUM_TAPS - 1, num_inputs + NUM_SCALARS + 1 + self.padding)]
        self.tail_shapes += [((NUM_TAPS - 1) * dilation, num_features) for dilation in dilations]

    def constants(self, scalars: Float[Tensor, "pair batch 8"]) -> Float[Tensor, "pair batch constant"]:
        """The constant end of each frame behind the cross-spectra: the place of a pair, a one, and zeros."""
        return nn.functional.pad(nn.functional.pad(scalars, (0, 1), value=1.0), (0, self.padding))

    def forward(
        self,
        x: Float[Tensor, "pair frame batch input"],
        encoding: Float[Tensor, "pair batch feature"],
        tails: Sequence[Tensor | None],
    ) -> tuple[Float[Tensor, "pair frame batch feature"], list[Tensor | None]]:
        """Features, and the tails for the frames that follow: the convolution's, then one a block.

        Args:
            x: PHAT features of each frame and pair, then the :meth:`constants`.
            encoding: the place of each pair as added to the input of each block.
            tails: what the previous call returned, or nothing but None at the start.
        """
        # One weight (tap input feature) for the norm and the convolution behind it; the norm's shift goes
        # to the input that is one.
        scale, shift = self.input_norm.scale_shift(x)
        spectral, placed = self.conv.weight.tensor_split((self.num_inputs,), dim=1)
        constant = torch.matmul(shift, spectral)[:, None]
        weight = torch.cat([spectral * scale[:, None], placed, constant], 1)
        weight = nn.functional.pad(weight, (0, 0, 0, self.padding))
        # pair frame batch input -> pair frame batch feature
        x, tail = causal_conv(x, weight, self.conv.bias, tails[0])
        x = self.conv_norm(x)
        new = [tail]
        for block, old in zip(self.blocks, tails[1:], strict=True):
            x, tail = block(x + encoding[:, None], old)
            new.append(tail)
        return x, new
