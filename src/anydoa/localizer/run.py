"""The frames of one recording, and what they say together."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from anydoa.doctor.watch import RecordingWatch
from anydoa.errors import AudioError, ChannelCountError
from anydoa.geometry import MicrophoneArray
from anydoa.io.audio import Recording, audio_info, read_blocks
from anydoa.io.results import FrameResult, ResultHeader, ResultSummary, Source, frames_of_talkers
from anydoa.io.samples import AudioInfo
from anydoa.io.talkers import Talker, talker_numbers
from anydoa.localizer.session import Session
from anydoa.peaks import Frame, PeakFinder
from anydoa.spectrum import SpectrumEstimator
from anydoa.tracking import TalkerTracker, TrackerOptions

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class OpenRecording:
    """A recording whose samples are about to be read, once.

    Args:
        info: name, sample rate and length.
        blocks: its samples.
        remarks: what is odd about its files; may grow while blocks are read.
    """

    info: AudioInfo
    blocks: Iterator[Float[np.ndarray, "channel time"]]
    remarks: Sequence[str] = ()

    @classmethod
    def of_files(cls, files: Recording, info: AudioInfo | None = None) -> "OpenRecording":
        """The recording in a file, or in files of one microphone each.

        Args:
            files: the files.
            info: what their headers say, if that is known or to be told otherwise.

        Raises:
            AudioError: if a header cannot be read or used.
        """
        remarks: list[str] = []
        blocks = read_blocks(files, remarks=remarks)
        return cls(audio_info(files) if info is None else info, blocks, remarks)


class LocalizationRun:
    """The frames of one recording, to be iterated once; the summary is complete after the last.

    Args:
        array: what recorded the sound.
        estimator: turns the sound into spectra.
        finder: finds the peaks of these, on its grid.
        watch: says what is wrong with the sound.
        header: where the results come from.
        recording: the sound.

    Raises:
        AudioError: if the recording has other channels than the array or is shorter than one frame.
    """

    def __init__(
        self,
        array: MicrophoneArray,
        estimator: SpectrumEstimator,
        finder: PeakFinder,
        watch: RecordingWatch,
        header: ResultHeader,
        recording: OpenRecording,
    ) -> None:
        info = recording.info
        try:
            array.check_channel_count(info.num_channels)
        except ChannelCountError as error:
            raise error.of(info.name) from None
        least_s = estimator.window_length / estimator.sample_rate
        if info.duration_s < least_s:
            raise AudioError(
                f"{info.name}: a recording must last at least {least_s:.6g} s, one window of "
                f"{estimator.name}, got {info.duration_s:.6g} s; record longer"
            )
        self.info, self.header = info, header
        self.warnings: tuple[str, ...] = ()
        """What is wrong with the recording, a line each; complete after the last frame."""
        self._array, self._finder, self._watch, self._recording = array, finder, watch, recording
        self._session = Session(array, estimator, finder, info.sample_rate, watch)
        self._tracker = TalkerTracker(
            estimator.hop_length / estimator.sample_rate,
            TrackerOptions(least_score=estimator.threshold),
            num_talkers=finder.num_sources,
        )
        self._talkers: tuple[Talker, ...] | None = None

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames():
            self._tracker.update(frame.time_s, frame.sources)
            self._talkers = None
            yield frame
        self.warnings = (*self._recording.remarks, *self.sound_warnings)
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
        for block in self._recording.blocks:
            yield from self._session.push_checked(self._array.select_channels(block))
        yield from self._session.finish()
