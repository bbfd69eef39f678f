"""A batch of arrays as the network sees them: who is the reference, and where everyone else is.

The reference, with which the others are compared, is the microphone nearest the centroid.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from anydoa.errors import ShapeError

SNAP = 1e-6  # m
TIE = 1e-5  # m; distances and coordinates closer than this count as equal


@dataclass(frozen=True, eq=False)
class ArrayLayout:
    """Order and places of the microphones.

    Args:
        order: index of each microphone, the reference first.
        mic_mask: which of the ordered microphones are there; None if all are.
        pair_mask: which pairs are there; None if all are.
        places: place of each pair in metres.
    """

    order: Int[Tensor, "batch mic"]
    mic_mask: Bool[Tensor, "batch mic"] | None
    pair_mask: Bool[Tensor, "batch pair"] | None
    places: Float[Tensor, "pair batch 3"]

    @property
    def mic_places(self) -> Float[Tensor, "batch mic 3"]:
        """Places of all microphones in order, from the origin of the places of pairs."""
        places = self.places.transpose(0, 1)
        others = self.order.shape[1] - places.shape[1]
        # Zeros for the reference, where it is no pair.
        return torch.nn.functional.pad(places, (0, 0, others, 0))


def lay_out(
    mic_positions: Float[Tensor, "batch mic 3"], mic_mask: Bool[Tensor, "batch mic"] | None, *, absolute: bool
) -> ArrayLayout:
    """The layout of arrays: each microphone but the reference is a pair, its place relative to the reference.

    Args:
        mic_positions: metres, any origin.
        mic_mask: true where there is a microphone; None if all are there.
        absolute: whether places are relative to the centroid, and the reference is a pair with itself, too.
    """
    present = torch.ones_like(mic_positions[..., 0], dtype=torch.bool) if mic_mask is None else mic_mask
    # What an absent microphone holds, even if it is not a number, must not reach any sum.
    mic_positions = torch.where(present[..., None], mic_positions, torch.zeros_like(mic_positions))
    order = reference_first(choose_reference(mic_positions, present), mic_positions.shape[1])
    ordered = take_microphones(mic_positions, order)
    ordered_mask = None if mic_mask is None else mic_mask.gather(1, order)
    if absolute:
        places = snapped(centred(ordered, present.gather(1, order)))
        return ArrayLayout(order, ordered_mask, ordered_mask, places.transpose(0, 1))
    places = snapped(ordered[:, 1:] - ordered[:, :1]).transpose(0, 1)
    return ArrayLayout(order, ordered_mask, None if ordered_mask is None else ordered_mask[:, 1:], places)


def lay_out_as_published(
    mic_positions: Float[Tensor, "batch mic 3"], mic_mask: Bool[Tensor, "batch mic"] | None = None
) -> ArrayLayout:
    """The layout of the published model: rounding decides ties, tiny coordinates keep their sign.

    Raises:
        ShapeError: if a microphone is absent, which the published model cannot express.
    """
    if mic_mask is not None and not bool(mic_mask.all()):
        raise ShapeError(
            "a reference-compatible network takes no absent microphones, got some; run sizes one by one"
        )
    order = reference_first(nearest_to_centroid(mic_positions), mic_positions.shape[1])
    ordered = take_microphones(mic_positions, order)
    return ArrayLayout(order, None, None, (ordered[:, 1:] - ordered[:, :1]).transpose(0, 1))


def snapped(places: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
    """Places with coordinates below a micrometre set to zero.

    Otherwise rounding would pick the side of the cut of the azimuth for microphones in line with the x axis.
    """
    return torch.where(places.abs() < SNAP, torch.zeros_like(places), places)


def take_microphones(
    x: Float[Tensor, "batch mic any"], order: Int[Tensor, "batch mic"]
) -> Float[Tensor, "batch mic any"]:
    """The rows of ``x`` in the given order."""
    rows = torch.arange(order.shape[0], device=order.device)[:, None]
    return x[rows, order]


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
