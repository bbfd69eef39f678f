"""Layers as they run: weights fused, few passes over memory, frames first.

Next to the matrix products it is the number of passes over memory that costs. So what is constant over
frames, the place of a pair and the shifts of norms, is kept in one small tensor and added where it is needed.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.networks.layers import (
    EPSILON,
    NUM_TAPS,
    BatchNorm,
    CausalConv,
    DepthwiseCausalConv,
    DualPathBlock,
    PairAttention,
    PairExtractor,
    ResidualBlock,
)


class FusedExtractor(nn.Module):
    """The same as :class:`PairExtractor` in evaluation.

    Args:
        extractor: its weights are copied.

    ``tail_lengths`` are the frames of each tail.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, extractor: PairExtractor) -> None:
        super().__init__()
        self.conv = FusedConv(extractor.input_norm, extractor.conv)
        _keep_scale_shift(self, extractor.conv_norm)
        self.blocks = nn.ModuleList(
            FusedResidualBlock(block)  # type: ignore[arg-type] # lists of modules forget their class
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
            tails: what the previous call returned, or zeros at the start.
        """
        y, tail = self.conv(x, scalars, tails[0])
        # Features are the sum of `y` and an offset, batch pair feature, that is constant over frames.
        y = elu(y) * self.scale
        offset = self.shift.expand_as(encoding)
        new = [tail]
        for block, old in zip(self.blocks, tails[1:], strict=True):
            y, offset, tail = block(y, offset + encoding, old)
            new.append(tail)
        return y + offset, new


class FusedConv(nn.Module):
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
        # frame batch pair input -> frame batch pair feature, for each tap
        oldest, middle, newest = (torch.matmul(x, weight) for weight in self.spectral.unbind())
        # tap batch pair feature: what the place of a pair gives in every frame
        places = torch.matmul(scalars[None], self.placed[:, None]) + self.constant[:, None]
        # The tail holds what the places give, too. It is taken out, for all frames get it at once below.
        middle = torch.cat([tail[:1] - places[1], middle])
        oldest = torch.cat([tail[1:] - places[0], oldest])
        y = newest + middle[:-1] + oldest[:-2] + (places.sum(0) + self.bias)
        return y, torch.cat([middle[-1:] + places[1], oldest[-2:] + places[0]])


class FusedResidualBlock(nn.Module):
    """The same as :class:`ResidualBlock` in evaluation, for features in two parts, one constant over frames.

    Args:
        block: residual block of the extractor; its weights are copied.
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
        self.depthwise = FusedDepthwise(block.pointwise_norm, block.depthwise)
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


class FusedDepthwise(nn.Module):
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


class FusedDualPathBlock(nn.Module):
    """The same as :class:`DualPathBlock` when no pair is absent.

    Args:
        block: its weights are copied, or shared as they are.
    """

    def __init__(self, block: DualPathBlock) -> None:
        super().__init__()
        self.compat = block.compat
        self.attention = FusedAttention(block.attention)
        self.attention_norm = block.attention_norm
        self.recurrence = block.recurrence
        self.linear = block.linear
        self.recurrence_norm = block.recurrence_norm

    def forward(
        self,
        x: Float[Tensor, "frame batch pair feature"],
        encoding: Float[Tensor, "batch pair feature"],
        hidden: Float[Tensor, "layer batch feature"],
    ) -> tuple[Float[Tensor, "frame batch pair feature"], Float[Tensor, "layer batch feature"]]:
        """The frames after the block, and the hidden state."""
        attended = self.attention(x + encoding)
        if self.compat:
            # The published model reads a (feature, pair) tensor as (pair, feature).
            attended = attended.transpose(2, 3).reshape(attended.shape)
        x = x + self.attention_norm(attended)
        recurrent, hidden = self.recurrence(pool(x, unbiased=self.compat), hidden)
        y = self.recurrence_norm(self.linear(elu(recurrent)))
        return x + y[:, :, None], hidden


class FusedAttention(nn.Module):
    """The same as :class:`PairAttention` when no pair is absent.

    Features stand before pairs around the small products, so that one cheap turn each way is enough. The
    softmax does not see a bias of the keys; that of the values passes through it.

    Args:
        attention: its weights are copied.
    """

    query: Tensor
    query_bias: Tensor
    key: Tensor
    value: Tensor
    output: Tensor
    bias: Tensor

    def __init__(self, attention: PairAttention) -> None:
        super().__init__()
        self.num_heads = attention.num_heads
        query, key, value = attention.projection.weight.detach().chunk(3)
        query_bias, _, value_bias = attention.projection.bias.detach().chunk(3)
        output = attention.output.weight.detach()
        self.register_buffer("query", query * attention.scale)
        self.register_buffer("query_bias", query_bias * attention.scale)
        self.register_buffer("key", key.clone())
        self.register_buffer("value", value.clone())
        self.register_buffer("output", output.clone())
        self.register_buffer("bias", attention.output.bias.detach() + output @ value_bias)

    def forward(
        self, x: Float[Tensor, "frame batch pair feature"]
    ) -> Float[Tensor, "frame batch pair feature"]:
        """Each pair's view of all pairs."""
        # frame batch pair feature -> frame*batch head feature pair
        frames, batch, pairs, width = x.shape
        by_head = (-1, self.num_heads, width // self.num_heads, pairs)
        asked = nn.functional.linear(x.reshape(-1, width), self.query, self.query_bias).view_as(x)
        query, key, value = (
            part.transpose(2, 3).reshape(by_head) for part in (asked, x @ self.key.T, x @ self.value.T)
        )
        # -> frame*batch head pair other -> frame batch feature pair -> frame batch pair feature
        weights = torch.softmax(torch.matmul(query.transpose(2, 3), key), -1)
        mixed = torch.matmul(value, weights.transpose(2, 3)).view(frames, batch, width, pairs)
        rows = mixed.transpose(2, 3).reshape(-1, width)
        return nn.functional.linear(rows, self.output, self.bias).view_as(x)


def pool(
    x: Float[Tensor, "frame batch pair feature"], *, unbiased: bool = False
) -> Float[Tensor, "frame batch pooled"]:
    """Pooling when no pair is absent; the softmax is divided out at the end."""
    count = torch.as_tensor(x.shape[2], dtype=x.dtype)
    divisor = (count - 1).clamp(min=1) if unbiased else count
    # frame batch pair feature -> frame batch feature, twice: sum and spread
    powers = torch.exp(x - x.amax(2, keepdim=True))
    weighted = powers * x
    norm, total = powers.sum(2), weighted.sum(2, keepdim=True)
    deviation = weighted - total / count
    spread = torch.sqrt((deviation * deviation).sum(2) / (norm * norm * divisor) + EPSILON)
    return torch.cat([total[:, :, 0] / norm, spread], -1)


def elu(x: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Exponential linear unit from vectorised operators; that of ONNX Runtime takes twice as long."""
    return torch.maximum(x, torch.exp(x.clamp(max=0.0)) - 1.0)


def multiply_add(
    x: Float[Tensor, "*batch feature"], factor: Float[Tensor, "feature"], term: Float[Tensor, "feature"]
) -> Float[Tensor, "*batch feature"]:
    """``x * factor + term`` in one pass over memory: ONNX has it only as a batch normalisation."""
    zero, one = torch.zeros(len(term)), torch.ones(len(term))
    rows = x.reshape(-1, len(term))
    return nn.functional.batch_norm(rows, zero, one, factor, term, eps=0.0).view_as(x)
