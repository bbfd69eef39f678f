"""One step's worth of clips for AGG-RL, as sound or as spectra, with what is known about them."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from anydoa.networks import AggRlConfig
from anydoa.simulation.scene import Scene, collate
from anydoa.training.agg_rl.targets import BatchAmbiguity
from anydoa.training.batch import TensorBatch, frame_activity, frame_centres


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
    def exact_duration_s(self) -> float:
        """Length of a clip in seconds, after rounding."""
        return self.num_samples / self.model.sample_rate

    @property
    def num_frames(self) -> int:
        """Frames of a clip."""
        return (self.num_samples - self.model.window_length) // self.model.hop_length + 1


@dataclass(frozen=True, eq=False)
class AggRlBatch(TensorBatch):
    """What is known about the clips of a step, all with arrays of the same size.

    Args:
        positions: places of the microphones, in metres.
        sources: unit vectors towards the talkers in the middle of each frame, or once for all frames where
            nobody moves; zeros where there is no talker.
        active: which talkers speak in which frame.
        ambiguity: what the arrays cannot tell apart.
    """

    positions: Float[Tensor, "batch mic 3"]
    sources: Float[Tensor, "batch source #frame 3"]
    active: Bool[Tensor, "batch source frame"]
    ambiguity: BatchAmbiguity

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
class AudioBatch(AggRlBatch):
    """Clips of sound.

    Args:
        audio: whole hops, at least one window.
    """

    audio: Float[Tensor, "batch mic time"]


@dataclass(frozen=True, eq=False)
class SpectraBatch(AggRlBatch):
    """Spectra at the bins of the network, without audio.

    Args:
        real: real part.
        imag: imaginary part.
    """

    real: Float[Tensor, "mic frame batch freq"]
    imag: Float[Tensor, "mic frame batch freq"]


def batch_scenes(scenes: list[Scene], model: AggRlConfig) -> AudioBatch:
    """Scenes with the same number of microphones and samples as one batch.

    Where talkers move, their directions are those at the middle of each analysis window, with no allowance
    for the flight of the sound or for a delay of the network. What arrays cannot tell apart is read off the
    declared positions, which errors of position may lift out of a plane or line.
    """

    def tensor(values: Float[np.ndarray, "*shape"]) -> Float[Tensor, "*shape"]:
        return torch.from_numpy(values.astype(np.float32))

    centres = frame_centres(scenes[0].audio.shape[1], model.window_length, model.hop_length)
    stacked = collate(scenes, centres / model.sample_rate)
    activity: Bool[Tensor, "batch source time"] = torch.from_numpy(stacked.activity)
    positions = tensor(stacked.positions)
    return AudioBatch(
        positions=positions,
        sources=tensor(stacked.directions),
        active=frame_activity(activity, model.window_length, model.hop_length),
        ambiguity=BatchAmbiguity.of(positions),
        audio=tensor(stacked.audio),
    )
