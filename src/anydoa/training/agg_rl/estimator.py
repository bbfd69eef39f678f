"""A trained network as an estimator in torch, so that networks that are never exported can be measured."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.models.checkpoint import load_checkpoint
from anydoa.spectrum import SpatialSpectrum, SpectrumStream

_OUTPUT_S = 0.1  # between frames of the spectrum
_MEAN_S = 0.05  # of the newest sound that each is the mean over


class TorchEstimator:
    """An AGG-RL network, or one it is compared with, on whole recordings; frames as when exported.

    Args:
        path: checkpoint of a run.
        name: what results call it.
        threshold: value of the spectrum from which a peak is called a source when their number is not known.

    Raises:
        CheckpointError: if the file cannot be read, or holds a network of another kind.
    """

    def __init__(self, path: str | Path, name: str, *, threshold: float = 0.22) -> None:
        self.network = load_checkpoint(path).network
        self._name, self._threshold = name, threshold
        self._frames, self._newest = (self._frames_in(seconds) for seconds in (_OUTPUT_S, _MEAN_S))

    @property
    def name(self) -> str:
        """What results call it."""
        return self._name

    @property
    def sample_rate(self) -> int:
        """Samples a second that the audio must have."""
        return self.network.config.sample_rate

    @property
    def window_length(self) -> int:
        """Samples of all windows of the network that are new in a frame of the spectrum."""
        return self.network.config.window_length + (self._frames - 1) * self.network.config.hop_length

    @property
    def hop_length(self) -> int:
        """Samples between frames of the spectrum."""
        return self._frames * self.network.config.hop_length

    @property
    def threshold(self) -> float:
        """Value of the spectrum from which a peak is called a source when their number is not known."""
        return self._threshold

    @torch.no_grad()
    def spectrum(
        self, audio: Float[np.ndarray, "mic time"], array: MicrophoneArray, grid: DirectionGrid
    ) -> SpatialSpectrum:
        """Spectrum of a whole recording."""
        num_frames = max((audio.shape[1] - self.window_length) // self.hop_length + 1, 0)
        centre = np.arange(1, num_frames + 1) * self.hop_length + self._late
        level = np.array(
            [_level(audio, int(last), self.window_length) for last in centre + self._half], np.float32
        )
        values = self._values(audio[:, : self._used(num_frames)], array, grid, num_frames)
        return SpatialSpectrum(values, centre / self.sample_rate, level, grid)

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> SpectrumStream:
        """None: this is for whole recordings.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(f"{self.name} runs in torch on whole recordings; export it to run it on a stream")

    def _values(
        self,
        audio: Float[np.ndarray, "mic time"],
        array: MicrophoneArray,
        grid: DirectionGrid,
        num_frames: int,
    ) -> Float[np.ndarray, "frame grid"]:
        if not num_frames:
            return np.zeros((0, len(grid)), dtype=np.float32)
        sound, positions, directions = (
            torch.from_numpy(part.astype(np.float32))
            for part in (audio, array.centred_positions, grid.directions)
        )
        every = self.network(sound[None], positions[None], directions)[0, -1].T
        newest = every.unflatten(0, (num_frames, self._frames))[:, -self._newest :]
        values: np.ndarray = newest.mean(1).numpy()
        return values

    def _used(self, num_frames: int) -> int:
        config = self.network.config
        return num_frames * self.hop_length + config.window_length - config.hop_length

    @property
    def _half(self) -> int:
        return self.network.config.window_length // 2

    @property
    def _late(self) -> int:
        """Samples from the end of a frame's hops to the centre of its newest window."""
        return self._half - self.network.config.hop_length

    def _frames_in(self, seconds: float) -> int:
        return max(1, round(seconds * self.sample_rate / self.network.config.hop_length))


def _level(audio: Float[np.ndarray, "mic time"], last: int, length: int) -> float:
    """Root mean square of the ``length`` samples up to ``last``."""
    return float(np.sqrt(np.square(audio[:, last - length : last], dtype=np.float64).mean()))
