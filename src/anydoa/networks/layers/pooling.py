"""One vector from any number of pairs: softmax weights, then sum and spread."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from anydoa.networks.layers.gradients import apply_function

EPSILON = 1e-12  # keeps the slope of the square root finite where all pairs agree


def pool_pairs(
    x: Float[Tensor, "pair frame batch feature"],
    pair_mask: Bool[Tensor, "batch pair"] | None = None,
    *,
    unbiased: bool = False,
) -> Float[Tensor, "frame batch pooled"]:
    """Sum and standard deviation over pairs of ``softmax(x) * x``, the softmax over pairs too.

    Args:
        x: features of each pair.
        pair_mask: true where there is a pair; None if all are there.
        unbiased: whether the deviation divides by one less than the number of pairs, as published.
    """
    if pair_mask is None:
        present, count = None, torch.as_tensor(x.shape[0], dtype=x.dtype, device=x.device)
    else:
        present = pair_mask.T[:, None, :, None]
        count = pair_mask.sum(1).clamp(min=1)[:, None].to(x.dtype)
    divisor = (count - 1).clamp(min=1) if unbiased else count
    pooled: Tensor = apply_function(_Pool, x, present, count, divisor)
    return pooled


class _Pool(torch.autograd.Function):
    """The pooling with its gradient written out: with z = softmax(x) x, dx = w (dz (1 + x) - sum(z dz))."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, present: Tensor | None, count: Tensor, divisor: Tensor) -> Tensor:
        if present is not None:
            x = torch.where(present, x, torch.finfo(x.dtype).min)
        weights = torch.softmax(x, dim=0)
        weighted = weights * x
        # pair frame batch feature -> frame batch feature, twice: sum and spread
        total = weighted.sum(0)
        deviation = weighted - total / count
        if present is not None:
            deviation = torch.where(present, deviation, 0.0)
        spread = torch.sqrt((deviation * deviation).sum(0) / divisor + EPSILON)
        pooled = torch.cat([total, spread], -1)
        ctx.save_for_backward(pooled, weights, weighted, deviation, divisor)
        return pooled

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        pooled, weights, weighted, deviation, divisor = ctx.saved_tensors
        grad_total, grad_spread = grad.chunk(2, -1)
        spread = pooled.chunk(2, -1)[1]
        # The deviations sum to zero, so the mean inside them has no share in the gradient.
        grad_weighted = torch.addcmul(grad_total, deviation, grad_spread / (divisor * spread))
        shared = weighted * grad_weighted
        total = shared.sum(0)
        return grad_weighted.sub_(total).mul_(weights).add_(shared), None, None, None
