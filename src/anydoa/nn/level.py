"""How loud each band is, against the frame and against its own recent past; the same at any scale."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.nn.fading_memory import fading_sum

MEMORY_S = 2.0
_SILENCE = 1e-24  # power below which a frame holds nothing
_FLOOR = 1e-10  # of the frame's mean power
_LIMIT = 6.0  # in nepers of amplitude


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
