"""The mask network: which time-frequency bins hold a talker's direct sound.

It sees levels and coherence (:class:`~anydoa.steered.bin_features.BinFeatures`), no geometry, so it serves
every array. Causal: a bin is judged by what came before and at the same time.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.errors import ConfigError
from anydoa.io.option_record import record_from_dict
from anydoa.steered.bin_features import BinAxis

_SCALE = (2.0, 2.0, 0.3, 0.3)  # usual spread of each feature
_OFFSET = (0.0, 0.0, 0.6, 0.5)


@dataclass(frozen=True)
class TalkerMaskConfig:
    """Sizes of the mask network.

    Args:
        sample_rate: samples a second.
        window_length: samples of an analysis window.
        hop_length: samples between windows.
        first_bin: lowest bin kept.
        num_bins: bins kept.
        num_features: features of each bin.
        hidden_size: of the recurrent layers.
        num_layers: recurrent layers.

    Raises:
        ConfigError: if the bins kept do not lie inside the spectrum, or a size is below 1.
    """

    sample_rate: int = 16_000
    window_length: int = 512
    hop_length: int = 256
    first_bin: int = 3
    num_bins: int = 240
    num_features: int = 4
    hidden_size: int = 256
    num_layers: int = 2

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) < 1:
                raise ConfigError(f"{one.name} must be at least 1, got {getattr(self, one.name)}")
        if self.first_bin + self.num_bins > self.window_length // 2 + 1:
            raise ConfigError(
                f"a window of {self.window_length} samples has {self.window_length // 2 + 1} bins, "
                f"got {self.num_bins} from {self.first_bin}; keep fewer"
            )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TalkerMaskConfig":
        """The configuration with these values, the defaults elsewhere.

        Raises:
            ConfigError: if a key does not exist or a value cannot be.
        """
        return record_from_dict(cls, values, "the mask network")

    @property
    def axis(self) -> BinAxis:
        """Windows and bins."""
        return BinAxis(self.sample_rate, self.window_length, self.hop_length, self.first_bin, self.num_bins)

    def to_dict(self) -> dict[str, Any]:
        """Every value by name, ready for JSON."""
        return asdict(self)


class TalkerMask(nn.Module):
    """Features of bins to masks.

    Args:
        config: sizes.
    """

    offset: Tensor
    scale: Tensor

    def __init__(self, config: TalkerMaskConfig | None = None) -> None:
        super().__init__()
        self.config = config = TalkerMaskConfig() if config is None else config
        size = config.num_features * config.num_bins
        self.register_buffer("offset", torch.tensor(_OFFSET)[:, None], persistent=False)
        self.register_buffer("scale", 1 / torch.tensor(_SCALE)[:, None], persistent=False)
        self.entry = nn.Linear(size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size)
        self.memory = nn.GRU(config.hidden_size, config.hidden_size, config.num_layers, batch_first=True)
        self.exit = nn.Linear(2 * config.hidden_size, config.num_bins)

    def forward(
        self,
        features: Float[Tensor, "batch frame feature freq"],
        state: Float[Tensor, "layer batch hidden"] | None = None,
    ) -> tuple[Float[Tensor, "batch frame freq"], Float[Tensor, "layer batch hidden"]]:
        """Logits of the masks, and the memory for the next call.

        Args:
            features: of the next frames.
            state: memory left by the frames before; None at the beginning.
        """
        seen = ((features - self.offset) * self.scale).flatten(2)
        entered = nn.functional.relu(self.norm(self.entry(seen)))
        remembered, state = self.memory(entered, state)
        return self.exit(torch.cat([entered, remembered], -1)), state
