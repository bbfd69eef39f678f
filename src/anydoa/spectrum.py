"""What every estimator takes and gives: the one protocol of the package."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from anydoa.errors import ShapeError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid


@dataclass(frozen=True, eq=False)
class SpatialSpectrum:
    """How much sound comes from each direction of a grid, frame by frame.

    Args:
        values: 0..1, one row a frame, one column a direction.
        times_s: time of each frame in seconds: the centre of the newest analysis window it contains.
        level: root mean square of the microphones in each frame, in the recording's own scale. Frames
            are weighted by it when one answer for a whole recording is wanted, so silence does not count.
        grid: the directions.
    """

    values: Float[np.ndarray, "frame grid"]
    times_s: Float[np.ndarray, "frame"]
    level: Float[np.ndarray, "frame"]
    grid: DirectionGrid

    @property
    def num_frames(self) -> int:
        """How many frames there are; a short chunk may complete none."""
        return len(self.values)

    def mean(self) -> Float[np.ndarray, "grid"]:
        """One spectrum for all frames, weighted by level; zeros where every frame is silent."""
        total = float(self.level.sum())
        if total <= 0:
            return np.zeros(len(self.grid), dtype=np.float32)
        average: np.ndarray = (self.level / total) @ self.values
        return average

    @staticmethod
    def join(parts: "list[SpatialSpectrum]") -> "SpatialSpectrum":
        """The frames of several spectra on one grid, in order.

        Raises:
            ShapeError: if there are none.
        """
        if not parts:
            raise ShapeError("at least one spectrum is needed to join, got none")
        return SpatialSpectrum(
            values=np.concatenate([part.values for part in parts]),
            times_s=np.concatenate([part.times_s for part in parts]),
            level=np.concatenate([part.level for part in parts]),
            grid=parts[0].grid,
        )


@runtime_checkable
class SpectrumStream(Protocol):
    """An estimator at work on one endless recording."""

    def push(self, audio: Float[np.ndarray, "mic time"]) -> SpatialSpectrum:
        """Take the next samples of every microphone and return the frames they complete, maybe none."""
        ...


@runtime_checkable
class SpectrumEstimator(Protocol):
    """Anything that turns audio, an array and a grid into a spatial spectrum.

    Promises, tested for every estimator: the order of microphones and the place of the array change
    nothing; the order of directions reorders the spectrum; the scale of the audio changes nothing; no
    frame depends on samples after its window; any chunking gives what the whole recording gives; silence
    gives finite values.
    """

    @property
    def name(self) -> str:
        """Name on the command line and in results."""
        ...

    @property
    def sample_rate(self) -> int:
        """Samples a second that the audio must have."""
        ...

    @property
    def window_length(self) -> int:
        """Samples before the first frame: the algorithmic latency."""
        ...

    @property
    def hop_length(self) -> int:
        """Samples between frames of the spectrum."""
        ...

    @property
    def threshold(self) -> float:
        """Value of the spectrum from which a peak is called a source when their number is not known."""
        ...

    def spectrum(
        self, audio: Float[np.ndarray, "mic time"], array: MicrophoneArray, grid: DirectionGrid
    ) -> SpatialSpectrum:
        """Spectrum of a whole recording."""
        ...

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> SpectrumStream:
        """A fresh stream for one recording."""
        ...
