"""The extractor as it runs: weights folded, few passes over memory, frames first.

Next to the matrix products it is the number of passes over memory that costs. So what is constant over
frames, the place of a pair and the shifts of norms, is kept in one small tensor and added where it is needed.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.nn.causal_conv import NUM_TAPS, CausalConv, DepthwiseCausalConv
from anydoa.nn.elementwise import elu, multiply_add
from anydoa.nn.extractor import PairExtractor
from anydoa.nn.normalization import BatchNorm
from anydoa.nn.residual_block import ResidualBlock


class FoldedExtractor(nn.Module):
    """What :class:`PairExtractor` does in evaluation.

    Args:
        extractor: its weights are copied.

    ``tail_lengths`` are the frames of each tail.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, extractor: PairExtractor) -> None:
        super().__init__()
        self.conv = FoldedConv(extractor.input_norm, extractor.conv)
        _keep_scale_shift(self, extractor.conv_norm)
        self.blocks = nn.ModuleList(
            FoldedResidualBlock(block)  # type: ignore[arg-type] # lists of modules forget their class
            for block in extractor.blocks
        )
        self.tail_lengths = [NUM_TAPS] + [frames for frames, _ in extractor.tail_shapes[1:]]

    def forward(
        self,
        x: Float[Tensor, "frame batch pair input"],
        scalars: Float[Tensor, "batch pair 8"],
        encoding: Float[Tensor, "batch pair feature"],
        tails: list[Tensor],
    ) -> tuple[Float[Tensor, "frame batch pair feature"], list[Tensor]]:
        """Features, and the tails for the frames that follow.

        Args:
            x: PHAT features of each frame and pair.
            scalars: the place of each pair as the convolution sees it.
            encoding: the place of each pair as added to the input of each block.
            tails: what the last call returned, or zeros at the start.
        """
        y, tail = self.conv(x, scalars, tails[0])
        y = elu(y) * self.scale
        offset = self.shift.expand_as(encoding)
        new = [tail]
        for block, old in zip(self.blocks, tails[1:], strict=True):
            y, offset, tail = block(y, offset + encoding, old)
            new.append(tail)
        return y + offset, new


class FoldedConv(nn.Module):
    """The first convolution and the norm before it; the place of a pair enters as a bias.

    Before the first frame of a recording there is nothing, not even a place. So the tail, zero at the start,
    holds products with all that belongs to a frame: one frame of the middle tap, then two of the oldest.

    Args:
        norm: over the input.
        conv: its weights are copied.
    """

    spectral: Tensor
    placed: Tensor
    constant: Tensor
    bias: Tensor

    def __init__(self, norm: BatchNorm, conv: CausalConv) -> None:
        super().__init__()
        scale, shift = norm.scale_shift(norm.weight)
        spectral, placed = conv.weight.tensor_split((scale.numel(),), dim=1)
        self.register_buffer("spectral", (spectral * scale[:, None]).detach())
        self.register_buffer("placed", placed.detach().clone())
        self.register_buffer("constant", (shift @ spectral)[:, None].detach())
        self.register_buffer("bias", conv.bias.detach().clone())

    def forward(
        self,
        x: Float[Tensor, "frame batch pair input"],
        scalars: Float[Tensor, "batch pair 8"],
        tail: Float[Tensor, "tail batch pair feature"],
    ) -> tuple[Float[Tensor, "frame batch pair feature"], Float[Tensor, "tail batch pair feature"]]:
        """The convolved frames and the next tail."""
        oldest, middle, newest = (torch.matmul(x, weight) for weight in self.spectral.unbind())
        places = torch.matmul(scalars[None], self.placed[:, None]) + self.constant[:, None]
        middle = torch.cat([tail[:1] - places[1], middle])
        oldest = torch.cat([tail[1:] - places[0], oldest])
        y = newest + middle[:-1] + oldest[:-2] + (places.sum(0) + self.bias)
        return y, torch.cat([middle[-1:] + places[1], oldest[-2:] + places[0]])


class FoldedResidualBlock(nn.Module):
    """What :class:`ResidualBlock` does in evaluation to features in two parts, one constant over frames.

    Args:
        block: of the extractor; its weights are copied.
    """

    weight: Tensor
    bias: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(self, block: ResidualBlock) -> None:
        super().__init__()
        assert isinstance(block.pointwise_norm, BatchNorm)
        assert isinstance(block.depthwise_norm, BatchNorm)
        self.register_buffer("weight", block.pointwise.weight.detach().T.clone())
        self.register_buffer("bias", block.pointwise.bias.detach().clone())
        self.depthwise = FoldedDepthwise(block.pointwise_norm, block.depthwise)
        _keep_scale_shift(self, block.depthwise_norm)

    def forward(
        self,
        x: Float[Tensor, "frame batch pair feature"],
        offset: Float[Tensor, "batch pair feature"],
        tail: Float[Tensor, "tail batch pair feature"],
    ) -> tuple[
        Float[Tensor, "frame batch pair feature"],
        Float[Tensor, "batch pair feature"],
        Float[Tensor, "tail batch pair feature"],
    ]:
        """Both parts of the features after the block, and the next tail."""
        y = torch.matmul(x, self.weight) + (torch.matmul(offset, self.weight) + self.bias)
        y, tail = self.depthwise(elu(y), tail)
        return x + elu(y) * self.scale, offset + self.shift, tail


class FoldedDepthwise(nn.Module):
    """A norm in evaluation, then the three-tap causal convolution of each feature by itself.

    Args:
        norm: before the convolution.
        conv: its weights are copied.
    """

    scale: Tensor
    shift: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, norm: BatchNorm, conv: DepthwiseCausalConv) -> None:
        super().__init__()
        self.dilation = conv.dilation
        _keep_scale_shift(self, norm)
        self.register_buffer("weight", conv.weight.detach().clone())
        self.register_buffer("bias", conv.bias.detach().clone())

    def forward(
        self,
        x: Float[Tensor, "frame batch pair feature"],
        tail: Float[Tensor, "tail batch pair feature"],
    ) -> tuple[Float[Tensor, "frame batch pair feature"], Float[Tensor, "tail batch pair feature"]]:
        """The convolved frames and the next tail."""
        oldest, middle, newest = self.weight.unbind()
        x = multiply_add(x, self.scale, self.shift)
        padded = torch.cat([tail, x])
        y = multiply_add(x, newest, self.bias)
        y = y + padded[self.dilation : -self.dilation] * middle
        return y + padded[: -2 * self.dilation] * oldest, padded[-2 * self.dilation :]


def _keep_scale_shift(module: nn.Module, norm: BatchNorm) -> None:
    scale, shift = norm.scale_shift(norm.weight)
    module.register_buffer("scale", scale.detach())
    module.register_buffer("shift", shift.detach())
