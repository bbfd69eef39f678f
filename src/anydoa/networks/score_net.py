"""ScoreNet: whether somebody speaks where the mixture has found something.

It sees a picture of the cells that belong to one talker and a few numbers
(:class:`~anydoa.estimators.steered.TalkerViews`), no geometry, so it serves every array. What it learns is
what speech looks like over half a second, when other sounds at other places are mostly out of the picture.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.errors import ConfigError
from anydoa.estimators.steered import (
    MASK_CHANNEL,
    NUM_CHANNELS,
    NUM_FEATURES,
    NUM_NUMBERS,
    NUM_WIDE_NUMBERS,
)
from anydoa.io.options import record_from_dict
from anydoa.networks.mask_net import FEATURE_OFFSET, FEATURE_SPREAD

# Farther from the middle a feature says no more: talk after silence is 80 dB above it, no mixed clip is so.
_MOST_SPREADS = 1.5


@dataclass(frozen=True)
class ScoreNetConfig:
    """Sizes of ScoreNet.

    Args:
        num_slots: slots of a picture up to the judged one.
        ahead_slots: later slots of a picture where later sound is heard; 0 for a network that knows no such.
        num_bands: bands of a picture.
        widths: channels of the convolutions; each halves slots and bands.
        hidden_size: width of the layer before the last.
        dropout: share of values left out in training.

    Raises:
        ConfigError: if a size is below 1, or the dropout is not a share.
    """

    num_slots: int = 24
    ahead_slots: int = 0
    num_bands: int = 40
    widths: tuple[int, ...] = (24, 48, 64)
    hidden_size: int = 64
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if not self.widths:
            raise ConfigError("widths must be one width or more, got none; (24, 48, 64) is usual")
        for name in ("num_slots", "num_bands", "hidden_size"):
            if getattr(self, name) < 1:
                usual = getattr(type(self), name)
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}; {usual} is usual")
        if min(self.widths) < 1:
            raise ConfigError(f"widths must be at least 1, got {self.widths}; (24, 48, 64) is usual")
        if self.ahead_slots < 0:
            raise ConfigError(f"ahead_slots must be 0 or more, got {self.ahead_slots}; 0 is for none")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be 0..1, 1 excluded, got {self.dropout}; 0.1 is usual")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ScoreNetConfig":
        """The configuration with these values, the defaults elsewhere; lists become tuples.

        Raises:
            ConfigError: if a key does not exist or a value cannot be.
        """
        return record_from_dict(cls, values, "the score network")

    def to_dict(self) -> dict[str, Any]:
        """Every value by name, ready for JSON."""
        return asdict(self)


class ScoreNet(nn.Module):
    """Log-odds that somebody speaks at each place, from views of talkers.

    Views by the past alone and views that show later slots are scored by weights of their own: those who had
    to serve both were worse at both.

    Args:
        config: sizes; None for the defaults.
    """

    def __init__(self, config: ScoreNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = ScoreNetConfig() if config is None else config
        self.causal = _ViewNet(config, config.num_slots, NUM_NUMBERS)
        if config.ahead_slots:
            slots = config.num_slots + config.ahead_slots
            self.wide = _ViewNet(config, slots, NUM_WIDE_NUMBERS, most_spreads=_MOST_SPREADS)

    def forward(
        self,
        cells: Float[Tensor, "talker channel slot band"],
        numbers: Float[Tensor, "talker number"],
    ) -> Float[Tensor, "talker"]:
        """Log-odds; :class:`~anydoa.estimators.steered.scorer.TalkerViews` describes the arguments."""
        is_causal = cells.shape[2] == self.config.num_slots
        logits: Tensor = (self.causal if is_causal else self.wide)(cells, numbers)
        return logits


class _ViewNet(nn.Module):
    """Scores views with so many slots and numbers."""

    offset: Tensor
    scale: Tensor

    def __init__(
        self, config: ScoreNetConfig, num_slots: int, num_numbers: int, *, most_spreads: float = math.inf
    ) -> None:
        super().__init__()
        self._most_spreads = most_spreads
        plain = NUM_CHANNELS - NUM_FEATURES
        offset, scale = (0.0,) * plain + FEATURE_OFFSET, (1.0,) * plain + FEATURE_SPREAD
        self.register_buffer("offset", torch.tensor(offset)[:, None, None], persistent=False)
        self.register_buffer("scale", 1 / torch.tensor(scale)[:, None, None], persistent=False)
        slots, bands = num_slots, config.num_bands
        self.convolutions = nn.ModuleList()
        for before, after in zip((NUM_CHANNELS, *config.widths), config.widths, strict=False):
            self.convolutions.append(nn.Conv2d(before, after, 3, stride=2, padding=1))
            slots, bands = (slots + 1) // 2, (bands + 1) // 2
        number_width = 32
        self.numbers = nn.Linear(num_numbers, number_width)
        self.entry = nn.Linear(config.widths[-1] * slots * bands + number_width, config.hidden_size)
        self.exit = nn.Linear(config.hidden_size, 1)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self,
        cells: Float[Tensor, "talker channel slot band"],
        numbers: Float[Tensor, "talker number"],
    ) -> Float[Tensor, "talker"]:
        # Cells in which nothing was heard say nothing.
        was_heard = cells[:, MASK_CHANNEL : MASK_CHANNEL + 1] > 0
        picture = (cells - self.offset) * self.scale * was_heard
        if math.isfinite(self._most_spreads):
            picture = picture.clamp(-self._most_spreads, self._most_spreads)
        for convolution in self.convolutions:
            picture = torch.relu(convolution(picture))
        seen = torch.cat([picture.flatten(1), torch.relu(self.numbers(numbers))], 1)
        hidden = torch.relu(self.entry(self.dropout(seen)))
        logits: Tensor = self.exit(self.dropout(hidden))[:, 0]
        return logits
