"""Representation mapping: from pairs to one vector a frame in the latent space, for each output."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from anydoa.networks.layers.causal_conv import NUM_TAPS, ResidualBlock
from anydoa.networks.layers.pooling import pool_pairs


class RepresentationMapping(nn.Module):
    """Pooling over pairs, then residual blocks with one output after each.

    Args:
        num_features: width of the pairs; the blocks are twice as wide.
        latent_size: width of an output.
        dilations: frames between taps, one block and one output each.
        compat: whether the pooling divides by one less than the number of pairs.

    ``tail_shapes`` are the frames and the width of each tail.
    """

    def __init__(
        self, num_features: int, latent_size: int, dilations: Sequence[int], *, compat: bool = False
    ) -> None:
        super().__init__()
        self.compat = compat
        self.blocks = nn.ModuleList(ResidualBlock(2 * num_features, d, "layer") for d in dilations)
        self.outputs = nn.ModuleList(nn.Linear(2 * num_features, latent_size) for _ in dilations)
        self.tail_shapes = [((NUM_TAPS - 1) * dilation, 2 * num_features) for dilation in dilations]

    def forward(
        self,
        x: Float[Tensor, "pair frame batch feature"],
        pair_mask: Bool[Tensor, "batch pair"] | None,
        tails: Sequence[Tensor | None],
    ) -> tuple[
        Float[Tensor, "output frame batch latent"], Float[Tensor, "frame batch pooled"], list[Tensor | None]
    ]:
        """The representation, the features behind its last output, and the tails for the frames that follow.

        Args:
            x: features of each pair.
            pair_mask: true where there is a pair; None if all are there.
            tails: what the previous call returned, or nothing but None at the start; then none come back.
        """
        refined, new = self.refine(pool_pairs(x, pair_mask, unbiased=self.compat), tails)
        outputs = [output(y) for output, y in zip(self.outputs, refined, strict=True)]
        return torch.stack(outputs), refined[-1], new

    def refine(
        self, y: Float[Tensor, "frame batch pooled"], tails: Sequence[Tensor | None]
    ) -> tuple[list[Tensor], list[Tensor | None]]:
        """The features behind each output, and the tails.

        Args:
            y: pooled pairs.
            tails: tails of :meth:`forward`.
        """
        refined, new = [], []
        for block, old in zip(self.blocks, tails, strict=True):
            y, tail = block(y, old)
            refined.append(y)
            new.append(tail)
        return refined, new
