"""Cross-spectra with the reference microphone, phases only (PHAT)."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from anydoa.networks.layers.gradients import apply_function

FLOOR = 1e-12  # magnitudes below it are not brought up to one, so silence stays zero
_LEARNED_FROM = 1e-8  # magnitudes below it say nothing to a gradient, which would have to be as much larger


def gcc_phat_features(
    real: Float[Tensor, "mic frame batch freq"],
    imag: Float[Tensor, "mic frame batch freq"],
    constants: Float[Tensor, "pair batch constant"],
    *,
    keep_reference: bool = False,
) -> Float[Tensor, "pair frame batch feature"]:
    """Real, then imaginary parts of ``X_c conj(X_ref) / |X_c X_ref|`` for each microphone c, then constants.

    Args:
        real: real part of the spectra, the reference microphone first.
        imag: imaginary part.
        constants: features that each frame of a pair has in common.
        keep_reference: whether the reference is paired with itself, too.
    """
    first = 0 if keep_reference else 1
    features: Tensor = apply_function(_GccPhat, real, imag, constants, first)
    return features


def spectrum_features(
    real: Float[Tensor, "mic frame batch freq"],
    imag: Float[Tensor, "mic frame batch freq"],
    constants: Float[Tensor, "mic batch constant"],
    mic_mask: Bool[Tensor, "batch mic"] | None = None,
) -> Float[Tensor, "mic frame batch feature"]:
    """Real, then imaginary parts of the spectrum of each microphone, then constants: nothing is compared yet.

    All microphones of a frame are divided by the root of their mean power, so that loudness does not matter.

    Args:
        real: real part of the spectra.
        imag: imaginary part.
        constants: features that each frame of a microphone has in common.
        mic_mask: which microphones are there; None if all are.
    """
    power = (real * real + imag * imag).mean(-1, keepdim=True)
    if mic_mask is None:
        mean = power.mean(0)
    else:
        weight = mic_mask.T[:, None, :, None].to(power.dtype)
        mean = (power * weight).sum(0) / weight.sum(0)
    scale = mean.clamp(min=FLOOR**2).rsqrt()
    placed = constants[:, None].expand(-1, real.shape[1], -1, -1)
    return torch.cat([real * scale, imag * scale, placed], -1)


class _GccPhat(torch.autograd.Function):
    """The features, their gradient written out: only phases matter, so one number a bin goes back."""

    @staticmethod
    def forward(ctx: Any, real: Tensor, imag: Tensor, constants: Tensor, first: int) -> Tensor:
        # All magnitudes brought up to one; phases stay.
        scale = (real * real).addcmul_(imag, imag).clamp_(min=FLOOR**2).rsqrt_()
        real, imag = real * scale, imag * scale
        bins = real.shape[-1]
        # pair frame batch 2*freq+constant, filled part by part
        features = real.new_empty(real.shape[0] - first, *real.shape[1:-1], 2 * bins + constants.shape[-1])
        cosine, sine, rest = features.tensor_split((bins, 2 * bins), -1)
        rest.copy_(constants[:, None])
        torch.mul(real[first:], real[:1], out=cosine).addcmul_(imag[first:], imag[:1])
        torch.mul(imag[first:], real[:1], out=sine).addcmul_(real[first:], imag[:1], value=-1)
        ctx.save_for_backward(real, imag, scale, features)
        ctx.first = first
        return features

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        real, imag, scale, features = ctx.saved_tensors
        parts = (real.shape[-1], 2 * real.shape[-1])
        cosine, sine, _ = features.tensor_split(parts, -1)
        grad_cosine, grad_sine, _ = grad.tensor_split(parts, -1)
        # Slope by the phase of each microphone; the reference turns against all others.
        turn = torch.zeros_like(real)
        torch.mul(grad_sine, cosine, out=turn[ctx.first :]).addcmul_(grad_cosine, sine, value=-1)
        turn[0] -= turn[ctx.first :].sum(0)
        # One over the magnitude would explode.
        turn.mul_(scale).masked_fill_(scale > 0.99 / _LEARNED_FROM, 0)
        return torch.mul(turn, imag).neg_(), turn.mul_(real), None, None
