"""Scores of one estimator on one recording.

Three questions: where are the talkers of each frame, their number known (the published question); where are
they when the number is not known; and where are they in the recording as a whole.
"""

import time
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from anydoa.errors import ConfigError
from anydoa.evaluation.causes import Cause, CauseShare, Frames, share_causes
from anydoa.evaluation.clip import SuiteClip
from anydoa.geometry.ambiguity import geometry_rank
from anydoa.geometry.folded_grid import fold_grid
from anydoa.geometry.folding import fold_directions
from anydoa.geometry.grid import DirectionGrid
from anydoa.metrics.detection import DetectionCounts, count_detections
from anydoa.metrics.localization import (
    LocalizationScore,
    localization_errors_deg,
    match_talkers,
    score_errors,
)
from anydoa.metrics.picking import pick_peaks
from anydoa.peaks import Peak, PeakFinder, Rule
from anydoa.spectrum import SpatialSpectrum, SpectrumEstimator
from anydoa.votes import DirectionVotes


@dataclass(frozen=True)
class ClipScore:
    """How one estimator did on one recording.

    Args:
        estimator: its name.
        suite: row of the table the recording belongs to.
        clip: name of the recording.
        talkers: how many talkers it has.
        num_microphones: of its array.
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


def score_clip(
    estimator: SpectrumEstimator, clip: SuiteClip, grid: DirectionGrid, *, rule: Rule = "published"
) -> ClipScore:
    """Run an estimator on a recording and compare.

    Flat and straight arrays are asked only for directions they can tell apart, see
    :mod:`anydoa.geometry.folded_grid`; and only for what the truth tells, see
    :mod:`anydoa.evaluation.clip`.

    Args:
        estimator: what to measure, at the sample rate of the recording.
        clip: recording and truth.
        grid: candidate directions.
        rule: how peaks are picked in frames whose number of talkers is known: ``published`` on the grid by
            :func:`~anydoa.metrics.picking.pick_peaks`, ``maxima`` by :class:`~anydoa.peaks.PeakFinder`.

    Raises:
        ConfigError: if estimator and recording differ in sample rate.
    """
    if estimator.sample_rate != clip.sample_rate:
        raise ConfigError(
            f"{estimator.name} listens at {estimator.sample_rate} Hz, {clip.name} has {clip.sample_rate} Hz; "
            "resample it"
        )
    grid = fold_grid(grid, clip.array)
    started = time.perf_counter()
    spectrum = estimator.spectrum(clip.audio, clip.array, grid)
    busy_s = time.perf_counter() - started
    known = clip.valid_at(spectrum.times_s)
    times_s, values = spectrum.times_s[known], spectrum.values[known]
    active = clip.active_at(times_s)
    truth = _comparable(clip.directions_at(times_s), clip)
    peaks = clip.known.of(_peaks_of_frames(values, grid, active, rule))
    errors_deg, matched = match_talkers(peaks, truth, active)
    answers_deg = _recording_errors_deg(spectrum, clip, active)
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
        detection=count_detections(_detected(values, grid, estimator.threshold, clip), truth, active),
        busy_s=busy_s,
        duration_s=clip.duration_s,
        causes=share_causes(_frames(clip, (matched, errors_deg, truth), times_s)),
        within=_share_within(answers_deg, clip.tolerance_deg),
    )


def _comparable(directions: Float[np.ndarray, "*batch 3"], clip: SuiteClip) -> Float[np.ndarray, "*batch 3"]:
    """True directions as the array can tell them apart, without what the truth does not tell."""
    return clip.known.of(fold_directions(directions, clip.array))


def _frames(
    clip: SuiteClip,
    found: tuple[
        Float[np.ndarray, "frame source 3"],
        Float[np.ndarray, "frame source"],
        Float[np.ndarray, "frame source 3"],
    ],
    times_s: Float[np.ndarray, "frame"],
) -> Frames:
    """What was found beside what is known of the recording, all as the array can tell it apart."""
    matched, errors_deg, talkers = found
    return Frames(
        matched=matched,
        errors_deg=errors_deg,
        talkers=talkers,
        since_onset_s=times_s[:, None] - clip.onsets_s,
        noises=None if clip.noises is None else fold_directions(clip.noises, clip.array),
        reflections=None if clip.reflections is None else fold_directions(clip.reflections, clip.array),
        snr_db=clip.snr_db,
        has_elevation=geometry_rank(clip.array) != "line" and clip.known.kind == "direction",
    )


def _peaks_of_frames(
    values: Float[np.ndarray, "frame grid"],
    grid: DirectionGrid,
    active: Bool[np.ndarray, "frame source"],
    rule: Rule,
) -> Float[np.ndarray, "frame peak 3"]:
    """As many peaks in each frame as talkers speak in it, or more; NaN where there are fewer."""
    if rule == "published":
        index = pick_peaks(values, grid, active.shape[1])
        return np.where(index[..., None] >= 0, grid.directions[index], np.nan)
    finders = [PeakFinder(grid, num_sources=count) for count in range(1, active.shape[1] + 1)]
    peaks = np.full((*active.shape, 3), np.nan)
    for frame in np.flatnonzero(active.any(axis=1)):
        found = finders[int(active[frame].sum()) - 1].find(values[frame])
        peaks[frame, : len(found)] = _directions(found)
    return peaks


def _recording_errors_deg(
    spectrum: SpatialSpectrum, clip: SuiteClip, active: Bool[np.ndarray, "frame source"]
) -> Float[np.ndarray, "answer source"]:
    """Errors of one answer for the recording, elected by its frames; none for one whose talkers move."""
    heard = np.asarray(active.any(axis=0))
    if not clip.is_static or not heard.any():
        return np.full((0, clip.num_talkers), np.nan)
    finder = PeakFinder(spectrum.grid, num_sources=int(heard.sum()))
    votes = DirectionVotes(finder)
    for values, level in zip(spectrum.values, spectrum.level, strict=True):
        votes.add(finder.find(values), values, float(level))
    elected = np.array([direction for direction, _ in votes.elect()]).reshape(1, -1, 3)
    truth = _comparable(clip.directions[:, 0], clip)
    return localization_errors_deg(clip.known.of(elected), truth, heard[None])


def _share_within(errors_deg: Float[np.ndarray, "answer source"], tolerance_deg: float) -> float:
    known = errors_deg[np.isfinite(errors_deg)]
    if np.isnan(tolerance_deg) or not len(known):
        return float("nan")
    return float((known <= tolerance_deg).mean())


def _detected(
    values: Float[np.ndarray, "frame grid"], grid: DirectionGrid, threshold: float, clip: SuiteClip
) -> list[Float[np.ndarray, "peak 3"]]:
    finder = PeakFinder(grid, threshold=threshold)
    return [clip.known.of(_directions(finder.find(frame))) for frame in values]


def _directions(peaks: list[Peak]) -> Float[np.ndarray, "peak 3"]:
    return np.array([peak.direction for peak in peaks]).reshape(-1, 3)
