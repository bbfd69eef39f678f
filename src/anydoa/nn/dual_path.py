"""The dual-path block: attention across pairs in a frame, then a recurrence along frames."""

from jaxtyping import Bool, Float
from torch import Tensor, nn

from anydoa.nn.microphone_attention import PairAttention
from anydoa.nn.normalization import LAYER_EPSILON
from anydoa.nn.pooling import pool_pairs
from anydoa.nn.recurrence import Recurrence


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
