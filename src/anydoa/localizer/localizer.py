"""From a recording to directions: the facade of the package.

A :class:`Localizer` joins an array, a grid and an estimator; it takes files or audio in memory, whole or as
it comes. Between blocks nothing is kept but sums for the summary and, of recordings, the peaks of frames as
plain numbers, a few megabytes an hour.
"""

import math
import os
from copy import copy

import numpy as np

from anydoa.constants import MIN_SEPARATION_DEG, SAMPLE_RATE
from anydoa.doctor.watch import RecordingWatch
from anydoa.errors import ConfigError, GeometryError
from anydoa.estimators import DEFAULT_ESTIMATOR, as_estimator
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid
from anydoa.io import DEFAULT_GRID, load_array, load_grid
from anydoa.io.audio import Recording, is_recording
from anydoa.io.results import LocalizationResult, ResultHeader
from anydoa.io.samples import as_samples, check_no_rate, samples_info, split_blocks, whole_rate
from anydoa.localizer.num_sources import as_count, as_num_sources
from anydoa.localizer.run import LocalizationRun, OpenRecording
from anydoa.localizer.session import Session, SoundWatch, check_axes
from anydoa.peaks import PeakFinder
from anydoa.spectrum import SpectrumEstimator

AudioLike = Recording | np.ndarray


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
            num_sources=as_num_sources(num_sources),
            threshold=self.estimator.threshold,
            min_separation_deg=_as_degrees(min_separation_deg, "min_separation_deg"),
            max_sources=as_count(max_sources, "max_sources"),
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

    def iterate(self, audio: AudioLike, sample_rate: int | None = None) -> LocalizationRun:
        """The frames of a recording one after the other; none is kept, so length costs no memory.

        Arguments and errors are those of :meth:`locate`.
        """
        if is_recording(audio):
            check_no_rate(sample_rate)
            return self.run(OpenRecording.of_files(audio))
        samples = as_samples(audio, or_file=True)
        info = samples_info(samples, sample_rate)
        check_axes(self.array, samples)
        return self.run(OpenRecording(info, split_blocks(samples, info.sample_rate)))

    def run(self, recording: OpenRecording) -> LocalizationRun:
        """The frames of a recording that is open.

        Raises:
            AudioError: if the recording has other channels than the array or is shorter than one frame.
        """
        info = recording.info
        watch, header = self.watch(info.sample_rate), self.header(info.name)
        return LocalizationRun(self.array, self.estimator, self.finder, watch, header, recording)

    def stream(self, sample_rate: int = SAMPLE_RATE, *, look_ahead_s: float = 0.0) -> Session:
        """A fresh session for sound as it comes, at any sample rate.

        Args:
            sample_rate: sample rate of the sound, in Hz.
            look_ahead_s: seconds of later sound that a frame may be judged by; it comes so much later.

        Raises:
            AudioError: if no sound is recorded at that rate.
            ConfigError: if the look-ahead is below 0.
        """
        rate = whole_rate(sample_rate, name="stream")
        return self.looking_ahead(look_ahead_s).session(rate, self.watch(rate))

    def session(self, sample_rate: int, watch: SoundWatch) -> Session:
        """A fresh session with this localizer's own look-ahead.

        Args:
            sample_rate: sample rate of the sound, in Hz.
            watch: says what is wrong with the sound.

        Raises:
            AudioError: if no sound is recorded at that rate.
        """
        return Session(self.array, self.estimator, self.finder, sample_rate, watch)

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


def _as_degrees(number: object, name: str) -> float:
    if isinstance(number, (int, float, np.integer, np.floating)) and not isinstance(number, bool):
        return float(number)
    raise ConfigError(f"{name} must be a number of degrees, got {number!r:.40}; give one")
