"""The mask network together with its loss: one module, so that several processes can share its gradients."""

from jaxtyping import Float
from torch import Tensor, nn

from anydoa.networks.mask_net import MaskNet
from anydoa.training.mask_clips import MaskBatch


class MaskSupervision(nn.Module):
    """From a batch to its loss.

    Args:
        network: what learns.
    """

    def __init__(self, network: MaskNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: MaskBatch) -> Float[Tensor, ""]:
        """Cross-entropy with the share of direct sound, averaged over bins by their weights."""
        logits, _ = self.network(batch.features)
        return mask_loss(logits.float(), batch.target, batch.weight)


def mask_loss(
    logits: Float[Tensor, "batch frame freq"],
    target: Float[Tensor, "batch frame freq"],
    weight: Float[Tensor, "batch frame freq"],
) -> Float[Tensor, ""]:
    """Binary cross-entropy with soft targets, averaged by weight."""
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (entropy * weight).sum() / weight.sum()
