"""Which microphone the others are compared with: the one nearest the centroid."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

TIE = 1e-5  # m; distances and coordinates closer than this count as equal


def choose_reference(
    mic_positions: Float[Tensor, "batch mic 3"], mic_mask: Bool[Tensor, "batch mic"]
) -> Int[Tensor, "batch"]:
    """Index of the microphone nearest the centroid of those present.

    Ties, as on a circle, go to the smallest x, then y, then z: a rule on places, so that neither the order of
    the microphones nor the origin matters. Only microphones at the same place stay tied; the first one wins.

    Args:
        mic_positions: metres, any origin.
        mic_mask: true where there is a microphone.
    """
    offset = centred(mic_positions, mic_mask)
    keys = [offset.norm(dim=-1), *offset.unbind(-1)]
    candidates = mic_mask
    for key in keys:
        key = key.masked_fill(~candidates, torch.inf)
        candidates = candidates & (key <= key.amin(-1, keepdim=True) + TIE)
    return candidates.int().argmax(-1)


def nearest_to_centroid(mic_positions: Float[Tensor, "batch mic 3"]) -> Int[Tensor, "batch"]:
    """The first of the microphones nearest the centroid, as in the published model: rounding decides ties."""
    distance: Tensor = (mic_positions - mic_positions.mean(1, keepdim=True)).norm(dim=-1)
    return distance.argmin(-1)


def reference_first(reference: Int[Tensor, "batch"], num_microphones: int) -> Int[Tensor, "batch mic"]:
    """Order of the microphones after the reference has changed places with the first one."""
    order = torch.arange(num_microphones, device=reference.device).expand(reference.shape[0], -1)
    reference = reference[:, None]
    return torch.where(order == 0, reference, torch.where(order == reference, 0, order))


def centred(
    mic_positions: Float[Tensor, "batch mic 3"], mic_mask: Bool[Tensor, "batch mic"]
) -> Float[Tensor, "batch mic 3"]:
    """Positions relative to the centroid of the microphones present."""
    present = mic_mask[..., None].to(mic_positions.dtype)
    centroid = (mic_positions * present).sum(1, keepdim=True) / present.sum(1, keepdim=True).clamp(min=1)
    return mic_positions - centroid
