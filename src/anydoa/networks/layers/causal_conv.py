"""Convolutions over frames that never look ahead, and the residual block that is made of them.

Frames are the third axis from the end, so a shift in time is a slice of whole rows.

    output frame t = sum over taps k of  weight[k] applied to input frame t - (taps - 1 - k) * dilation

Frames before the first are zero, or come from the ``tail`` of what went before.
"""

import math
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.networks.layers.gradients import apply_function
from anydoa.networks.layers.normalization import EluBatchNorm, EluLayerNorm

NUM_TAPS = 3


class DepthwiseCausalConv(nn.Module):
    """Three-tap causal convolution of each feature by itself.

    Args:
        num_features: width.
        dilation: frames between taps.
    """

    def __init__(self, num_features: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.tail_length = (NUM_TAPS - 1) * dilation
        bound = 1 / math.sqrt(NUM_TAPS)
        self.weight = nn.Parameter(torch.empty(NUM_TAPS, num_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(num_features).uniform_(-bound, bound))

    def forward(
        self, x: Float[Tensor, "*pair frame batch feature"], tail: Tensor | None = None
    ) -> tuple[Float[Tensor, "*pair frame batch feature"], Tensor | None]:
        """The convolved frames, and the tail for those that follow; none without one to start from."""
        if tail is None:
            y: Tensor = apply_function(_Depthwise, x, self.weight, self.bias, self.dilation)
            return y, None
        padded = torch.cat([tail, x], -3)
        y = self.bias
        for tap, weight in zip(shifted(padded, self.dilation), self.weight.unbind(), strict=True):
            y = torch.addcmul(y, tap, weight)
        return y, padded[..., -self.tail_length :, :, :]


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


class CausalConv(nn.Module):
    """Three-tap causal convolution from one width to another.

    Args:
        num_inputs: width before.
        num_outputs: width after.
    """

    def __init__(self, num_inputs: int, num_outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(num_inputs * NUM_TAPS)
        self.weight = nn.Parameter(torch.empty(NUM_TAPS, num_inputs, num_outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(num_outputs).uniform_(-bound, bound))


def causal_conv(
    x: Float[Tensor, "*pair frame batch input"],
    weight: Float[Tensor, "tap input output"],
    bias: Float[Tensor, "output"],
    tail: Tensor | None = None,
) -> tuple[Float[Tensor, "*pair frame batch output"], Tensor | None]:
    """Convolve with given weights; see :class:`DepthwiseCausalConv` for the tail.

    All taps are one matrix product, three times as wide; its parts are shifted and added.
    """
    wide = weight.permute(1, 0, 2).flatten(1)
    if tail is None:
        y: Tensor = apply_function(_ShiftedSum, torch.matmul(x, wide), bias)
        return y, None
    padded = torch.cat([tail, x], -3)
    parts = torch.matmul(padded, wide).chunk(NUM_TAPS, dim=-1)
    y = bias
    for delay, part in zip(range(NUM_TAPS), parts, strict=True):
        y = y + shifted(part, 1)[delay]
    return y, padded[..., 1 - NUM_TAPS :, :, :]


def shifted(padded: Tensor, dilation: int) -> list[Tensor]:
    """One view a tap, oldest first; ends counted from the back, so an exported graph takes any length."""
    last = (NUM_TAPS - 1) * dilation
    return [padded[..., start : (start - last) or None, :, :] for start in range(0, last + 1, dilation)]


def _overlap(x: Tensor, y: Tensor, delay: int) -> tuple[Tensor, Tensor]:
    """The frames of ``x`` that have a place in ``y`` when they are late by ``delay``, and those places."""
    return x[..., : max(x.shape[-3] - delay, 0), :, :], y[..., delay:, :, :]


class _Depthwise(torch.autograd.Function):
    """The convolution from a silent past, without the padded copy and the zeros that slices cost autograd."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, dilation: int) -> Tensor:
        y = torch.addcmul(bias, x, weight[-1])
        for tap in range(NUM_TAPS - 1):
            origin, target = _overlap(x, y, (NUM_TAPS - 1 - tap) * dilation)
            target.addcmul_(origin, weight[tap])
        ctx.save_for_backward(x, weight)
        ctx.dilation = dilation
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        grad_x = grad * weight[-1]
        grad_weight = torch.empty_like(weight)
        for tap in range(NUM_TAPS):
            origin, target = _overlap(x, grad, (NUM_TAPS - 1 - tap) * ctx.dilation)
            grad_weight[tap] = (origin * target).flatten(0, -2).sum(0)
        for tap in range(NUM_TAPS - 1):
            origin, target = _overlap(grad_x, grad, (NUM_TAPS - 1 - tap) * ctx.dilation)
            origin.addcmul_(target, weight[tap])
        return grad_x, grad_weight, grad.flatten(0, -2).sum(0), None


class _ShiftedSum(torch.autograd.Function):
    """Sum of the parts of the wide product, each late by its tap, from a silent past."""

    @staticmethod
    def forward(ctx: Any, parts: Tensor, bias: Tensor) -> Tensor:
        *early, last = parts.chunk(NUM_TAPS, dim=-1)
        y = last + bias
        for tap, part in enumerate(early):
            origin, target = _overlap(part, y, NUM_TAPS - 1 - tap)
            target.add_(origin)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        grad_parts = grad.new_empty(*grad.shape[:-1], NUM_TAPS * grad.shape[-1])
        for tap, part in enumerate(grad_parts.chunk(NUM_TAPS, dim=-1)):
            origin, target = _overlap(part, grad, NUM_TAPS - 1 - tap)
            origin.copy_(target)
            part[..., origin.shape[-3] :, :, :] = 0
        return grad_parts, grad.flatten(0, -2).sum(0)
