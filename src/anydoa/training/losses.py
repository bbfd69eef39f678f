"""The losses of training: of each direction by itself, and of directions compared."""

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


def direction_divergence(
    logits: Float[Tensor, "batch grid frame"], target: Float[Tensor, "batch grid frame"]
) -> Float[Tensor, ""]:
    """Divergence from the target to the spectrum, both taken as distributions over directions, in nats.

    Cross-entropy judges each direction by itself. Peaks are chosen by comparing directions, and this is lower
    the more the spectrum prefers the right ones, however high it is. Mean over frames in which anybody
    speaks; 0 if there are none.

    Args:
        logits: log-odds of the network.
        target: 0..1, all 0 in silence.

    Reference:
        Kullback and Leibler (1951). Not in Baek et al. (2026).
    """
    total = target.sum(1, keepdim=True)
    wanted = target / total.clamp(min=torch.finfo(target.dtype).tiny)
    found = torch.log_softmax(logits, 1)
    divergence = torch.nn.functional.kl_div(found, wanted, reduction="none").sum(1)
    return divergence.sum() / (total > 0).sum().clamp(min=1)
