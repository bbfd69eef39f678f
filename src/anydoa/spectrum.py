"""What every estimator takes and gives: the one protocol of the package."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32

from anydoa.errors import AudioError, ShapeError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid

_USUAL_EXPONENT = 30  # of two, either way: squares of such samples and their sums fit single precision
_EXPONENT_STEP = 20


def check_audio(
    audio: Float[np.ndarray, "mic time"], num_microphones: int
) -> Float32[np.ndarray, "mic time"]:
    """The audio in single precision.

    Raises:
        ShapeError: if its rows are not the microphones.
        AudioError: if a sample is not finite.
    """
    with np.errstate(over="ignore"):
        samples = np.asarray(audio, dtype=np.float32)
    if samples.ndim != 2 or len(samples) != num_microphones:
        raise ShapeError(
            f"audio must be (microphones, samples) with {num_microphones} microphones, "
            f"got shape {samples.shape}; select the channels of the array first"
        )
    if not np.isfinite(samples).all():
        raise AudioError("audio must be finite, got NaN or infinite samples; repair or cut that part")
    return samples


class SampleScale:
    """Keeps the squares of samples within single precision, however a recording is scaled.

    Samples are multiplied by one, unless the loudest so far is beyond 2 to the power of 30 or nearer to zero
    than the faintest that is usual; then by the power of 2 to the power of 20 that brings it near one.

    Args:
        faintest_exponent: a usual recording is louder than 2 to the power of this.
    """

    def __init__(self, faintest_exponent: int = -_USUAL_EXPONENT) -> None:
        self._faintest_exponent = faintest_exponent
        self._loudest, self._latest = 0.0, 1.0

    def pieces(
        self, samples: Float32[np.ndarray, "mic time"]
    ) -> list[tuple[Float32[np.ndarray, "mic _"], float]]:
        """The next samples, cut where their factor changes: scaled samples and the factor of each piece."""
        before, factor = self._loudest, self._latest
        peak = max(before, float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))
        if peak > before:
            self._loudest, self._latest = peak, float(self._factor(peak))
        if peak == before or (before > 0 and factor == self._latest):
            return [(_scaled(samples, factor), factor)]
        # (mic, time) -> (time,): the loudest so far at each sample, and the factor that belongs to it.
        loudness = np.maximum(samples.max(axis=0), -samples.min(axis=0)).astype(np.float64)
        factors = self._factor(np.maximum(np.maximum.accumulate(loudness), before))
        # A piece ends where the factor changes.
        cuts = np.flatnonzero(np.diff(factors)) + 1
        ends = [*cuts.tolist(), len(factors)]
        return [
            (_scaled(samples[:, start:end], factors[start]), float(factors[start]))
            for start, end in zip([0, *ends[:-1]], ends, strict=True)
        ]

    def _factor(self, loudest: Float[np.ndarray, "*any"] | float) -> Float[np.ndarray, "*any"]:
        exponent = np.frexp(loudest)[1]
        usual = (exponent >= self._faintest_exponent) & (exponent <= _USUAL_EXPONENT)
        steps = np.where(usual, 0, np.rint(exponent / _EXPONENT_STEP).astype(int))
        return np.asarray(np.ldexp(1.0, -_EXPONENT_STEP * steps))


def _scaled(samples: Float32[np.ndarray, "mic _"], factor: float) -> Float32[np.ndarray, "mic _"]:
    return samples if factor == 1 else (samples * np.float64(factor)).astype(np.float32)


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


@dataclass(frozen=True, eq=False)
class MaskedSpectrogram:
    """Level and mask of every time-frequency bin, or of a few windows of it together.

    Args:
        times_s: centre of each column in seconds.
        frequencies_hz: centre of each bin.
        power: mean of the microphones, in the recording's own scale; in one near it if that is extreme.
        mask: share of the bin that is a talker's direct sound, as the network says, 0..1.
    """

    times_s: Float[np.ndarray, "column"]
    frequencies_hz: Float[np.ndarray, "freq"]
    power: Float32[np.ndarray, "column freq"]
    mask: Float32[np.ndarray, "column freq"]


@runtime_checkable
class ExplainingEstimator(SpectrumEstimator, Protocol):
    """An estimator that can show which bins of a recording it trusts."""

    def explain(
        self,
        audio: Iterable[Float[np.ndarray, "mic _"]],
        array: MicrophoneArray,
        *,
        duration_s: float,
        max_columns: int,
    ) -> MaskedSpectrogram:
        """The bins of a recording and how far each is trusted.

        Args:
            audio: blocks of the recording at the estimator's sample rate, cut anywhere.
            array: what recorded it.
            duration_s: length of the recording in seconds.
            max_columns: windows of longer recordings are averaged, so that there are no more columns.
        """
        ...
