"""Where a microphone is, as features: sines modulated by its place (rMPE), and a few plain numbers.

Places are relative: to the reference microphone, because time differences depend on nothing else, or in the
ablation (aMPE) to the centroid of the array.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.nn.angle import angle_of

NUM_SCALARS = 8


class MicrophoneEncoding(nn.Module):
    """Sines and cosines of azimuth and colatitude, scaled by distance, modulated in frequency or phase.

    Args:
        num_features: width, a multiple of 4.
        alpha: scale.
        beta: modulation depth.
        modulation: ``fm`` or ``pm``.

    Reference:
        Baek et al. (2026), relative microphone positional encoding; the formula of GI-DOAEnet.
    """

    ramp: Tensor

    def __init__(
        self,
        num_features: int,
        *,
        alpha: float = 7.0,
        beta: float = 4.0,
        modulation: Literal["fm", "pm"] = "fm",
    ) -> None:
        super().__init__()
        self.alpha, self.beta, self.modulation = alpha, beta, modulation
        quarter = num_features // 4
        self.register_buffer("ramp", torch.arange(quarter) / quarter, persistent=False)

    def forward(self, place: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch feature"]:
        """Features of places in metres."""
        azimuth, colatitude, distance = (part[..., None] for part in spherical(place))
        if self.modulation == "fm":
            angles = [self.beta * azimuth * self.ramp, self.beta * colatitude * self.ramp]
        else:
            angles = [angle + 2 * math.pi * self.beta * self.ramp for angle in (azimuth, colatitude)]
        waves = [wave(angle) for angle in angles for wave in (torch.cos, torch.sin)]
        return self.alpha * distance * torch.cat(waves, -1)


def place_scalars(place: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 8"]:
    """The place itself, sine and cosine of azimuth and of colatitude, and distance in metres."""
    azimuth, colatitude, distance = spherical(place)
    angles = [azimuth.sin(), azimuth.cos(), colatitude.sin(), colatitude.cos(), distance]
    return torch.cat([place, torch.stack(angles, -1)], -1)


def spherical(
    place: Float[Tensor, "*batch 3"],
) -> tuple[Float[Tensor, "*batch"], Float[Tensor, "*batch"], Float[Tensor, "*batch"]]:
    """Azimuth (-pi, pi], colatitude (0..pi) and distance; both angles are 0 at the origin."""
    x, y, z = place.unbind(-1)
    horizontal = torch.sqrt(x * x + y * y)
    return angle_of(y, x), angle_of(horizontal, z), torch.sqrt(x * x + y * y + z * z)
