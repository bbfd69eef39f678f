"""What every estimator takes and gives: the one protocol of the package."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32

from anydoa.errors import AudioError, ConfigError, ShapeError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.io.samples import as_samples

_FAINTEST_EXPONENT, _LOUDEST_EXPONENT = -30, 20  # of two: recordings that begin in between keep their scale
_GREATEST_EXPONENT = 40  # of two: squares of scaled samples and their sums fit single precision
_USUAL_EXPONENT = -10  # of two: recordings that reach it are no faint ones, however they began
_EXPONENT_STEP = 20


def check_audio(
    audio: Float[np.ndarray, "mic time"], num_microphones: int
) -> Float32[np.ndarray, "mic time"]:
    """The audio in single precision.

    Raises:
        ShapeError: if its rows are not the microphones, or samples are no floating-point numbers.
        AudioError: if a sample is not finite.
    """
    with np.errstate(over="ignore"):
        samples = np.asarray(as_samples(audio, name="audio"), dtype=np.float32)
    if len(samples) != num_microphones:
        raise ShapeError(
            f"audio must be (microphones, samples) with {num_microphones} microphones, "
            f"got shape {samples.shape}; select the channels of the array first"
        )
    if not np.isfinite(samples).all():
        raise AudioError("audio must be finite, got NaN or infinite samples; repair or cut that part")
    return samples


class SampleScale:
    """Keeps the squares of samples within single precision, however a recording is scaled.

    The first sound decides the factor: one for usual recordings, else the power of 2 to the power of 20 that
    brings it near one. It holds until scaled samples grow beyond 2 to the power of 40. One above 1 holds only
    until usual sound comes: what begins with digital silence begins with what a resampler makes of it, which
    says nothing of what follows. Then it is decided anew. From the first sound on the factor never grows.

    Args:
        faintest_exponent: power of two that usual recordings are louder than.
    """

    def __init__(self, faintest_exponent: int = _FAINTEST_EXPONENT) -> None:
        self._faintest_exponent = faintest_exponent
        self._factor, self._is_silent = 1.0, True

    def pieces(
        self, samples: Float32[np.ndarray, "mic time"]
    ) -> list[tuple[Float32[np.ndarray, "mic _"], float]]:
        """The next samples, cut where their factor changes: scaled samples and the factor of each piece."""
        pieces = []
        while (cut := self._served(samples)) is not None:
            before = self._factor
            self._decide(float(np.abs(samples[:, cut]).max()))
            if self._factor != before and cut > 0:
                pieces.append((_scaled(samples[:, :cut], before), before))
                samples = samples[:, cut:]
        return [*pieces, (_scaled(samples, self._factor), self._factor)]

    def _served(self, samples: Float32[np.ndarray, "mic time"]) -> int | None:
        """First sample that the factor does not serve; None if it serves all."""
        bound = 0.0 if self._is_silent else float(np.ldexp(1.0, _GREATEST_EXPONENT)) / self._factor
        if self._factor > 1:
            bound = min(bound, float(np.ldexp(1.0, _USUAL_EXPONENT)))
        if max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0))) <= bound:
            return None
        return int(np.argmax(np.abs(samples).max(axis=0) > bound))

    def _decide(self, loudest: float) -> None:
        exponent = int(np.frexp(loudest)[1])
        is_usual = self._faintest_exponent <= exponent <= _LOUDEST_EXPONENT
        step = 0 if is_usual else round(exponent / _EXPONENT_STEP)
        self._factor, self._is_silent = float(np.ldexp(1.0, -_EXPONENT_STEP * step)), False


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
            raise ShapeError("at least one spectrum is needed to join, got none; give some")
        return SpatialSpectrum(
            values=np.concatenate([part.values for part in parts]),
            times_s=np.concatenate([part.times_s for part in parts]),
            level=np.concatenate([part.level for part in parts]),
            grid=parts[0].grid,
        )


@runtime_checkable
class SpectrumStream(Protocol):
    """An estimator at work on one endless recording, which ends once."""

    def push(self, audio: Float[np.ndarray, "mic time"]) -> SpatialSpectrum:
        """Take the next samples of every microphone and return the frames they complete, maybe none.

        Raises:
            ShapeError: if the audio has another number of microphones than the array.
            AudioError: if a sample is not finite, or after the end.
        """
        ...

    def finish(self) -> SpatialSpectrum:
        """The recording has ended: the frames that still waited for later sound. The last call.

        Raises:
            AudioError: if it was finished before.
        """
        ...


class StreamEnd:
    """The end of a stream, after which it takes no more sound.

    What comes later would be heard as if it followed at once, with a gap that nobody sees.

    Args:
        what: what has ended, for errors.
        cure: what to do then.
    """

    def __init__(self, what: str = "a stream", cure: str = "begin another by stream()") -> None:
        self._what, self._cure = what, cure
        self._is_reached = False

    def check_ahead(self) -> None:
        """Let sound pass before the end.

        Raises:
            AudioError: if the end was reached.
        """
        if self._is_reached:
            raise AudioError(f"{self._what} that is finished takes no more sound; {self._cure}")

    def reach(self) -> None:
        """The end is here.

        Raises:
            AudioError: if it was reached before.
        """
        if self._is_reached:
            raise AudioError(f"{self._what} is finished once; {self._cure}")
        self._is_reached = True


def check_look_ahead(seconds: float) -> float:
    """The seconds of look-ahead, which may be infinite.

    Raises:
        ConfigError: if they are below 0 or no number.
    """
    is_number = isinstance(seconds, (int, float, np.integer, np.floating)) and not isinstance(seconds, bool)
    if not is_number or not seconds >= 0:
        raise ConfigError(
            f"look-ahead must be 0 or more seconds, got {seconds!r:.40}; give math.inf for all of it"
        )
    return float(seconds)


def spectrum_of(stream: SpectrumStream, audio: Float[np.ndarray, "mic time"]) -> SpatialSpectrum:
    """Spectrum of a whole recording, by a fresh stream that takes it in one push."""
    return SpatialSpectrum.join([stream.push(audio), stream.finish()])


@runtime_checkable
class SpectrumEstimator(Protocol):
    """Anything that turns audio, an array and a grid into a spatial spectrum.

    Promises, tested for every estimator: the order of microphones and the place of the array change
    nothing; of its size only the delays count; the order of directions reorders the spectrum; the scale of
    the audio changes nothing; no frame depends on samples later than ``look_ahead_s`` after its window; any
    chunking gives what the whole recording gives; a stream ends once; silence gives finite values.
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
        """Samples of the first frame; with the look-ahead the algorithmic latency."""
        ...

    @property
    def hop_length(self) -> int:
        """Samples between frames of the spectrum."""
        ...

    @property
    def look_ahead_s(self) -> float:
        """Seconds of sound after a frame that its spectrum depends on; 0 if it is final at once."""
        ...

    @property
    def threshold(self) -> float:
        """Value of the spectrum from which a peak is called a source when their number is not known."""
        ...

    @property
    def values_are_chances(self) -> bool:
        """Whether the value of a peak is the chance of a talker there, so that faint peaks tell something."""
        ...

    def with_look_ahead(self, seconds: float) -> "SpectrumEstimator":
        """This estimator with the most look-ahead that it can use within so many seconds.

        Args:
            seconds: 0 for what judges a frame by its past alone; ``inf`` for all that it can use.

        Raises:
            ConfigError: if they are below 0 or no number.
        """
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
