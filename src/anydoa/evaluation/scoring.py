"""Scores of one estimator on one recording.

Three questions: where are the talkers of each frame, their number known (the published question); where are
they when the number is not known; and where are they in the recording as a whole.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from anydoa.errors import ConfigError
from anydoa.evaluation.causes import Cause, CauseShare, ScoredFrames, share_causes
from anydoa.evaluation.clip import SuiteClip
from anydoa.geometry.grid import DirectionGrid
from anydoa.io.results import Source
from anydoa.metrics.detection import DetectionCounts, count_detections
from anydoa.metrics.localization import (
    LocalizationScore,
    accuracy,
    localization_errors_deg,
    match_talkers,
    score_errors,
)
from anydoa.peaks import FrameReader, Peak, PeakFinder, pick_peaks
from anydoa.spectrum import SpatialSpectrum, SpectrumEstimator

Rule = Literal["maxima", "published"]
"""How peaks are picked where their number is known: ``published`` takes, on the grid, the largest values that
lie far enough apart; ``maxima`` takes what stands out first, see :class:`~anydoa.peaks.finder.PeakFinder`.
"""


@dataclass(frozen=True)
class ClipScore:
    """How one estimator did on one recording.

    Args:
        estimator: its name.
        suite: row of the table the recording belongs to.
        clip: name of the recording.
        talkers: how many talkers it has.
        num_microphones: microphones of its array.
        snr_db: speech over noise; NaN where nobody knows.
        rt60: reverberation time in seconds; NaN where nobody knows.
        frames: errors frame by frame, number of talkers known.
        recording: errors of one answer for the whole recording as `anydoa locate` gives it, number of talkers
            known.
        detection: counts frame by frame, number of talkers not known.
        busy_s: seconds the estimator took, its preparation for the array included.
        duration_s: length of the recording in seconds.
        causes: what the errors of ``frames`` come from.
        within: share of talkers whom the answer for the whole recording finds within the tolerance of the
            recording's truth; NaN where no tolerance is said, or no such answer is asked for.
        look_ahead_s: seconds of later sound that a frame was judged by; 0: by its past alone.
    """

    estimator: str
    suite: str
    clip: str
    talkers: int
    num_microphones: int
    snr_db: float
    rt60: float
    frames: LocalizationScore
    recording: LocalizationScore
    detection: DetectionCounts
    busy_s: float
    duration_s: float
    causes: dict[Cause, CauseShare]
    within: float = float("nan")
    look_ahead_s: float = 0.0


def score_clip(
    estimator: SpectrumEstimator, clip: SuiteClip, grid: DirectionGrid, *, rule: Rule = "published"
) -> ClipScore:
    """Run an estimator on a recording and compare.

    Flat and straight arrays are asked only for directions they can tell apart, see
    :mod:`anydoa.geometry.ambiguity`; and only for what the truth tells, see
    :mod:`anydoa.evaluation.clip`.

    Args:
        estimator: what to measure, at the sample rate of the recording.
        clip: recording and truth.
        grid: candidate directions.
        rule: how peaks are picked in frames whose number of talkers is known; see :data:`Rule`.

    Raises:
        ConfigError: if estimator and recording differ in sample rate.
    """
    if estimator.sample_rate != clip.sample_rate:
        raise ConfigError(
            f"{estimator.name} listens at {estimator.sample_rate} Hz, {clip.name} has {clip.sample_rate} Hz; "
            "resample it"
        )
    grid = clip.array.ambiguity.distinct(grid)
    started = time.perf_counter()
    spectrum = estimator.spectrum(clip.audio, clip.array, grid)
    busy_s = time.perf_counter() - started
    # (frame): those that the truth holds for; (frame, source): who speaks, (frame, source, xyz): where
    known = clip.valid_at(spectrum.times_s)
    times_s, values = spectrum.times_s[known], spectrum.values[known]
    active = clip.active_at(times_s)
    truth = _comparable(clip.directions_at(times_s), clip)
    # (frame, grid) -> (frame, peak, xyz) -> (frame, source): as many peaks as talkers, each given a talker
    finder = PeakFinder(
        grid, array=clip.array, threshold=estimator.threshold, chances=estimator.values_are_chances
    )
    peaks = clip.known.of(_peaks_of_frames(values, finder, active, rule))
    errors_deg, matched = match_talkers(peaks, truth, active)
    # As many peaks in each frame as are high enough, whoever speaks, and one answer for the whole recording.
    frames = FrameReader(finder).read(spectrum)
    detected = [clip.known.of(_directions(frames[frame].peaks)) for frame in np.flatnonzero(known)]
    answers_deg = _recording_errors_deg(spectrum, clip, active, finder)
    return ClipScore(
        estimator=estimator.name,
        suite=clip.suite,
        clip=clip.name,
        talkers=clip.num_talkers,
        num_microphones=clip.array.num_microphones,
        snr_db=clip.snr_db,
        rt60=clip.rt60,
        frames=score_errors(errors_deg),
        recording=score_errors(answers_deg),
        detection=count_detections(detected, truth, active),
        busy_s=busy_s,
        duration_s=clip.duration_s,
        causes=share_causes(_frames(clip, (matched, errors_deg, truth), times_s)),
        within=np.nan if np.isnan(clip.tolerance_deg) else accuracy(answers_deg, clip.tolerance_deg),
        look_ahead_s=estimator.look_ahead_s,
    )


def _comparable(directions: Float[np.ndarray, "*batch 3"], clip: SuiteClip) -> Float[np.ndarray, "*batch 3"]:
    """True directions as the array can tell them apart, without what the truth does not tell."""
    return clip.known.of(clip.array.ambiguity.fold(directions))


def _frames(
    clip: SuiteClip,
    found: tuple[
        Float[np.ndarray, "frame source 3"],
        Float[np.ndarray, "frame source"],
        Float[np.ndarray, "frame source 3"],
    ],
    times_s: Float[np.ndarray, "frame"],
) -> ScoredFrames:
    """What was found beside what is known of the recording, all as the array can tell it apart."""
    matched, errors_deg, talkers = found
    ambiguity = clip.array.ambiguity
    return ScoredFrames(
        matched=matched,
        errors_deg=errors_deg,
        talkers=talkers,
        since_onset_s=times_s[:, None] - clip.onsets_s,
        noises=None if clip.noises is None else ambiguity.fold(clip.noises),
        reflections=None if clip.reflections is None else ambiguity.fold(clip.reflections),
        snr_db=clip.snr_db,
        has_elevation=ambiguity.num_angles == 2 and clip.known.kind == "direction",
    )


def _peaks_of_frames(
    values: Float[np.ndarray, "frame grid"],
    finder: PeakFinder,
    active: Bool[np.ndarray, "frame source"],
    rule: Rule,
) -> Float[np.ndarray, "frame peak 3"]:
    """As many peaks in each frame as talkers speak in it, or more; NaN where there are fewer."""
    if rule == "published":
        index = pick_peaks(values, finder.grid, active.shape[1])
        return np.where(index[..., None] >= 0, finder.grid.directions[index], np.nan)
    finders = [replace(finder, num_sources=count) for count in range(1, active.shape[1] + 1)]
    peaks = np.full((*active.shape, 3), np.nan)
    for frame in np.flatnonzero(active.any(axis=1)):
        found = finders[int(active[frame].sum()) - 1].find(values[frame])
        peaks[frame, : len(found)] = _directions(found)
    return peaks


def _recording_errors_deg(
    spectrum: SpatialSpectrum, clip: SuiteClip, active: Bool[np.ndarray, "frame source"], finder: PeakFinder
) -> Float[np.ndarray, "answer source"]:
    """Errors of one answer for the recording, elected by its frames; none for one whose talkers move."""
    heard = np.asarray(active.any(axis=0))
    if not clip.is_static or not heard.any():
        return np.full((0, clip.num_talkers), np.nan)
    reader = FrameReader(replace(finder, num_sources=int(heard.sum())))
    reader.read(spectrum)
    answer = clip.known.of(_directions(reader.directions)[None])
    return localization_errors_deg(answer, _comparable(clip.directions[:, 0], clip), heard[None])


def _directions(found: Sequence[Peak | Source]) -> Float[np.ndarray, "found 3"]:
    return np.array([one.direction for one in found]).reshape(-1, 3)
