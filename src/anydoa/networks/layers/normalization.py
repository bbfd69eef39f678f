"""Normalisation of the last axis, together with the ELU that always comes before it."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.networks.layers.gradients import apply_function

LAYER_EPSILON = 1e-8  # as in the published model


class BatchNorm(nn.Module):
    """Statistics of each feature over all other axes, and the affine map that makes them zero and one.

    Args:
        num_features: width of the last axis.
        momentum: weight of a new batch in the running statistics.
        epsilon: added to the variance.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, *, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def scale_shift(
        self, x: Float[Tensor, "*batch more"]
    ) -> tuple[Float[Tensor, "feature"], Float[Tensor, "feature"]]:
        """The affine map that normalises the first features of ``x``, for a following linear layer to absorb.

        In training it is the map of ``x`` itself, and the running statistics move.
        """
        if self.training:
            # Moments of surplus features cost less than the gradient of a slice.
            moments = apply_function(_Moments, x)
            mean, variance = (moment[: self.weight.numel()] for moment in moments)
            count = x[..., 0].numel()
            self.running_mean.lerp_(mean.detach(), self.momentum)
            self.running_var.lerp_(variance.detach() * (count / max(count - 1, 1)), self.momentum)
        else:
            mean, variance = self.running_mean, self.running_var
        scale = self.weight * torch.rsqrt(variance + self.epsilon)
        return scale, self.bias - mean * scale


class EluBatchNorm(BatchNorm):
    """ELU, then each feature with zero mean and unit variance over all other axes, scaled and shifted."""

    def forward(self, x: Float[Tensor, "*batch feature"]) -> Float[Tensor, "*batch feature"]:
        """The normalised activations; in training the running statistics move."""
        e = nn.functional.elu(x)
        if not self.training:
            scale, shift = self.scale_shift(e)
            return torch.addcmul(shift, e, scale)
        statistics = self.running_mean, self.running_var
        y = nn.functional.batch_norm(
            e.flatten(0, -2), *statistics, self.weight, self.bias, True, self.momentum, self.epsilon
        )
        return y.view_as(x)


class EluLayerNorm(nn.LayerNorm):
    """ELU, then each vector with zero mean and unit variance over its features, scaled and shifted.

    Args:
        num_features: width of the last axis.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__(num_features, eps=LAYER_EPSILON)

    def forward(self, x: Float[Tensor, "*batch feature"]) -> Float[Tensor, "*batch feature"]:
        """The normalised activations."""
        return super().forward(nn.functional.elu(x))


class _Moments(torch.autograd.Function):
    """Mean and population variance of each feature; many times faster than ``torch.var_mean``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        rows = x.flatten(0, -2)
        mean = rows.mean(0)
        variance = (rows * rows).mean(0).addcmul_(mean, mean, value=-1).clamp_(min=0)
        ctx.save_for_backward(x, mean)
        return mean, variance

    @staticmethod
    def backward(ctx: Any, grad_mean: Tensor, grad_variance: Tensor) -> Tensor:
        x, mean = ctx.saved_tensors
        slope = grad_variance * (2 / x[..., 0].numel())
        return torch.addcmul(grad_mean / x[..., 0].numel() - slope * mean, x, slope)
