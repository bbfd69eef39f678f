"""From a recording to directions: the facade of the package.

A :class:`Localizer` joins an array, a grid and an estimator; it takes files or audio in memory, whole or as
it comes. Between blocks nothing is kept but sums for the summary and, of recordings, the peaks of frames as
plain numbers, a few megabytes an hour.
"""

import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from anydoa.constants import MIN_SEPARATION_DEG, SAMPLE_RATE
from anydoa.doctor.watch import Notice, RecordingWatch
from anydoa.errors import AudioError, ChannelCountError, ConfigError, GeometryError, ShapeError
from anydoa.estimators import DEFAULT_ESTIMATOR, as_estimator
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.io import DEFAULT_GRID, load_array, load_grid
from anydoa.io.audio import Recording, audio_info, is_recording, read_blocks
from anydoa.io.resampling import StreamResampler
from anydoa.io.results import (
    FrameResult,
    LocalizationResult,
    ResultHeader,
    ResultSummary,
    Source,
    frames_of_talkers,
)
from anydoa.io.samples import (
    AudioInfo,
    as_samples,
    check_samples,
    samples_info,
    split_blocks,
    whole_rate,
)
from anydoa.io.talkers import Talker, talker_numbers
from anydoa.peaks import Frame, FrameReader, PeakFinder
from anydoa.spectrum import SpatialSpectrum, SpectrumEstimator, StreamEnd
from anydoa.threads import one_blas_thread
from anydoa.tracking import TalkerTracker, TrackerOptions

_logger = logging.getLogger(__name__)

AudioLike = Recording | np.ndarray
MAX_TOLD_SOURCES = 16
"""Most sources that can be told: no array tells more apart, and the work of following them grows fast."""
UNKNOWN_NUMBER = "auto"
"""Written for a number of sources that the sound shall decide."""


def locate(
    audio: AudioLike,
    array: MicrophoneArray | str | os.PathLike[str],
    *,
    grid: DirectionGrid | str | os.PathLike[str] = DEFAULT_GRID,
    estimator: SpectrumEstimator | str | os.PathLike[str] = DEFAULT_ESTIMATOR,
    num_sources: int | None = None,
    sample_rate: int | None = None,
    look_ahead_s: float = math.inf,
) -> LocalizationResult:
    """Directions that the sound of a recording comes from.

    Args:
        audio: file, files of one microphone each, or float samples (channel, time).
        array: what recorded it: a :class:`MicrophoneArray`, the name of a preset, or an array file.
        grid: a :class:`DirectionGrid`, a description such as ``fibonacci:2048``, or a file.
        estimator: an object, or what :func:`~anydoa.estimators.catalogue.make_estimator` takes.
        num_sources: how many sources there are, at most 16, or None to decide from the spectrum.
        sample_rate: sample rate of samples in memory, in Hz; not of a file, which has its own.
        look_ahead_s: seconds of later sound that a frame may be judged by; 0 for its past alone.

    Raises:
        AnydoaError: whatever is wrong with the recording, the array, the grid or the names.
    """
    localizer = Localizer(array, grid, estimator, num_sources, look_ahead_s=look_ahead_s)
    return localizer.locate(audio, sample_rate)


