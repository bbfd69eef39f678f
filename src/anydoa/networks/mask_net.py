"""MaskNet: which time-frequency bins hold the direct sound of a talker.

It sees levels and coherence (:class:`~anydoa.estimators.steered.BinFeatures`), no geometry, so it serves
every array. :meth:`MaskNet.forward` is causal: a bin is judged by what came before and at the same time.
Where later sound is at hand, :meth:`MaskNet.wide` judges by that, too: it reads what the causal layers made
of each frame once more, from the end.

Recurrent layers see whole frames and remember, but all of a frame has to pass through their few hundred
units. So convolutions, the same for all bins, correct the opinion on a bin by the bins and frames around it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.errors import ConfigError
from anydoa.estimators.steered import BinAxis
from anydoa.io.options import record_from_dict

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
        wide_size: width of the recurrent layer that reads backwards; 0 for a network that is only causal.
        wide_frames: frames that a correction sees where later sound is heard, odd.

    Raises:
        ConfigError: if the bins kept do not lie inside the spectrum, a size is below 1, or ``patch_bins`` or
            ``wide_frames`` is even.
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
    wide_size: int = 0
    wide_frames: int = 5

    def __post_init__(self) -> None:
        for one in fields(self):
            least = 0 if one.name == "wide_size" else 1
            if getattr(self, one.name) < least:
                raise ConfigError(
                    f"{one.name} must be at least {least}, got {getattr(self, one.name)}; {one.default} is "
                    "usual"
                )
        if self.num_features != len(FEATURE_OFFSET):
            raise ConfigError(
                f"num_features must be {len(FEATURE_OFFSET)}, those of a bin, got {self.num_features}; leave "
                "it out"
            )
        if self.first_bin + self.num_bins > self.window_length // 2 + 1:
            raise ConfigError(
                f"a window of {self.window_length} samples has {self.window_length // 2 + 1} bins, "
                f"got {self.num_bins} from {self.first_bin}; keep fewer"
            )
        for name in ("patch_bins", "wide_frames"):
            if getattr(self, name) % 2 == 0:
                raise ConfigError(
                    f"{name} must be odd, to have a middle, got {getattr(self, name)}; give one more or less"
                )

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
        self.patch, self.blend, self.correction = _correction_layers(config, config.patch_frames)
        if config.wide_size:
            self.hindsight = nn.GRU(2 * config.hidden_size, config.wide_size, batch_first=True)
            self.wide_exit = nn.Linear(2 * config.hidden_size + config.wide_size, config.num_bins)
            layers = _correction_layers(config, config.wide_frames)
            self.wide_patch, self.wide_blend, self.wide_correction = layers

    def causal_part(self) -> "MaskNet":
        """The same network without what hears later sound."""
        part = MaskNet(replace(self.config, wide_size=0))
        kept = part.state_dict().keys()
        part.load_state_dict({name: value for name, value in self.state_dict().items() if name in kept})
        return part.train(self.training)

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
        seen, heard, memory = self._listen(features, memory.transpose(0, 1).contiguous())
        # -> batch frame freq: the first opinion
        logits = self.exit(heard)
        frames = torch.cat([past, _known(seen, logits)], 2)
        # -> batch 1 frame freq: corrections from the bins and frames around
        patches = nn.functional.relu(self.patch(frames))
        corrections = self.correction(nn.functional.relu(self.blend(patches)))[:, 0]
        past = frames[:, :, frames.shape[2] - (config.patch_frames - 1) :]
        return logits + corrections, torch.cat([memory.transpose(0, 1).flatten(1), past.flatten(1)], 1)

    def wide(self, features: Float[Tensor, "batch frame feature freq"]) -> Float[Tensor, "batch frame freq"]:
        """Log-odds of the masks of frames by all of them, for a network with a ``wide_size``.

        What the causal layers say is taken as it is: learning to do better teaches them nothing.

        Args:
            features: features of frames in order.
        """
        config = self.config
        memory = self.scale.new_zeros(config.num_layers, len(features), config.hidden_size)
        with torch.no_grad():
            seen, heard, _ = self._listen(features, memory)
            first = self.exit(heard)
        # batch frame unit: what is known at each frame, read from the last frame to the first
        later = self.hindsight(heard.flip(1))[0].flip(1)
        logits = first + self.wide_exit(torch.cat([heard, later], -1))
        # batch channel frame freq, with nothing before the first frame and after the last
        beyond = config.wide_frames // 2
        frames = nn.functional.pad(_known(seen, logits), (0, 0, beyond, beyond))
        patches = nn.functional.relu(self.wide_patch(frames))
        return logits + self.wide_correction(nn.functional.relu(self.wide_blend(patches)))[:, 0]

    def _listen(
        self, features: Float[Tensor, "batch frame feature freq"], memory: Float[Tensor, "layer batch unit"]
    ) -> tuple[
        Float[Tensor, "batch frame feature freq"],
        Float[Tensor, "batch frame twice_unit"],
        Float[Tensor, "layer batch unit"],
    ]:
        """Features in even scales, frames as the recurrent layers see and remember them, their memory."""
        seen = (features - self.offset) * self.scale
        entered = nn.functional.relu(self.norm(self.entry(seen.flatten(2))))
        remembered, memory = self.memory(entered, memory)
        return seen, torch.cat([entered, remembered], -1), memory


def _correction_layers(config: MaskNetConfig, num_frames: int) -> tuple[nn.Conv2d, nn.Conv2d, nn.Conv2d]:
    """Convolutions that see so many frames; they correct nothing before they have learnt."""
    patch = nn.Conv2d(
        config.num_features + 1,
        config.patch_channels,
        (num_frames, config.patch_bins),
        padding=(0, config.patch_bins // 2),
    )
    blend = nn.Conv2d(config.patch_channels, config.blend_channels, (1, 3), padding=(0, 1))
    correction = nn.Conv2d(config.blend_channels, 1, (1, 3), padding=(0, 1))
    for parameter in correction.parameters():
        nn.init.zeros_(parameter)
    return patch, blend, correction


def _known(
    seen: Float[Tensor, "batch frame feature freq"], logits: Float[Tensor, "batch frame freq"]
) -> Float[Tensor, "batch channel frame freq"]:
    """Features beside the opinion, whose spread of about 3 becomes about 1."""
    return torch.cat([seen, 0.3 * logits[:, :, None]], 2).transpose(1, 2)
