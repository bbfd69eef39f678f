"""The one loop over frames: sound goes in block by block, resampled and watched, and frames come out."""

from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from anydoa.doctor.watch import Notice
from anydoa.errors import ShapeError
from anydoa.geometry import MicrophoneArray
from anydoa.io.resampling import StreamResampler
from anydoa.io.results import Source
from anydoa.io.samples import as_samples, check_samples, whole_rate
from anydoa.peaks import Frame, FrameReader, PeakFinder
from anydoa.spectrum import SpatialSpectrum, SpectrumEstimator, StreamEnd
from anydoa.threads import one_blas_thread


@runtime_checkable
class SoundWatch(Protocol):
    """Listens to the microphones and says what is wrong, as :class:`~anydoa.doctor.watch.RecordingWatch`."""

    def see(self, audio: Float[np.ndarray, "mic time"]) -> None:
        """Take the next samples of every microphone."""
        ...

    def finish(self) -> None:
        """The sound has ended."""
        ...

    def tells_directions(self, time_s: float) -> bool:
        """Whether enough microphones were alive at a moment to tell where sound comes from."""
        ...

    def notices(self) -> tuple[Notice, ...]:
        """What there is to say of the sound so far."""
        ...


class Session:
    """One recording or stream on its way from samples to frames: resampled, watched, and read.

    Args:
        array: what records the sound.
        estimator: turns the sound into spectra.
        finder: finds the peaks of these, on its grid.
        sample_rate: sample rate of the sound, in Hz.
        watch: says what is wrong with the sound.

    Raises:
        AudioError: if no sound is recorded at that rate.
    """

    def __init__(
        self,
        array: MicrophoneArray,
        estimator: SpectrumEstimator,
        finder: PeakFinder,
        sample_rate: int,
        watch: SoundWatch,
    ) -> None:
        self._sample_rate = whole_rate(sample_rate, name="stream")
        self._array, self._estimator, self._watch = array, estimator, watch
        self._spectra = estimator.stream(array, finder.grid)
        self._resampler = StreamResampler(self._sample_rate, estimator.sample_rate, array.num_microphones)
        self._reader = FrameReader(finder)
        self._num_samples, self._num_frames, self._end = 0, 0, StreamEnd()

    def push(self, recording: Float[np.ndarray, "channel time"]) -> list[Frame]:
        """Take the next samples of every channel and return the frames they complete, maybe none.

        Raises:
            AudioError: if the recording has another number of channels than the array describes, holds what
                is no number, or comes after the end.
            ShapeError: if samples are not floats (channel, time).
        """
        self._end.check_ahead()
        samples = as_samples(recording, name="stream")
        check_axes(self._array, samples)
        checked = check_samples(
            self._array.select_channels(samples),
            self._num_samples / self._sample_rate,
            self._sample_rate,
            name="stream",
        )
        return self.push_checked(checked)

    def push_checked(self, audio: Float[np.ndarray, "mic time"]) -> list[Frame]:
        """Take the next samples of the microphones alone, known to be sound; returns as :meth:`push`."""
        self._num_samples += audio.shape[1]
        self._watch.see(audio)
        return self._frames(self._resampler.push(audio))

    def finish(self) -> list[Frame]:
        """The frames that still waited for later sound. Nothing may be pushed after it.

        Raises:
            AudioError: if it was finished before.
        """
        self._end.reach()
        self._watch.finish()
        last = self._frames(self._resampler.finish())
        with one_blas_thread():
            return last + self._read(self._spectra.finish())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with the sound so far, a line each: dead or copied channels, hum, a lone tone."""
        return tuple(notice.text for notice in self._watch.notices())

    @property
    def mean_spectrum(self) -> Float[np.ndarray, "grid"]:
        """The spectrum so far, weighted by level; zeros in silence."""
        return self._reader.mean_spectrum

    @property
    def directions(self) -> tuple[Source, ...]:
        """The sources so far as a whole, strongest first; as many as are known to be there."""
        return self._reader.directions

    def _frames(self, audio: Float[np.ndarray, "mic time"]) -> list[Frame]:
        with one_blas_thread():
            return self._read(self._spectra.push(audio))

    def _read(self, spectrum: SpatialSpectrum) -> list[Frame]:
        # A frame counts only if enough microphones were alive at its end.
        hop, rate = self._estimator.hop_length, self._estimator.sample_rate
        numbers = np.arange(self._num_frames, self._num_frames + spectrum.num_frames)
        self._num_frames += spectrum.num_frames
        ends_s = (self._estimator.window_length + numbers * hop) / rate
        told = np.array([self._watch.tells_directions(float(end_s)) for end_s in ends_s], dtype=bool)
        return self._reader.read(replace(spectrum, level=np.where(told, spectrum.level, 0.0)))


def check_axes(array: MicrophoneArray, samples: np.ndarray) -> None:
    """Refuse samples whose axes are exchanged, as soundfile has them."""
    if samples.shape[0] != array.num_recording_channels == samples.shape[1]:
        raise ShapeError(f"samples are (channel, time), got {samples.shape}; pass audio.T")
