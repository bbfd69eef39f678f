"""MaskNet: which time-frequency bins hold the direct sound of a talker.

It sees levels and coherence (:class:`~anydoa.estimators.steered.BinFeatures`), no geometry, so it serves
every array. Causal: a bin is judged by what came before and at the same time.

Recurrent layers see whole frames and remember, but all of a frame has to pass through their few hundred
units. So convolutions, the same for all bins, correct the opinion on a bin by the bins and frames around it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.errors import ConfigError
from anydoa.estimators.steered import BinAxis
from anydoa.io.names import record_from_dict

FEATURE_OFFSET = (0.0, 0.0, 0.6, 0.5)  # usual middle of each feature of a bin
FEATURE_SPREAD = (2.0, 2.0, 0.3, 0.3)


@dataclass(frozen=True)
class MaskNetConfig:
    """Sizes of MaskNet.

    Args:
        sample_rate: samples a second.
        window_length: samples of an analysis window.
        hop_length: samples between windows.
        first_bin: lowest bin kept.
        num_bins: bins kept.
        num_features: features of each bin.
        hidden_size: width of the recurrent layers.
        num_layers: recurrent layers.
        patch_frames: newest frames that a correction sees.
        patch_bins: bins that a correction sees of each frame, odd.
        patch_channels: channels of the first convolution.
        blend_channels: channels of the second convolution.

    Raises:
        ConfigError: if the bins kept do not lie inside the spectrum, a size is below 1, or ``patch_bins`` is
            even.
    """

    sample_rate: int = 16_000
    window_length: int = 512
    hop_length: int = 256
    first_bin: int = 3
    num_bins: int = 240
    num_features: int = 4
    hidden_size: int = 256
    num_layers: int = 2
    patch_frames: int = 5
    patch_bins: int = 9
    patch_channels: int = 32
    blend_channels: int = 24

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) < 1:
                raise ConfigError(f"{one.name} must be at least 1, got {getattr(self, one.name)}")
        if self.first_bin + self.num_bins > self.window_length // 2 + 1:
            raise ConfigError(
                f"a window of {self.window_length} samples has {self.window_length // 2 + 1} bins, "
                f"got {self.num_bins} from {self.first_bin}; keep fewer"
            )
        if self.patch_bins % 2 == 0:
            raise ConfigError(f"patch_bins must be odd, to have a middle, got {self.patch_bins}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "MaskNetConfig":
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


class MaskNet(nn.Module):
    """Masks from features of bins.

    Args:
        config: sizes; None for the defaults.
    """

    offset: Tensor
    scale: Tensor

    def __init__(self, config: MaskNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = MaskNetConfig() if config is None else config
        size = config.num_features * config.num_bins
        self.register_buffer("offset", torch.tensor(FEATURE_OFFSET)[:, None], persistent=False)
        self.register_buffer("scale", 1 / torch.tensor(FEATURE_SPREAD)[:, None], persistent=False)
        self.entry = nn.Linear(size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size)
        self.memory = nn.GRU(config.hidden_size, config.hidden_size, config.num_layers, batch_first=True)
        self.exit = nn.Linear(2 * config.hidden_size, config.num_bins)
        self.patch = nn.Conv2d(
            config.num_features + 1,
            config.patch_channels,
            (config.patch_frames, config.patch_bins),
            padding=(0, config.patch_bins // 2),
        )
        self.blend = nn.Conv2d(config.patch_channels, config.blend_channels, (1, 3), padding=(0, 1))
        self.correction = nn.Conv2d(config.blend_channels, 1, (1, 3), padding=(0, 1))
        for parameter in self.correction.parameters():
            nn.init.zeros_(parameter)

    def initial_state(self, batch: int = 1) -> Float[Tensor, "batch size"]:
        """Memory before the first frame: the units of the recurrent layers, then the frames of a patch."""
        config = self.config
        frames = (config.patch_frames - 1) * self.patch.in_channels * config.num_bins
        return self.scale.new_zeros(batch, config.num_layers * config.hidden_size + frames)

    def forward(
        self,
        features: Float[Tensor, "batch frame feature freq"],
        state: Float[Tensor, "batch size"] | None = None,
    ) -> tuple[Float[Tensor, "batch frame freq"], Float[Tensor, "batch size"]]:
        """Log-odds of the masks, and the memory for the next call.

        Args:
            features: features of the next frames.
            state: memory left by the frames before; None at the beginning.
        """
        config = self.config
        if state is None:
            state = self.initial_state(len(features))
        batch, units = len(features), config.num_layers * config.hidden_size
        memory = state[:, :units].view(batch, config.num_layers, config.hidden_size)
        past = state[:, units:].view(batch, self.patch.in_channels, config.patch_frames - 1, config.num_bins)
        # batch frame feature freq -> batch frame unit: whole frames, remembered
        seen = (features - self.offset) * self.scale
        entered = nn.functional.relu(self.norm(self.entry(seen.flatten(2))))
        remembered, memory = self.memory(entered, memory.transpose(0, 1).contiguous())
        # -> batch frame freq: the first opinion
        logits = self.exit(torch.cat([entered, remembered], -1))
        # -> batch channel frame freq: features beside the opinion, whose spread of about 3 becomes about 1
        known = torch.cat([seen, 0.3 * logits[:, :, None]], 2).transpose(1, 2)
        frames = torch.cat([past, known], 2)
        # -> batch 1 frame freq: corrections from the bins and frames around
        patches = nn.functional.relu(self.patch(frames))
        corrections = self.correction(nn.functional.relu(self.blend(patches)))[:, 0]
        past = frames[:, :, frames.shape[2] - (config.patch_frames - 1) :]
        return logits + corrections, torch.cat([memory.transpose(0, 1).flatten(1), past.flatten(1)], 1)
