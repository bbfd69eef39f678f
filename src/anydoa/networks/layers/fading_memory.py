"""Memory that fades: learned means over the past, and levels of bands against their own recent past."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

_TIMES_S = (0.08, 0.25, 0.8, 2.5)  # at the beginning
MEMORY_S = 2.0
_SILENCE = 1e-24  # power below which a frame holds nothing
_FLOOR = 1e-10  # of the frame's mean power
_LIMIT = 6.0  # in nepers of amplitude


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


class BandLevels(nn.Module):
    """Levels of bands; nothing is learnt.

    Args:
        num_bands: bands.
        hop_s: seconds between frames.
    """

    def __init__(self, num_bands: int, *, hop_s: float) -> None:
        super().__init__()
        self.num_bands = num_bands
        self.num_features = 2 * num_bands + 1
        self.decay = math.exp(-hop_s / MEMORY_S)

    def forward(
        self,
        power: Float[Tensor, "frame batch band"],
        total: Float[Tensor, "batch band"] | None,
        mass: Float[Tensor, "batch 1"] | None,
    ) -> tuple[Float[Tensor, "frame batch feature"], Float[Tensor, "batch band"], Float[Tensor, "batch 1"]]:
        """Level over the frame's mean, level over the band's own recent mean, and how long there was sound.

        Args:
            power: of each band.
            total: fading sum of past levels; None at the start.
            mass: fading count of past frames with sound; None at the start.

        Returns:
            The features, zeros in silence, and total and mass after the last frame.
        """
        mean = power.mean(-1, keepdim=True)
        sounds = (mean > _SILENCE).to(power.dtype)
        level = 0.5 * torch.log(torch.maximum(power, _FLOOR * mean).clamp(min=_SILENCE)) * sounds
        over_frame = level - 0.5 * torch.log(mean.clamp(min=_SILENCE)) * sounds
        totals, masses = self._fading_sum(level, total), self._fading_sum(sounds, mass)
        over_past = (level - totals / masses.clamp(min=1e-6)) * sounds
        levels = torch.cat([over_frame, over_past], -1).clamp(-_LIMIT, _LIMIT)
        return torch.cat([levels, (1 - self.decay) * masses], -1), totals[-1], masses[-1]

    def _fading_sum(self, values: Float[Tensor, "frame batch any"], before: Tensor | None) -> Tensor:
        """Sum over each frame and all before it, older ones fading."""
        decay = torch.tensor([self.decay], device=values.device, dtype=values.dtype)
        start = None if before is None else before.flatten()
        return fading_sum(values.flatten(1), decay, start).view_as(values)
