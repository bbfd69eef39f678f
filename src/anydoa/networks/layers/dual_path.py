"""The dual-path block: attention across the pairs of a frame, then a recurrence along frames.

A frame has few pairs and a head few features, so the products of the attention are too small for matrix
routines. Up to 16 pairs it is faster to sum over features and pairs one by one, each time for all frames of
all items at once.
"""

import math
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from anydoa.networks.layers.gradients import apply_function
from anydoa.networks.layers.normalization import LAYER_EPSILON
from anydoa.networks.layers.pooling import pool_pairs
from anydoa.networks.layers.recurrence import Recurrence

MAX_BULK_PAIRS = 16


class DualPathBlock(nn.Module):
    """One round of pairs listening to each other, then all of them to the past.

    Args:
        num_features: width.
        num_heads: attention heads.
        compat: whether to mix up axes after the attention and to divide by one less than the number of
            pairs in the pooling, as the published model does and its weights expect.
    """

    def __init__(self, num_features: int, num_heads: int, *, compat: bool = False) -> None:
        super().__init__()
        self.compat = compat
        self.attention = PairAttention(num_features, num_heads)
        self.attention_norm = nn.LayerNorm(num_features, eps=LAYER_EPSILON)
        self.recurrence = Recurrence(2 * num_features, num_features)
        self.linear = nn.Linear(num_features, num_features)
        self.recurrence_norm = nn.LayerNorm(num_features, eps=LAYER_EPSILON)

    def forward(
        self,
        x: Float[Tensor, "pair frame batch feature"],
        encoding: Float[Tensor, "pair batch feature"],
        pair_mask: Bool[Tensor, "batch pair"] | None = None,
        hidden: Float[Tensor, "layer batch feature"] | None = None,
    ) -> tuple[Float[Tensor, "pair frame batch feature"], Tensor | None]:
        """The frames after the block, and the hidden state; none without one to start from."""
        attended = self.attention(x + encoding[:, None], pair_mask)
        if self.compat:
            # The published model reads a (feature, pair) tensor as (pair, feature).
            pairs, frames, batch, features = attended.shape
            attended = (
                attended.permute(1, 2, 3, 0).reshape(frames, batch, pairs, features).permute(2, 0, 1, 3)
            )
        x = x + self.attention_norm(attended)
        recurrent, hidden = self.recurrence(pool_pairs(x, pair_mask, unbiased=self.compat), hidden)
        return x + self.recurrence_norm(self.linear(nn.functional.elu(recurrent))), hidden


class PairAttention(nn.Module):
    """Multi-head self-attention over the pair axis.

    Args:
        num_features: width.
        num_heads: heads; divides ``num_features``.
    """

    def __init__(self, num_features: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.scale = 1 / math.sqrt(num_features // num_heads)
        self.projection = nn.Linear(num_features, 3 * num_features)
        self.output = nn.Linear(num_features, num_features)
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)
        nn.init.zeros_(self.output.bias)

    def forward(
        self,
        x: Float[Tensor, "pair frame batch feature"],
        pair_mask: Bool[Tensor, "batch pair"] | None = None,
    ) -> Float[Tensor, "pair frame batch feature"]:
        """Each pair's view of all pairs that are present."""
        bulk = x.shape[0] <= MAX_BULK_PAIRS and x.device.type == "cpu"
        mixed = self._mix_in_bulk(x, pair_mask) if bulk else self._mix(x, pair_mask)
        result: Tensor = self.output(mixed)
        return result

    def _mix(self, x: Tensor, pair_mask: Tensor | None) -> Tensor:
        query, key, value = (
            part.unflatten(-1, (self.num_heads, -1)).permute(1, 2, 3, 0, 4)
            for part in self.projection(x).chunk(3, dim=-1)
        )  # frame batch head pair feature
        # -> frame batch head pair other
        scores = torch.matmul(query * self.scale, key.transpose(-1, -2))
        if pair_mask is not None:
            scores = scores.masked_fill(~pair_mask[None, :, None, None, :], torch.finfo(scores.dtype).min)
        # -> frame batch head pair feature -> pair frame batch head*feature
        mixed = torch.matmul(torch.softmax(scores, -1), value)
        return mixed.permute(3, 0, 1, 2, 4).flatten(-2)

    def _mix_in_bulk(self, x: Tensor, pair_mask: Tensor | None) -> Tensor:
        absent = None
        if pair_mask is not None:
            absent = ~pair_mask.T[:, None].expand(x.shape[:3]).flatten(1)
        rows = x.flatten(1, 2)
        mixed: Tensor = apply_function(
            _Attention, rows, self.projection.weight, self.projection.bias, self.num_heads, absent
        )
        return mixed.T.view(x.shape)


class _Attention(torch.autograd.Function):
    """Projection and attention on tensors (head, feature, pair, row), gradient written out.

    Sums run over the few features of a head, or over the few pairs, one at a time.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, num_heads: int, absent: Tensor | None
    ) -> Tensor:
        # pair row feature -> 3 head feature pair row; a row is a frame of one recording of the batch
        pairs, rows, width = x.shape
        projected = torch.mm(weight, x.flatten(0, 1).T).add_(bias[:, None])
        projected = projected.view(3, num_heads, width // num_heads, pairs, rows)
        query, key, value = projected.unbind()
        # -> head pair other row
        scores = _over_features(query, key).mul_((width // num_heads) ** -0.5)
        if absent is not None:
            scores.masked_fill_(absent, torch.finfo(scores.dtype).min)
        weights = torch.softmax(scores, 2)
        ctx.save_for_backward(x, weight, projected, weights)
        # -> head feature pair row
        mixed = torch.empty_like(query)
        _over_pairs(weights, value, out=mixed)
        return mixed.view(width, -1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, projected, weights = ctx.saved_tensors
        query, key, value = projected.unbind()
        # Gradient of the values: weights turned round.
        grad = grad.reshape(query.shape)
        grad_projected = torch.empty_like(projected)
        _over_pairs(weights.transpose(1, 2), grad, out=grad_projected[2])
        # Gradient of the scores through the softmax: w (dw - sum(w dw)), scaled.
        grad_scores = _over_features(grad, value).mul_(weights)
        grad_scores.addcmul_(weights, grad_scores.sum(2, keepdim=True), value=-1).mul_(query.shape[1] ** -0.5)
        # Gradients of queries and keys, then of the projection: 3*head*feature pair*row.
        _over_pairs(grad_scores, key, out=grad_projected[0])
        _over_pairs(grad_scores.transpose(1, 2), query, out=grad_projected[1])
        columns = grad_projected.flatten(0, 2).flatten(1)
        grad_x = torch.mm(columns.T, weight).view(x.shape)
        return grad_x, torch.mm(columns, x.flatten(0, 1)), columns.sum(1), None, None


def _over_features(first: Tensor, second: Tensor) -> Float[Tensor, "head pair other row"]:
    """Inner product over features of every pair of the first with every pair of the second."""
    lefts, rights = first[:, :, :, None].unbind(1), second[:, :, None].unbind(1)
    total = lefts[0] * rights[0]
    for left, right in zip(lefts[1:], rights[1:], strict=True):
        total.addcmul_(left, right)
    return total


def _over_pairs(weights: Tensor, values: Tensor, *, out: Float[Tensor, "head feature pair row"]) -> None:
    """Sum over the other pairs of their values, weighted."""
    factors, parts = weights[:, None].unbind(3), values[:, :, :, None].unbind(2)
    torch.mul(factors[0], parts[0], out=out)
    for factor, part in zip(factors[1:], parts[1:], strict=True):
        out.addcmul_(factor, part)
