"""What the network should answer: lobes around the talkers who speak."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from anydoa.simulation.activity import is_spoken
from anydoa.training.symmetry import Symmetry

HALF_POWER = math.sqrt(0.5)  # height of a lobe at its beamwidth


def frame_activity(
    activity: Bool[Tensor, "batch source time"], window_length: int, hop_length: int
) -> Bool[Tensor, "batch source frame"]:
    """In which analysis windows each talker speaks; see :func:`~anydoa.simulation.activity.is_spoken`.

    Args:
        activity: true where the talker speaks.
        window_length: samples in a frame.
        hop_length: samples from a frame to the next.
    """
    total = torch.nn.functional.pad(activity.to(torch.int32).cumsum(-1), (1, 0))
    active_samples = total[..., window_length::hop_length] - total[..., :-window_length:hop_length]
    spoken: Tensor = is_spoken(active_samples, window_length)
    return spoken


def frame_centres(num_samples: int, window_length: int, hop_length: int) -> Float[np.ndarray, "frame"]:
    """Middle of each analysis window of :func:`frame_activity`, in samples from the first.

    Args:
        num_samples: length of the recording.
        window_length: samples in a frame.
        hop_length: samples from a frame to the next.
    """
    return np.arange(0, num_samples - window_length + 1, hop_length) + window_length / 2


def target_spectrum(
    sources: Float[Tensor, "batch source #frame 3"],
    active: Bool[Tensor, "batch source frame"],
    directions: Float[Tensor, "grid 3"],
    beamwidths_deg: Sequence[float],
    symmetry: Symmetry | None = None,
) -> Float[Tensor, "batch output grid frame"]:
    """Highest lobe of the active talkers at each direction, one spectrum for each beamwidth; 0 in silence.

    A lobe is ``exp(kappa (cos(angle) - 1))``, with kappa such that it has fallen to 0.707 one beamwidth away.
    Flat and straight arrays have as high a lobe around each direction that sounds like the talker's.

    Args:
        sources: unit vectors towards the talkers, in each frame or, if nobody moves, once for all frames;
            rows of absent talkers do not matter.
        active: which talkers speak in which frame; false for absent ones.
        directions: unit vectors of the grid.
        beamwidths_deg: one for each output.
        symmetry: what the arrays cannot tell apart; nothing if None.

    Reference:
        Baek et al. (2026), equation 8. The lobes of directions that sound alike are ours.
    """
    # Frames last in memory, as in the target; where nobody moves there is one, and nothing to rearrange.
    cosine = torch.einsum("bsfx,gx->bsgf", sources, directions).contiguous()
    if symmetry is not None:
        cosine = symmetry.fold_cosine(cosine, sources, directions)
    below_peak = cosine.clamp(max=1.0) - 1.0
    kappas = torch.tensor([concentration(width) for width in beamwidths_deg], device=directions.device)
    lobes = torch.exp(kappas[:, None, None] * below_peak[:, :, None]).to(
        directions.dtype
    )  # batch source output grid #frame
    target = lobes.new_zeros(len(sources), len(beamwidths_deg), len(directions), active.shape[-1])
    for source in range(sources.shape[1]):
        speaking = active[:, source, None, None, :].to(lobes.dtype)
        target = torch.maximum(target, lobes[:, source] * speaking)
    return target


def concentration(beamwidth_deg: float) -> float:
    """The kappa of a lobe that has fallen to 0.707 at ``beamwidth_deg`` from its middle."""
    return math.log(HALF_POWER) / (math.cos(math.radians(beamwidth_deg)) - 1)
