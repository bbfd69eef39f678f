"""The loss of training: weighted binary cross-entropy."""

import torch
from jaxtyping import Float
from torch import Tensor

POSITIVE_WEIGHT = 2.0


def weighted_cross_entropy(
    logits: Float[Tensor, "batch output grid frame"],
    target: Float[Tensor, "batch output grid frame"],
    *,
    positive_weight: float = POSITIVE_WEIGHT,
) -> Float[Tensor, ""]:
    """Cross-entropy with soft targets, averaged over clips, directions and frames, summed over outputs.

    Args:
        logits: log-odds of the network.
        target: 0..1.
        positive_weight: weight (rho) of the positive term; lobes cover a small part of the sphere.

    Reference:
        Baek et al. (2026), the loss with rho = 2.
    """
    weight = torch.tensor(positive_weight, device=logits.device, dtype=logits.dtype)
    mean = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weight)
    return mean * logits.shape[1]
