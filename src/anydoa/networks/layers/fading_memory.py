"""Memory that fades: learned means over the past, and levels of bands against their own recent past."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn


def fading_sum(
    values: Float[Tensor, "frame any"], decay: Float[Tensor, "1"], before: Float[Tensor, "any"] | None
) -> Float[Tensor, "frame any"]:
    """Sum over each frame and all before it, each frame back times ``decay``; one product for all frames.

    Args:
        values: summands of each frame.
        decay: factor for each frame back, 0..1.
        before: sum after the frame before the first; None if there was none.
    """
    # frame past: weight of each past frame in each sum
    frame = torch.arange(values.shape[0], device=values.device)
    age = (frame[:, None] - frame).to(values.dtype)
    weight = torch.where(age >= 0, decay ** age.clamp(min=0), torch.zeros_like(age))
    total = torch.matmul(weight, values)
    if before is not None:
        total = total + (decay ** (frame + 1).to(values.dtype))[:, None] * before
    return total


class FadingMemory(nn.Module):
    """Means over the past, in groups of features that are forgotten at different, learned rates.

    Args:
        hop_s: seconds between frames.
        times_s: seconds in which each group is forgotten at first, before anything is learned.
    """

    def __init__(self, *, hop_s: float, times_s: Sequence[float] = (0.08, 0.25, 0.8, 2.5)) -> None:
        super().__init__()
        self.num_groups = len(times_s)
        self.log_rate = nn.Parameter(torch.tensor([math.log(hop_s / time) for time in times_s]))

    def forward(
        self,
        x: Float[Tensor, "frame batch feature direction"],
        before: Float[Tensor, "feature batch direction"] | None,
    ) -> tuple[Float[Tensor, "frame batch feature direction"], Float[Tensor, "feature batch direction"]]:
        """Means after each frame, and those after the last frame, to go on from.

        Args:
            x: values of each frame.
            before: means after the frame before the first; None if there was none.
        """
        decays = torch.exp(-self.log_rate.exp()).chunk(self.num_groups)
        groups = x.chunk(self.num_groups, 2)
        old: Sequence[Tensor | None] = [None] * self.num_groups
        if before is not None:
            old = [part.transpose(0, 1).flatten() for part in before.chunk(self.num_groups)]
        # Each group as frame batch*feature*direction; old, feature batch direction, in the same order.
        means = [
            fading_sum((1 - decay) * group.flatten(1), decay, start).view_as(group)
            for group, decay, start in zip(groups, decays, old, strict=True)
        ]
        past = torch.cat(means, 2)
        return past, past[-1].transpose(0, 1)


@dataclass(frozen=True)
class LevelOptions:
    """Choices for the levels of bands.

    Args:
        memory_s: time in which the past fades to 1/e, in seconds.
        silence: power below which a frame holds nothing.
        floor: least power of a band, as a share of the mean power of the frame.
        limit: largest level, up or down, in nepers of amplitude.
    """

    memory_s: float = 2.0
    silence: float = 1e-24
    floor: float = 1e-10
    limit: float = 6.0


class BandLevels(nn.Module):
    """Levels of bands; nothing is learned.

    Args:
        num_bands: bands.
        hop_s: seconds between frames.
        options: choices; None for the defaults.
    """

    def __init__(self, num_bands: int, *, hop_s: float, options: LevelOptions | None = None) -> None:
        super().__init__()
        self.options = options or LevelOptions()
        self.num_features = 2 * num_bands + 1
        self.decay = math.exp(-hop_s / self.options.memory_s)

    def forward(
        self,
        power: Float[Tensor, "frame batch band"],
        total: Float[Tensor, "batch band"] | None,
        mass: Float[Tensor, "batch 1"] | None,
    ) -> tuple[Float[Tensor, "frame batch feature"], Float[Tensor, "batch band"], Float[Tensor, "batch 1"]]:
        """Level over the frame's mean, level over the band's own recent mean, and how long there was sound.

        Args:
            power: power of each band.
            total: fading sum of past levels; None at the start.
            mass: fading count of past frames with sound; None at the start.

        Returns:
            The features, zeros in silence, and total and mass after the last frame.
        """
        silence, floor, limit = self.options.silence, self.options.floor, self.options.limit
        mean = power.mean(-1, keepdim=True)
        sounds = (mean > silence).to(power.dtype)
        level = 0.5 * torch.log(torch.maximum(power, floor * mean).clamp(min=silence)) * sounds
        over_frame = level - 0.5 * torch.log(mean.clamp(min=silence)) * sounds
        # The mean level of the past, of frames with sound only.
        totals, masses = self._fading_sum(level, total), self._fading_sum(sounds, mass)
        over_past = (level - totals / masses.clamp(min=1e-6)) * sounds
        levels = torch.cat([over_frame, over_past], -1).clamp(-limit, limit)
        return torch.cat([levels, (1 - self.decay) * masses], -1), totals[-1], masses[-1]

    def _fading_sum(self, values: Float[Tensor, "frame batch any"], before: Tensor | None) -> Tensor:
        """Sum over each frame and all before it; what is older has faded more."""
        decay = torch.tensor([self.decay], device=values.device, dtype=values.dtype)
        start = None if before is None else before.flatten()
        return fading_sum(values.flatten(1), decay, start).view_as(values)
