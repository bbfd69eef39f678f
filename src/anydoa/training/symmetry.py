"""What the arrays of a batch cannot tell apart, so that targets ask for no more than they can hear."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from anydoa.geometry.array import MicrophoneArray


@dataclass(frozen=True, eq=False)
class Symmetry:
    """The plane or line that the microphones of each clip lie on, if they do.

    Args:
        axis: unit vectors: normal of the plane, direction of the line; zeros for arrays in space.
        straight: true for lines.
    """

    axis: Float[Tensor, "batch 3"]
    straight: Bool[Tensor, "batch"]

    @classmethod
    def of(cls, positions: Float[Tensor, "batch mic 3"]) -> "Symmetry":
        """Of arrays whose microphones are told to be at ``positions``, in metres and in free air."""
        ambiguities = [MicrophoneArray(row).ambiguity for row in positions.numpy()]
        axes = [np.zeros(3) if one.axis is None else one.axis for one in ambiguities]
        return cls(
            axis=torch.from_numpy(np.stack(axes).astype(np.float32)),
            straight=torch.tensor([one.cones is not None for one in ambiguities]),
        )

    def to(self, device: torch.device) -> "Symmetry":
        """The same on a device."""
        return Symmetry(self.axis.to(device), self.straight.to(device))

    def fold_cosine(
        self,
        cosine: Float[Tensor, "batch source grid #frame"],
        sources: Float[Tensor, "batch source #frame 3"],
        directions: Float[Tensor, "grid 3"],
    ) -> Float[Tensor, "batch source grid #frame"]:
        """Cosine of the smallest angle between a direction and all that sounds like the talker.

        With ``a`` the axis, ``g`` a direction and ``t`` a talker, all of unit length, it is

            in space    g.t
            plane       g.t - (g.a)(t.a) + |(g.a)(t.a)|
            line        (g.a)(t.a) + sqrt(1 - (g.a)^2) sqrt(1 - (t.a)^2)

        Args:
            cosine: ``g.t``.
            sources: unit vectors towards the talkers.
            directions: unit vectors of the grid.
        """
        talker = torch.einsum("bsfx,bx->bsf", sources, self.axis)[:, :, None]
        direction = (self.axis @ directions.T)[:, None, :, None]
        along = direction * talker
        across = (1 - direction**2).clamp(min=0).sqrt() * (1 - talker**2).clamp(min=0).sqrt()
        # In space the axis is zero, so this adds nothing.
        plane = cosine + (along.abs() - along)
        return torch.where(self.straight[:, None, None, None], along + across, plane)
