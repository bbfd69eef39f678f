"""What SRP-PHAT and MUSIC share: spectra, their averaged spatial covariance, one projection a frame."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float, Float32

from anydoa.acoustics import FrameStream, hann_window, short_time_spectra
from anydoa.constants import MIN_SAMPLE_RATE, SAMPLE_RATE
from anydoa.errors import AudioError, ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.spectrum import SpatialSpectrum, check_audio, check_look_ahead, spectrum_of

_BLOCK_BYTES = 32 * 2**20  # held at once, in spectra and covariances

Projection = Callable[[Complex64[np.ndarray, "frame freq mic mic"]], Float32[np.ndarray, "frame grid"]]
"""Averaged covariances in, values 0..1 out; holds the tables of one array and one grid."""


@dataclass(frozen=True, kw_only=True)
class CovarianceEstimator(ABC):
    """An estimator that reads directions from the averaged spatial covariance of every frequency.

    A frame of the spectrum advances by ``frames_per_output`` analysis windows (Hann, 32 ms, half
    overlapping). Its time is the centre of the newest of them, its level the root mean square of all
    samples in them.

    Args:
        name: name on the command line and in results.
        sample_rate: samples a second that the audio must have.
        min_frequency: lowest frequency listened to, in Hz.
        max_frequency: highest frequency listened to, in Hz.
        time_constant: seconds after which the weight of a window in the average has fallen to 1/e;
            ``inf`` never forgets.
        frames_per_output: analysis windows in a frame of the spectrum.
        threshold: value from which a peak is called a source when their number is not known.

    Raises:
        ConfigError: if an option is out of range.
    """

    name: str
    sample_rate: int = SAMPLE_RATE
    min_frequency: float = 200.0
    max_frequency: float = 7600.0
    time_constant: float = 0.3
    frames_per_output: int = 6
    threshold: float

    def __post_init__(self) -> None:
        if self.sample_rate < MIN_SAMPLE_RATE:
            raise ConfigError(f"sample_rate must be at least {MIN_SAMPLE_RATE} Hz, got {self.sample_rate}")
        if not 0 < self.min_frequency < self.max_frequency <= self.sample_rate / 2 or not len(self.bins):
            raise ConfigError(
                f"the band must lie within 0..{self.sample_rate / 2:g} Hz and hold a multiple of "
                f"{self.bin_spacing:g} Hz, got {self.min_frequency:g}..{self.max_frequency:g} Hz; change it"
            )
        if not self.time_constant > 0:
            raise ConfigError(f"time_constant must be above 0 s, got {self.time_constant}")
        if self.frames_per_output < 1:
            raise ConfigError(f"frames_per_output must be at least 1, got {self.frames_per_output}")
        if not 0 <= self.threshold <= 1:
            raise ConfigError(f"threshold must be 0..1, got {self.threshold}")

    @abstractmethod
    def magnitude(self, spectra: Complex64[np.ndarray, "mic *batch"]) -> Float32[np.ndarray, "_ *batch"]:
        """What spectra are divided by; one magnitude for each microphone or one for all."""

    @abstractmethod
    def projection(self, array: MicrophoneArray, grid: DirectionGrid) -> Projection:
        """What turns covariances of this array into values on this grid."""

    @property
    def analysis_hop(self) -> int:
        """Samples between analysis windows: 16 ms; a window is twice as long."""
        return round(0.016 * self.sample_rate)

    @property
    def window_length(self) -> int:
        """Samples in a frame of the spectrum: all its analysis windows."""
        return (self.frames_per_output + 1) * self.analysis_hop

    @property
    def hop_length(self) -> int:
        """Samples between frames of the spectrum."""
        return self.frames_per_output * self.analysis_hop

    @property
    def bin_spacing(self) -> float:
        """Hz between frequency bins."""
        return self.sample_rate / (2 * self.analysis_hop)

    @property
    def bins(self) -> range:
        """Frequency bins inside the band."""
        first = math.ceil(self.min_frequency / self.bin_spacing)
        return range(first, math.floor(self.max_frequency / self.bin_spacing) + 1)

    @property
    def frequencies(self) -> Float[np.ndarray, "freq"]:
        """Centres of the bins inside the band, in Hz."""
        return np.array(self.bins) * self.bin_spacing

    def snapshots(
        self, frames: Float32[np.ndarray, "mic frame time"]
    ) -> Complex64[np.ndarray, "frame freq mic window"]:
        """Spectra of every analysis window in each frame, free of the scale of the audio."""
        spectra = short_time_spectra(frames, hann_window(2 * self.analysis_hop), self.analysis_hop)
        in_band = spectra[..., self.bins.start : self.bins.stop]  # mic frame window freq
        magnitude = self.magnitude(in_band)
        # What lies below the rounding noise of the loudest bin is no sound.
        floor = 1e-5 * magnitude.max(axis=-1, keepdims=True)
        normalized = in_band / np.maximum(magnitude, np.maximum(floor, np.finfo(np.float32).tiny))
        return np.ascontiguousarray(normalized.transpose(1, 3, 0, 2))

    @property
    def look_ahead_s(self) -> float:
        """Seconds of later sound that a frame depends on: none."""
        return 0.0

    def with_look_ahead(self, seconds: float) -> "CovarianceEstimator":
        """This estimator: it cannot use later sound."""
        check_look_ahead(seconds)
        return self

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> "CovarianceStream":
        """A fresh stream for one recording."""
        return CovarianceStream(self, array, grid)

    def spectrum(
        self, audio: Float[np.ndarray, "mic time"], array: MicrophoneArray, grid: DirectionGrid
    ) -> SpatialSpectrum:
        """Spectrum of a whole recording: a stream that takes it in one push."""
        return spectrum_of(self.stream(array, grid), audio)

    def summary_spectrum(
        self, audio: Float[np.ndarray, "mic time"], array: MicrophoneArray, grid: DirectionGrid
    ) -> SpatialSpectrum:
        """One frame for a whole recording: all its analysis windows averaged alike, projected once.

        Raises:
            AudioError: if the recording is shorter than an analysis window.
        """
        samples = check_audio(audio, array.num_microphones)
        hop = self.analysis_hop
        num_windows = samples.shape[1] // hop - 1
        if num_windows < 1:
            raise AudioError(
                f"a recording must have at least {2 * hop} samples, got {samples.shape[1]}; record longer"
            )
        frame = FrameStream(len(samples), samples.shape[1], samples.shape[1]).push(samples)
        samples = frame.samples[:, 0]
        average = CovarianceAverage(len(self.bins), array.num_microphones, decay=1.0)
        step = max(1, _BLOCK_BYTES // _window_bytes(self, array))
        for start in range(0, num_windows, step):
            stop = min(start + step, num_windows)
            block = samples[:, None, start * hop : (stop + 1) * hop]
            covariance = average.update(self.snapshots(block)[0])
        return SpatialSpectrum(
            values=self.projection(array, grid)(covariance[None]),
            times_s=np.array([num_windows * hop / self.sample_rate]),
            level=frame.level(),
            grid=grid,
        )


class CovarianceStream:
    """One recording on its way through a :class:`CovarianceEstimator`; what it keeps never grows."""

    def __init__(self, estimator: CovarianceEstimator, array: MicrophoneArray, grid: DirectionGrid) -> None:
        self._estimator = estimator
        self._grid = grid
        self._frames = FrameStream(array.num_microphones, estimator.window_length, estimator.hop_length)
        self._num_frames = 0
        decay = math.exp(-estimator.analysis_hop / (estimator.time_constant * estimator.sample_rate))
        self._average = CovarianceAverage(len(estimator.bins), array.num_microphones, decay)
        self._projection = estimator.projection(array, grid)
        covariance_bytes = 8 * len(estimator.bins) * array.num_microphones**2
        frame_bytes = estimator.frames_per_output * _window_bytes(estimator, array) + covariance_bytes
        self._block_length = max(1, _BLOCK_BYTES // frame_bytes)

    def push(self, audio: Float[np.ndarray, "mic time"]) -> SpatialSpectrum:
        """Take the next samples of every microphone and return the frames they complete, maybe none."""
        estimator, frames = self._estimator, self._frames.push(audio)
        num_frames = len(frames)
        values = np.zeros((num_frames, len(self._grid)), dtype=np.float32)
        level = np.zeros(num_frames, dtype=np.float32)
        for start in range(0, num_frames, self._block_length):
            block = slice(start, start + self._block_length)
            # (mic, frame, time) -> (frame, freq, mic, window) -> (frame, freq, mic, mic) -> (frame, grid)
            snapshots = estimator.snapshots(frames[block].samples)
            values[block] = self._projection(np.stack([self._average.update(frame) for frame in snapshots]))
            level[block] = frames[block].level()
        index = self._num_frames + np.arange(num_frames)
        last_centre = estimator.window_length - estimator.analysis_hop
        times_s = (index * estimator.hop_length + last_centre) / estimator.sample_rate
        self._num_frames += num_frames
        return SpatialSpectrum(values, times_s, level, self._grid)

    def finish(self) -> SpatialSpectrum:
        """The recording has ended: no frame waits for later sound."""
        empty = np.zeros(0, dtype=np.float32)
        return SpatialSpectrum(empty.reshape(0, len(self._grid)), empty, empty, self._grid)


def _window_bytes(estimator: CovarianceEstimator, array: MicrophoneArray) -> int:
    """Bytes that the spectra of one analysis window and their intermediate results take, roughly."""
    return 4 * 8 * array.num_microphones * 2 * estimator.analysis_hop


class CovarianceAverage:
    """Average of ``x x^H`` at each frequency, in which a snapshot's weight decays exponentially with its age.

    The weights of all snapshots so far sum to one, so the first average is already unbiased. One update
    takes all snapshots of one output frame; it is exact, not an approximation of single steps.

    Args:
        num_frequencies: number of bins.
        num_microphones: length of a snapshot ``x``.
        decay: factor from one snapshot to the next, in (0, 1]; 1 weighs all snapshots equally.
    """

    def __init__(self, num_frequencies: int, num_microphones: int, decay: float) -> None:
        self._decay = decay
        self._weight = 0.0
        self._average = np.zeros((num_frequencies, num_microphones, num_microphones), dtype=np.complex64)

    def update(
        self, snapshots: Complex64[np.ndarray, "freq mic frame"]
    ) -> Complex64[np.ndarray, "freq mic mic"]:
        """Take the next snapshots, oldest first, and return the average so far. Do not write to it."""
        num_snapshots = snapshots.shape[-1]
        weights = self._decay ** np.arange(num_snapshots - 1, -1, -1, dtype=np.float64)
        self._weight = self._decay**num_snapshots * self._weight + weights.sum()
        # A running mean, not a sum: its rounding error does not grow with the length of the recording.
        kept = 1 - weights.sum() / self._weight
        weighted = snapshots * (weights / self._weight).astype(np.float32)
        fresh = weighted @ snapshots.conj().swapaxes(-1, -2)
        self._average = np.float32(kept) * self._average + fresh
        return self._average
