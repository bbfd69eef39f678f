"""A trained network as an estimator in torch, so that networks that are never exported can be measured."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from anydoa.acoustics import size_in_air
from anydoa.errors import ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.networks import load_checkpoint
from anydoa.spectrum import SpatialSpectrum, SpectrumStream, check_look_ahead


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
        frames_per_second = self.sample_rate / self.network.config.hop_length
        # As exported networks have it: a frame every 0.1 s, the mean over the newest 0.05 s.
        self._frames, self._newest = (max(1, round(time_s * frames_per_second)) for time_s in (0.1, 0.05))

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
    def look_ahead_s(self) -> float:
        """Seconds of later sound that a frame depends on: none."""
        return 0.0

    @property
    def threshold(self) -> float:
        """Value of the spectrum from which a peak is called a source when their number is not known."""
        return self._threshold

    @torch.no_grad()
    def spectrum(
        self, audio: Float[np.ndarray, "mic time"], array: MicrophoneArray, grid: DirectionGrid
    ) -> SpatialSpectrum:
        """Spectrum of a whole recording."""
        config = self.network.config
        num_frames = max((audio.shape[1] - self.window_length) // self.hop_length + 1, 0)
        # The newest window of a frame begins a hop before the end of the frame's hops.
        begins = np.arange(1, num_frames + 1) * self.hop_length - config.hop_length
        ends = begins + config.window_length
        # (mic, time) -> (frame): root mean square of all windows of a frame.
        parts = [audio[:, end - self.window_length : end] for end in ends]
        level = np.array([np.sqrt(np.square(part, dtype=np.float64).mean()) for part in parts], np.float32)
        values = np.zeros((0, len(grid)), dtype=np.float32)
        if num_frames:
            used = num_frames * self.hop_length + config.window_length - config.hop_length
            sound, positions, directions = (
                torch.from_numpy(part.astype(np.float32))
                for part in (audio[:, :used], size_in_air(array) * array.centred_positions, grid.directions)
            )
            # (batch, output, grid, frame of the network) -> (frame of the network, grid), of the best output.
            every = self.network(sound[None], positions[None], directions)[0, -1].T
            # -> (frame, newest frame of the network, grid) -> (frame, grid).
            newest = every.unflatten(0, (num_frames, self._frames))[:, -self._newest :]
            values = newest.mean(1).numpy()
        centre_s = (begins + config.window_length // 2) / self.sample_rate
        return SpatialSpectrum(values, centre_s, level, grid)

    @property
    def values_are_chances(self) -> bool:
        """Whether a value is the chance of a talker there: it is learnt by cross-entropy."""
        return True

    def with_look_ahead(self, seconds: float) -> "TorchEstimator":
        """This estimator: it cannot use later sound."""
        check_look_ahead(seconds)
        return self

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> SpectrumStream:
        """None: this is for whole recordings.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(f"{self.name} runs in torch on whole recordings; export it to run it on a stream")