class Localizer:
    """An array, a grid and an estimator, ready for any number of recordings.

    Args:
        array: a :class:`MicrophoneArray`, the name of a preset, or an array file.
        grid: a :class:`DirectionGrid`, a description such as ``fibonacci:2048``, or a file.
        estimator: an object, or what :func:`~anydoa.estimators.catalogue.make_estimator` takes.
        num_sources: how many sources there are, at most 16, or None to decide from the spectrum.
        min_separation_deg: nearest that two sources can be, in degrees.
        max_sources: most sources to report when their number is not known.
        look_ahead_s: seconds of later sound that a frame of a recording may be judged by, at most; all that
            the estimator can use by default, 0 for its past alone. Streams have a look-ahead of their own.

    Raises:
        AnydoaError: if one of them does not exist or cannot be.
    """

    def __init__(
        self,
        array: MicrophoneArray | str | os.PathLike[str],
        grid: DirectionGrid | str | os.PathLike[str] = DEFAULT_GRID,
        estimator: SpectrumEstimator | str | os.PathLike[str] = DEFAULT_ESTIMATOR,
        num_sources: int | None = None,
        *,
        min_separation_deg: float = MIN_SEPARATION_DEG,
        max_sources: int = PeakFinder.max_sources,
        look_ahead_s: float = math.inf,
    ) -> None:
        array = load_array(array) if isinstance(array, (str, os.PathLike)) else array
        if not isinstance(array, MicrophoneArray):
            raise GeometryError(
                f"array must be a name, a file or MicrophoneArray(positions), got {type(array).__name__}; "
                "positions alone go into MicrophoneArray"
            )
        grid = load_grid(grid) if isinstance(grid, (str, os.PathLike)) else grid
        if not isinstance(grid, DirectionGrid):
            raise GeometryError(
                f"grid must be a description such as {DEFAULT_GRID}, a file or a DirectionGrid, "
                f"got {type(grid).__name__}; give one of these"
            )
        self.array, self.grid = array, grid
        self.estimator = as_estimator(estimator).with_look_ahead(look_ahead_s)
        self.finder = PeakFinder(
            self.grid,
            array=self.array,
            num_sources=_as_num_sources(num_sources),
            threshold=self.estimator.threshold,
            min_separation_deg=_as_degrees(min_separation_deg, "min_separation_deg"),
            max_sources=_as_count(max_sources, "max_sources"),
            chances=self.estimator.values_are_chances,
        )

    def locate(self, audio: AudioLike, sample_rate: int | None = None) -> LocalizationResult:
        """Everything found in a recording.

        Args:
            audio: file, files of one microphone each, or float samples (channel, time).
            sample_rate: sample rate of samples in memory, in Hz; not of a file, which has its own.

        Raises:
            AudioError: if the recording cannot be read or used, or a sample rate is told of a file.
            ShapeError: if samples are not floats (channel, time).
        """
        run = self.iterate(audio, sample_rate)
        for _ in run:
            pass
        found = run.summary
        return LocalizationResult(
            run.header,
            tuple(run.frames),
            found.directions,
            found.duration_s,
            found.warnings,
            found.talkers,
        )

    def iterate(self, audio: AudioLike, sample_rate: int | None = None) -> "LocalizationRun":
        """The frames of a recording one after the other; none is kept, so length costs no memory.

        Arguments and errors are those of :meth:`locate`.
        """
        if is_recording(audio):
            if sample_rate is not None:
                raise AudioError(
                    f"sample_rate is for samples in memory, got {sample_rate!r:.40} for a file, which "
                    "says its own; leave it out"
                )
            remarks: list[str] = []
            return LocalizationRun(self, audio_info(audio), read_blocks(audio, remarks=remarks), remarks)
        samples = as_samples(audio)
        info = samples_info(samples, sample_rate)
        _check_axes(self.array, samples)
        return LocalizationRun(self, info, split_blocks(samples, info.sample_rate))

    def stream(self, sample_rate: int = SAMPLE_RATE, *, look_ahead_s: float = 0.0) -> "Session":
        """A fresh session for sound as it comes, at any sample rate.

        Args:
            sample_rate: sample rate of the sound, in Hz.
            look_ahead_s: seconds of later sound that a frame may be judged by; it comes so much later.

        Raises:
            AudioError: if no sound is recorded at that rate.
            ConfigError: if the look-ahead is below 0.
        """
        return Session(self.looking_ahead(look_ahead_s), sample_rate)

    def looking_ahead(self, look_ahead_s: float) -> "Localizer":
        """This localizer with another look-ahead.

        Raises:
            ConfigError: if it is below 0.
        """
        other = copy(self)
        other.estimator = self.estimator.with_look_ahead(look_ahead_s)
        return other

    def watch(self, sample_rate: int) -> RecordingWatch:
        """What says of sound at this rate whether something is wrong with it."""
        return RecordingWatch(self.finder, sample_rate, self.estimator.sample_rate / 2)

    def header(self, name: str) -> ResultHeader:
        """Where results of a recording of this name come from."""
        from importlib.metadata import version

        return ResultHeader(
            file=name,
            estimator=self.estimator.name,
            weights_hash=getattr(self.estimator, "weights_hash", None),
            array=self.array.name,
            array_hash=self.array.hash,
            array_rank=self.array.ambiguity.rank,
            grid=self.grid.name,
            version=version("anydoa"),
            look_ahead_s=self.estimator.look_ahead_s,
        )


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
    """One recording or stream on its way through a :class:`Localizer`: resampled, watched, and read.

    Args:
        localizer: array, grid and estimator.
        sample_rate: sample rate of the sound, in Hz.
        watch: says what is wrong with the sound; None for a :class:`~anydoa.doctor.watch.RecordingWatch`.

    Raises:
        AudioError: if no sound is recorded at that rate.
    """

    def __init__(
        self, localizer: Localizer, sample_rate: int = SAMPLE_RATE, watch: SoundWatch | None = None
    ) -> None:
        self._sample_rate = whole_rate(sample_rate, name="stream")
        self._array, self._estimator = localizer.array, localizer.estimator
        self._spectra = localizer.estimator.stream(localizer.array, localizer.grid)
        self._resampler = StreamResampler(
            self._sample_rate, localizer.estimator.sample_rate, localizer.array.num_microphones
        )
        self._watch = localizer.watch(self._sample_rate) if watch is None else watch
        self._reader = FrameReader(localizer.finder)
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
        _check_axes(self._array, samples)
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


