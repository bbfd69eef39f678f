"""One step's worth of clips as tensors, and what they are like."""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from anydoa.networks.config import AggRlConfig
from anydoa.training.symmetry import Symmetry

_Batch = TypeVar("_Batch", bound="TensorBatch")


@dataclass(frozen=True)
class ClipShape:
    """What the clips of a stage are like.

    Args:
        model: its sample rate, window and hop are what clips are cut to.
        batch_size: clips in a batch.
        duration_s: length of a clip, rounded to whole hops.
        microphones: fewest and most microphones.
    """

    model: AggRlConfig
    batch_size: int
    duration_s: float
    microphones: tuple[int, int]

    @property
    def num_samples(self) -> int:
        """Samples of a clip: whole hops, at least a window."""
        hops = round(self.duration_s * self.model.sample_rate / self.model.hop_length)
        return max(hops * self.model.hop_length, self.model.window_length)

    @property
    def num_frames(self) -> int:
        """Frames of a clip."""
        return (self.num_samples - self.model.window_length) // self.model.hop_length + 1


@dataclass(frozen=True, eq=False)
class TensorBatch:
    """A step's worth of clips: fields that are all tensors, or move to a device as they do."""

    def to(self: _Batch, device: torch.device) -> _Batch:
        """The same batch on a device."""
        return replace(self, **{one.name: getattr(self, one.name).to(device) for one in fields(self)})


@dataclass(frozen=True, eq=False)
class Batch(TensorBatch):
    """What is known about the clips of a step, all with arrays of the same size.

    Args:
        positions: of the microphones, in metres.
        sources: unit vectors towards the talkers in the middle of each frame, or once for all frames where
            nobody moves; zeros where there is no talker.
        active: which talkers speak in which frame.
        symmetry: what the arrays cannot tell apart.
    """

    positions: Float[Tensor, "batch mic 3"]
    sources: Float[Tensor, "batch source #frame 3"]
    active: Bool[Tensor, "batch source frame"]
    symmetry: Symmetry

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def present(self) -> Bool[Tensor, "batch source"]:
        """Which talkers there are, whether they speak or not."""
        return self.sources[:, :, 0].norm(dim=-1) > 0.5

    @property
    def talkers(self) -> Float[Tensor, "talker instant 3"]:
        """Unit vectors towards all talkers of the batch, in each frame or, where nobody moves, once."""
        return self.sources[self.present]


@dataclass(frozen=True, eq=False)
class ClipBatch(Batch):
    """Clips of sound.

    Args:
        audio: whole hops, at least one window.
    """

    audio: Float[Tensor, "batch mic time"]


@dataclass(frozen=True, eq=False)
class SpectraBatch(Batch):
    """Spectra at the bins of the network, without audio.

    Args:
        real: real part.
        imag: imaginary part.
    """

    real: Float[Tensor, "mic frame batch freq"]
    imag: Float[Tensor, "mic frame batch freq"]
