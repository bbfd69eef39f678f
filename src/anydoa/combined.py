"""Several estimators as one: the mean of their spectra."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.spectrum import SpatialSpectrum, SpectrumEstimator, SpectrumStream

_SAME_TIME_S = 1e-9


class CombinedEstimator:
    """The mean of what several estimators say, frame by frame of the first.

    A frame takes from each other estimator the newest frame that is not later than its own.

    Args:
        estimators: at least two, for the same sample rate; the first one's frames and threshold count.

    Raises:
        ConfigError: if there are fewer, or they listen at different rates.
    """

    def __init__(self, estimators: Sequence[SpectrumEstimator]) -> None:
        rates = {estimator.sample_rate for estimator in estimators}
        if len(estimators) < 2 or len(rates) > 1:
            raise ConfigError(
                "combined estimators must be two or more that listen at one sample rate, got "
                + (", ".join(f"{one.name} ({one.sample_rate} Hz)" for one in estimators) or "none")
            )
        self._estimators = tuple(estimators)
        self.name = "+".join(estimator.name for estimator in estimators)
        self.sample_rate, self.threshold = estimators[0].sample_rate, estimators[0].threshold
        self.hop_length = estimators[0].hop_length
        self.window_length = max(estimator.window_length for estimator in estimators)

    def spectrum(
        self, audio: Float[np.ndarray, "mic time"], array: MicrophoneArray, grid: DirectionGrid
    ) -> SpatialSpectrum:
        """Spectrum of a whole recording: a stream that takes it in one push."""
        return self.stream(array, grid).push(audio)

    def stream(self, array: MicrophoneArray, grid: DirectionGrid) -> "CombinedStream":
        """A fresh stream for one recording."""
        return CombinedStream([estimator.stream(array, grid) for estimator in self._estimators], grid)


class CombinedStream:
    """One recording on its way through all estimators.

    Args:
        streams: of the estimators, the leading one first.
        grid: their directions.
    """

    def __init__(self, streams: Sequence[SpectrumStream], grid: DirectionGrid) -> None:
        self._streams, self._grid = streams, grid
        nothing = np.zeros((0, len(grid)), dtype=np.float32)
        self._waiting = [
            SpatialSpectrum(nothing, np.zeros(0), np.zeros(0, np.float32), grid) for _ in streams
        ]

    def push(self, audio: Float[np.ndarray, "mic time"]) -> SpatialSpectrum:
        """Take the next samples; a frame waits until every estimator has come as far."""
        for index, stream in enumerate(self._streams):
            self._waiting[index] = SpatialSpectrum.join([self._waiting[index], stream.push(audio)])
        lead, *others = self._waiting
        reached = min(_last_time(other) for other in others)
        ready = int(np.searchsorted(lead.times_s, reached + _SAME_TIME_S, side="right"))
        values = lead.values[:ready].copy()
        for place, time_s in enumerate(lead.times_s[:ready]):
            heard = [row for other in others if (row := _newest(other, time_s)) is not None]
            values[place] = np.mean([values[place], *heard], axis=0)
        made = SpatialSpectrum(values, lead.times_s[:ready], lead.level[:ready], self._grid)
        self._forget(ready)
        return made

    def _forget(self, ready: int) -> None:
        """Drop the frames made, and of the others all but what a coming frame may want."""
        lead, *others = self._waiting
        done = lead.times_s[ready - 1] if ready else -np.inf
        self._waiting[0] = _from(lead, ready)
        for index, other in enumerate(others, start=1):
            past = int(np.searchsorted(other.times_s, done + _SAME_TIME_S, side="right"))
            self._waiting[index] = _from(other, max(past - 1, 0))


def _last_time(spectrum: SpatialSpectrum) -> float:
    return float(spectrum.times_s[-1]) if spectrum.num_frames else -np.inf


def _newest(spectrum: SpatialSpectrum, time_s: float) -> Float32[np.ndarray, "grid"] | None:
    """The last frame that is not later, or None where the first one still is."""
    past = int(np.searchsorted(spectrum.times_s, time_s + _SAME_TIME_S, side="right"))
    return spectrum.values[past - 1] if past else None


def _from(spectrum: SpatialSpectrum, first: int) -> SpatialSpectrum:
    return SpatialSpectrum(
        spectrum.values[first:], spectrum.times_s[first:], spectrum.level[first:], spectrum.grid
    )
