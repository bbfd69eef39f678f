"""Memory that fades: sums over the past, each group of features with a time of its own."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

_TIMES_S = (0.08, 0.25, 0.8, 2.5)  # at the beginning


def fading_sum(
    values: Float[Tensor, "frame any"], decay: Float[Tensor, "1"], before: Float[Tensor, "any"] | None
) -> Float[Tensor, "frame any"]:
    """Sum over each frame and all before it, each frame back times ``decay``; one product for all frames.

    Args:
        values: of each frame.
        decay: 0..1.
        before: the sum after the frame before the first; None if there was none.
    """
    frame = torch.arange(values.shape[0], device=values.device)
    age = (frame[:, None] - frame).to(values.dtype)
    weight = torch.where(age >= 0, decay ** age.clamp(min=0), torch.zeros_like(age))
    total = torch.matmul(weight, values)
    if before is not None:
        total = total + (decay ** (frame + 1).to(values.dtype))[:, None] * before
    return total


class FadingMemory(nn.Module):
    """Means over the past, in four groups of features that are forgotten at different, learnt rates.

    Args:
        hop_s: seconds between frames.
    """

    def __init__(self, *, hop_s: float) -> None:
        super().__init__()
        self.log_rate = nn.Parameter(torch.tensor([math.log(hop_s / time) for time in _TIMES_S]))

    def forward(
        self,
        x: Float[Tensor, "frame batch feature direction"],
        before: Float[Tensor, "feature batch direction"] | None,
    ) -> tuple[Float[Tensor, "frame batch feature direction"], Float[Tensor, "feature batch direction"]]:
        """Means after each frame, and those after the last, to go on from."""
        decays = torch.exp(-self.log_rate.exp()).chunk(len(_TIMES_S))
        groups = x.chunk(len(_TIMES_S), 2)
        old: Sequence[Tensor | None] = [None] * len(groups)
        if before is not None:
            old = [part.transpose(0, 1).flatten() for part in before.chunk(len(_TIMES_S))]
        means = [
            fading_sum((1 - decay) * group.flatten(1), decay, start).view_as(group)
            for group, decay, start in zip(groups, decays, old, strict=True)
        ]
        past = torch.cat(means, 2)
        return past, past[-1].transpose(0, 1)
