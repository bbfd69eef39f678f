"""The dual-path block as it runs: weights folded, few passes over memory, frames first."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.nn.dual_path import DualPathBlock
from anydoa.nn.elementwise import elu
from anydoa.nn.microphone_attention import PairAttention
from anydoa.nn.pooling import EPSILON


class FoldedDualPathBlock(nn.Module):
    """What :class:`DualPathBlock` does when no pair is absent.

    Args:
        block: its weights are copied, or shared as they are.
    """

    def __init__(self, block: DualPathBlock) -> None:
        super().__init__()
        self.compat = block.compat
        self.attention = FoldedAttention(block.attention)
        self.attention_norm = block.attention_norm
        self.recurrence = block.recurrence
        self.linear = block.linear
        self.recurrence_norm = block.recurrence_norm

    def forward(
        self,
        x: Float[Tensor, "frame batch pair feature"],
        encoding: Float[Tensor, "batch pair feature"],
        hidden: Float[Tensor, "layer batch feature"],
    ) -> tuple[Float[Tensor, "frame batch pair feature"], Float[Tensor, "layer batch feature"]]:
        """The frames after the block, and the hidden state."""
        attended = self.attention(x + encoding)
        if self.compat:
            # The published model reads a (feature, pair) tensor as (pair, feature).
            attended = attended.transpose(2, 3).reshape(attended.shape)
        x = x + self.attention_norm(attended)
        recurrent, hidden = self.recurrence(pool(x, unbiased=self.compat), hidden)
        y = self.recurrence_norm(self.linear(elu(recurrent)))
        return x + y[:, :, None], hidden


class FoldedAttention(nn.Module):
    """What :class:`PairAttention` does when no pair is absent.

    Features stand before pairs around the small products, so that one cheap turn each way is enough. The
    softmax does not see a bias of the keys; that of the values passes through it.

    Args:
        attention: its weights are copied.
    """

    query: Tensor
    query_bias: Tensor
    key: Tensor
    value: Tensor
    output: Tensor
    bias: Tensor

    def __init__(self, attention: PairAttention) -> None:
        super().__init__()
        self.num_heads = attention.num_heads
        query, key, value = attention.projection.weight.detach().chunk(3)
        query_bias, _, value_bias = attention.projection.bias.detach().chunk(3)
        output = attention.output.weight.detach()
        self.register_buffer("query", query * attention.scale)
        self.register_buffer("query_bias", query_bias * attention.scale)
        self.register_buffer("key", key.clone())
        self.register_buffer("value", value.clone())
        self.register_buffer("output", output.clone())
        self.register_buffer("bias", attention.output.bias.detach() + output @ value_bias)

    def forward(
        self, x: Float[Tensor, "frame batch pair feature"]
    ) -> Float[Tensor, "frame batch pair feature"]:
        """Each pair's view of all pairs."""
        frames, batch, pairs, width = x.shape
        by_head = (-1, self.num_heads, width // self.num_heads, pairs)
        asked = nn.functional.linear(x.reshape(-1, width), self.query, self.query_bias).view_as(x)
        query, key, value = (
            part.transpose(2, 3).reshape(by_head) for part in (asked, x @ self.key.T, x @ self.value.T)
        )
        weights = torch.softmax(torch.matmul(query.transpose(2, 3), key), -1)
        mixed = torch.matmul(value, weights.transpose(2, 3)).view(frames, batch, width, pairs)
        rows = mixed.transpose(2, 3).reshape(-1, width)
        return nn.functional.linear(rows, self.output, self.bias).view_as(x)


def pool(
    x: Float[Tensor, "frame batch pair feature"], *, unbiased: bool = False
) -> Float[Tensor, "frame batch pooled"]:
    """What :func:`pool_pairs` does when no pair is absent; the softmax is divided out at the end."""
    count = torch.as_tensor(x.shape[2], dtype=x.dtype)
    divisor = (count - 1).clamp(min=1) if unbiased else count
    powers = torch.exp(x - x.amax(2, keepdim=True))
    weighted = powers * x
    norm, total = powers.sum(2), weighted.sum(2, keepdim=True)
    deviation = weighted - total / count
    spread = torch.sqrt((deviation * deviation).sum(2) / (norm * norm * divisor) + EPSILON)
    return torch.cat([total[:, :, 0] / norm, spread], -1)