class LocalizationRun:
    """The frames of one recording, to be iterated once; the summary is complete after the last.

    Args:
        localizer: array, grid and estimator.
        info: name, sample rate and length of the recording.
        blocks: its samples.
        remarks: what is odd about its files; may grow while blocks are read.

    Raises:
        AudioError: if the recording has other channels than the array or is shorter than one frame.
    """

    def __init__(
        self,
        localizer: Localizer,
        info: AudioInfo,
        blocks: Iterator[Float[np.ndarray, "channel time"]],
        remarks: Sequence[str] = (),
    ) -> None:
        try:
            localizer.array.check_channel_count(info.num_channels)
        except ChannelCountError as error:
            raise error.of(info.name) from None
        estimator = localizer.estimator
        least_s = estimator.window_length / estimator.sample_rate
        if info.duration_s < least_s:
            raise AudioError(
                f"{info.name}: a recording must last at least {least_s:.6g} s, one window of "
                f"{estimator.name}, got {info.duration_s:.6g} s; record longer"
            )
        self.info = info
        self.header = localizer.header(info.name)
        self.warnings: tuple[str, ...] = ()
        """What is wrong with the recording, a line each; complete after the last frame."""
        self._array, self._blocks, self._remarks = localizer.array, blocks, remarks
        self._watch = localizer.watch(info.sample_rate)
        self._session = Session(localizer, info.sample_rate, self._watch)
        self._finder = localizer.finder
        self._tracker = TalkerTracker(
            estimator.hop_length / estimator.sample_rate,
            TrackerOptions(least_score=estimator.threshold),
            num_talkers=localizer.finder.num_sources,
        )
        self._talkers: tuple[Talker, ...] | None = None

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames():
            self._tracker.update(frame.time_s, frame.sources)
            self._talkers = None
            yield frame
        self.warnings = (*self._remarks, *self.sound_warnings)
        for line in self.sound_warnings:
            _logger.warning("%s: %s", self.info.name, line)

    @property
    def sound_warnings(self) -> tuple[str, ...]:
        """What is wrong with the sound so far, a line each; not what is odd about its files."""
        return self._session.warnings

    @property
    def directions(self) -> tuple[Source, ...]:
        """The sources of the recording as a whole, strongest first, each with the number of its talker."""
        found = self._session.directions
        directions = np.array([source.direction for source in found]).reshape(-1, 3)
        numbers = talker_numbers(self.talkers, directions)
        return tuple(replace(source, id=id) for source, id in zip(found, numbers, strict=True))

    @property
    def summary(self) -> ResultSummary:
        """The recording as a whole."""
        return ResultSummary(self.directions, self.info.duration_s, self.warnings, self.talkers)

    @property
    def talkers(self) -> tuple[Talker, ...]:
        """Who was where when so far, in order of the first sound."""
        return self.find_talkers()

    def find_talkers(self, on_frame: Callable[[], None] = lambda: None) -> tuple[Talker, ...]:
        """The talkers, told of every step on the way to them: an hour of sound takes most of a minute.

        Args:
            on_frame: called once for each frame and direction of time; what it raises ends the work.
        """
        if self._talkers is None:
            talkers = self._tracker.talkers(self._session.directions, on_frame=on_frame)
            self._talkers = tuple(replace(talker, mirror=self.mirror(talker.direction)) for talker in talkers)
        return self._talkers

    def mirror(self, direction: Float[np.ndarray, "3"]) -> tuple[Float[np.ndarray, "3"], ...]:
        """Other directions on the grid that the array cannot tell from one."""
        return self._finder.mirror(direction)

    @property
    def frames(self) -> Iterator[FrameResult]:
        """The frames so far, each with the talkers whose turn it is."""
        return frames_of_talkers(self._tracker.times_s, self.talkers, self.mirror)

    @property
    def mean_spectrum(self) -> Float[np.ndarray, "grid"]:
        """The spectrum of the recording as a whole, weighted by level."""
        return self._session.mean_spectrum

    @property
    def flat_channels(self) -> list[int]:
        """Channels of the recording that never change though a microphone should be on them."""
        return self._watch.flat_channels

    def _frames(self) -> Iterator[Frame]:
        for block in self._blocks:
            yield from self._session.push_checked(self._array.select_channels(block))
        yield from self._session.finish()


