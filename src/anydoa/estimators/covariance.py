"""What SRP-PHAT and MUSIC share: spectra, their averaged spatial covariance, one projection a frame."""

import logging
import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from jaxtyping import Complex64, Float, Float32

from anydoa.acoustics import FrameStream, coverage_warnings, hann_window, short_time_spectra
from anydoa.constants import MIN_SAMPLE_RATE, SAMPLE_RATE
from anydoa.errors import AudioError, ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.spectrum import SpatialSpectrum, StreamEnd, check_audio, check_look_ahead, spectrum_of

_MOST_AHEAD_S = 3.0  # kept for estimators that forget slowly
_BLOCK_BYTES = 32 * 2**20  # held at once, in spectra and covariances

logger = logging.getLogger(__name__)

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
        frames_ahead: later frames whose windows are in the average, too; see :meth:`with_look_ahead`.

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
    frames_ahead: int = 0

    def __post_init__(self) -> None:
        if self.sample_rate < MIN_SAMPLE_RATE:
            raise ConfigError(
                f"sample_rate must be at least {MIN_SAMPLE_RATE} Hz, got {self.sample_rate}; give 16000"
            )
        if not 0 < self.min_frequency < self.max_frequency <= self.sample_rate / 2 or not len(self.bins):
            raise ConfigError(
                f"the band must lie within 0..{self.sample_rate / 2:g} Hz and hold a multiple of "
                f"{self.bin_spacing:g} Hz, got {self.min_frequency:g}..{self.max_frequency:g} Hz; change it"
            )
        if not self.time_constant > 0:
            raise ConfigError(f"time_constant must be above 0 s, got {self.time_constant}; give 0.3")
        if self.frames_per_output < 1:
            raise ConfigError(
                f"frames_per_output must be at least 1, got {self.frames_per_output}; give 6 for 0.1 s"
            )
        if self.frames_ahead < 0:
            raise ConfigError(f"frames_ahead must be 0 or more, got {self.frames_ahead}; give 0 for none")
        if not 0 <= self.threshold <= 1:
            raise ConfigError(f"threshold must be 0..1, got {self.threshold}; give 0.5")

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
        """Seconds of sound after a frame that its spectrum depends on: whole frames."""
        return self.frames_ahead * self.hop_length / self.sample_rate

    @property
    def values_are_chances(self) -> bool:
        """Whether a value is the chance of a talker there: it is a power."""
        return False

    def with_look_ahead(self, seconds: float) -> "CovarianceEstimator":
        """This estimator with the most look-ahead that it can use within so many seconds.

        Later windows weigh as much as earlier ones as far away. More than three time constants away, or
        3 s, none is heard: what is left of the weight would change hardly anything.

        Raises:
            ConfigError: if they are below 0 or no number.
        """
        useful = min(check_look_ahead(seconds), 3 * self.time_constant, _MOST_AHEAD_S)
        return replace(self, frames_ahead=int(useful * self.sample_rate / self.hop_length + 1e-9))

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> "CovarianceStream":
        """A fresh stream for one recording; warns where an array was not measured."""
        for warning in coverage_warnings(array, grid):
            logger.warning("%s", warning)
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
        self._end = StreamEnd()
        self._num_frames = 0
        decay = math.exp(-estimator.analysis_hop / (estimator.time_constant * estimator.sample_rate))
        past = CovarianceAverage(len(estimator.bins), array.num_microphones, decay)
        self._average = CenteredAverage(past, estimator.frames_ahead)
        self._projection = estimator.projection(array, grid)
        covariance_bytes = 8 * len(estimator.bins) * array.num_microphones**2
        frame_bytes = estimator.frames_per_output * _window_bytes(estimator, array) + covariance_bytes
        self._block_length = max(1, _BLOCK_BYTES // frame_bytes)
        self._levels = np.zeros(0, dtype=np.float32)  # of frames that wait for later sound

    def push(self, audio: Float[np.ndarray, "mic time"]) -> SpatialSpectrum:
        """Take the next samples of every microphone and return the frames they complete, maybe none.

        Raises:
            ShapeError: if the audio has another number of microphones than the array.
            AudioError: if a sample is not finite, or after the end.
        """
        self._end.check_ahead()
        estimator, frames = self._estimator, self._frames.push(audio)
        parts = []
        for start in range(0, len(frames), self._block_length):
            block = frames[start : start + self._block_length]
            self._levels = np.concatenate([self._levels, block.level()])
            # (mic, frame, time) -> (frame, freq, mic, window) -> (frame, freq, mic, mic) -> (frame, grid)
            covariances = [self._average.push(snapshots) for snapshots in estimator.snapshots(block.samples)]
            parts.append(self._project([one for one in covariances if one is not None]))
        return SpatialSpectrum.join(parts or [self._project([])])

    def finish(self) -> SpatialSpectrum:
        """The recording has ended: the frames that still waited for later sound.

        Raises:
            AudioError: if it was finished before.
        """
        self._end.reach()
        parts, left = [], self._average.finish()
        while covariances := list(islice(left, self._block_length)):
            parts.append(self._project(covariances))
        return SpatialSpectrum.join(parts or [self._project([])])

    def _project(self, covariances: list[Complex64[np.ndarray, "freq mic mic"]]) -> SpatialSpectrum:
        """The spectrum of the next frames."""
        estimator, count = self._estimator, len(covariances)
        values = np.zeros((count, len(self._grid)), dtype=np.float32)
        if count:
            values = self._projection(np.stack(covariances))
        level, self._levels = self._levels[:count], self._levels[count:]
        index = self._num_frames + np.arange(count)
        last_centre = estimator.window_length - estimator.analysis_hop
        times_s = (index * estimator.hop_length + last_centre) / estimator.sample_rate
        self._num_frames += count
        return SpatialSpectrum(values, times_s, level, self._grid)


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

    Attributes:
        weight: what all snapshots so far weigh where the newest weighs one.
    """

    def __init__(self, num_frequencies: int, num_microphones: int, decay: float) -> None:
        self.decay = decay
        self.weight = 0.0
        self._average = np.zeros((num_frequencies, num_microphones, num_microphones), dtype=np.complex64)

    def update(
        self, snapshots: Complex64[np.ndarray, "freq mic frame"]
    ) -> Complex64[np.ndarray, "freq mic mic"]:
        """Take the next snapshots, oldest first, and return the average so far. Do not write to it."""
        num_snapshots = snapshots.shape[-1]
        weights = self.decay ** np.arange(num_snapshots - 1, -1, -1, dtype=np.float64)
        self.weight = self.decay**num_snapshots * self.weight + weights.sum()
        # A running mean, not a sum: its rounding error does not grow with the length of the recording.
        kept = 1 - weights.sum() / self.weight
        weighted = snapshots * (weights / self.weight).astype(np.float32)
        fresh = weighted @ snapshots.conj().swapaxes(-1, -2)
        self._average = np.float32(kept) * self._average + fresh
        return self._average


class CenteredAverage:
    """Average of ``x x^H`` around each frame: weights decay from its newest snapshot into past and future.

    Args:
        past: fresh average of the past alone, which it is without later frames.
        frames_ahead: later frames that are averaged, too.
    """

    def __init__(self, past: CovarianceAverage, frames_ahead: int) -> None:
        self._past, self._frames_ahead = past, frames_ahead
        # Frames that wait for later ones; and the sum of each, weighed as from the frame before it.
        self._waiting: deque[Complex64[np.ndarray, "freq mic frame"]] = deque()
        self._later: deque[Complex64[np.ndarray, "freq mic mic"]] = deque()

    def push(
        self, snapshots: Complex64[np.ndarray, "freq mic frame"]
    ) -> Complex64[np.ndarray, "freq mic mic"] | None:
        """Take the snapshots of the next frame; the average of the frame that is complete now, if any."""
        if not self._frames_ahead:
            return self._past.update(snapshots)
        weights = self._past.decay ** np.arange(1, snapshots.shape[-1] + 1)
        self._later.append((snapshots * weights.astype(np.float32)) @ snapshots.conj().swapaxes(-1, -2))
        self._waiting.append(snapshots)
        return self._next() if len(self._waiting) > self._frames_ahead else None

    def finish(self) -> Iterator[Complex64[np.ndarray, "freq mic mic"]]:
        """The averages of the frames that still wait, with as many later ones as there are."""
        while self._waiting:
            yield self._next()

    def _next(self) -> Complex64[np.ndarray, "freq mic mic"]:
        snapshots = self._waiting.popleft()
        self._later.popleft()
        past = self._past.update(snapshots)
        if not self._later:
            return past
        # The farthest frame first, each nearer by a frame's decay than the one after it.
        decay, num_snapshots = self._past.decay, snapshots.shape[-1]
        total = self._later[-1].copy()
        for nearer in list(self._later)[-2::-1]:
            total *= np.float32(decay**num_snapshots)
            total += nearer
        ahead = np.sum(decay ** np.arange(1, len(self._later) * num_snapshots + 1))
        total += np.float32(self._past.weight) * past
        total /= np.float32(self._past.weight + ahead)
        return total