def parse_num_sources(text: str, name: str = "num_sources") -> int | None:
    """How many sources there are, as a person writes it; None where the sound shall decide.

    Args:
        text: ``auto`` or a number.
        name: what to call it in an error.

    Raises:
        ConfigError: if the text is neither ``auto`` nor a number of sources that can be told.
    """
    if text == UNKNOWN_NUMBER:
        return None
    # Python reads no number of thousands of digits.
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or not 1 <= int(text) <= MAX_TOLD_SOURCES:
        raise ConfigError(
            f"{name} must be {UNKNOWN_NUMBER} or a number from 1 to {MAX_TOLD_SOURCES}, got {text!r:.40}; "
            f"{UNKNOWN_NUMBER} lets the sound decide"
        )
    return int(text)


def _as_num_sources(number: object) -> int | None:
    if number is None:
        return None
    count = _as_count(number, "num_sources")
    if count > MAX_TOLD_SOURCES:
        raise ConfigError(
            f"num_sources must be at most {MAX_TOLD_SOURCES}, got {count}; give fewer, or None to leave "
            "it open"
        )
    return count


def _as_degrees(number: object, name: str) -> float:
    if isinstance(number, (int, float, np.integer, np.floating)) and not isinstance(number, bool):
        return float(number)
    raise ConfigError(f"{name} must be a number of degrees, got {number!r:.40}; give one")


def _as_count(number: object, name: str) -> int:
    if isinstance(number, (int, np.integer)) and not isinstance(number, bool):
        return int(number)
    raise ConfigError(f"{name} must be a whole number from 1, got {number!r:.40}; give one")


def _check_axes(array: MicrophoneArray, samples: np.ndarray) -> None:
    """Refuse samples whose axes are exchanged, as soundfile has them."""
    if samples.shape[0] != array.num_recording_channels == samples.shape[1]:
        raise ShapeError(f"samples are (channel, time), got {samples.shape}; pass audio.T")
