"""What wrong directions come from: one cause for every talker in every frame, the first that applies.

The order is that of :class:`Cause`: what an estimate points at comes before how it misses, and that before
what made the frame hard. A cause that nobody could tell, such as noise sources in a recording where they are
unknown, is not there at all.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float

from anydoa.geometry.coordinates import direction_to_angles_deg, great_circle_distance_deg
from anydoa.metrics.localization import TOLERANCE_DEG


@dataclass(frozen=True)
class CauseOptions:
    """Where causes begin and end.

    Args:
        right_deg: greatest error that is right, and greatest distance from what an estimate points at.
        close_deg: angle between two talkers whose lobes run into one.
        slope_deg: distance from a talker on whose lobe an estimate lies: peaks are picked 10 degrees apart
            and more.
        near_deg: greatest error of a near miss.
        onset_s: seconds since a talker first spoke that count as the onset.
        low_snr_db: ratio of speech to noise below which a recording is noisy.
    """

    right_deg: float = TOLERANCE_DEG
    close_deg: float = 15.0
    slope_deg: float = 20.0
    near_deg: float = 20.0
    onset_s: float = 0.3
    low_snr_db: float = 5.0


_OPTIONS = CauseOptions()


class Cause(StrEnum):
    """Right, or why not, in order of precedence."""

    RIGHT = "right"
    NO_ESTIMATE = "no estimate"
    CLOSE_TALKERS = "talkers close"  # first, as the estimate of a merged talker may then lie anywhere
    NOISE = "noise source"
    OTHER_TALKER = "other talker"  # one lobe taken for two talkers
    SILENT_TALKER = "silent talker"
    REFLECTION = "reflection"
    ELEVATION = "elevation only"
    NEAR = "near miss"
    ONSET = "onset"
    LOW_SNR = "low SNR"
    SECOND_MISSED = "second missed"  # another talker was found, and the estimate points at nothing known
    OTHER = "other"


@dataclass(frozen=True, eq=False)
class ScoredFrames:
    """Talkers of each frame, what was found for them, and what is known of the sound around them.

    Args:
        matched: direction found for each talker; NaN where there is none.
        errors_deg: how far it is from the talker; NaN where the talker is silent.
        talkers: unit vectors towards each talker.
        since_onset_s: time since the talker first spoke.
        noises: unit vectors towards noise sources that are heard; None where nobody knows.
        reflections: unit vectors towards each talker's strongest early reflections; None where nobody knows.
        snr_db: speech over noise; NaN where nobody knows.
        has_elevation: whether the array can tell azimuth from elevation; a straight one cannot.
    """

    matched: Float[np.ndarray, "frame talker 3"]
    errors_deg: Float[np.ndarray, "frame talker"]
    talkers: Float[np.ndarray, "frame talker 3"]
    since_onset_s: Float[np.ndarray, "frame talker"]
    noises: Float[np.ndarray, "noise 3"] | None = None
    reflections: Float[np.ndarray, "talker reflection 3"] | None = None
    snr_db: float = float("nan")
    has_elevation: bool = True


@dataclass(frozen=True)
class CauseShare:
    """What one cause makes of one recording.

    Args:
        share: share of the active talkers of all frames, 0..1. Over all causes the sum is 1.
        error_deg: degrees that they add to the mean error. Over all causes the sum is the mean error.
    """

    share: float
    error_deg: float


def share_causes(frames: ScoredFrames, options: CauseOptions = _OPTIONS) -> dict[Cause, CauseShare]:
    """Share of each cause that can be told in a recording; nothing for one in which nobody speaks."""
    trial = ~np.isnan(frames.errors_deg)
    count = int(trial.sum())
    if not count:
        return {}
    # Where each cause that can be told would apply: (frame, talker).
    right = frames.errors_deg <= options.right_deg
    found = {
        Cause.RIGHT: right,
        Cause.NO_ESTIMATE: np.isnan(frames.matched[..., 0]),
        **_pointed_at(frames, options),
        Cause.NEAR: frames.errors_deg <= options.near_deg,
        Cause.ONSET: frames.since_onset_s < options.onset_s,
        Cause.OTHER: np.ones_like(right),
    }
    if frames.has_elevation:
        azimuth_deg, _ = direction_to_angles_deg(frames.matched)
        true_deg, _ = direction_to_angles_deg(frames.talkers)
        error_deg = np.asarray(np.abs((azimuth_deg - true_deg + 180) % 360 - 180))
        found[Cause.ELEVATION] = error_deg <= options.right_deg
    if not np.isnan(frames.snr_db):
        found[Cause.LOW_SNR] = np.full_like(right, frames.snr_db < options.low_snr_db)
    if right.shape[1] > 1:
        found[Cause.SECOND_MISSED] = np.broadcast_to(right.any(axis=1, keepdims=True), right.shape)
    # The first that applies, in order of precedence, takes each talker of each frame.
    shares = {}
    left = trial
    for cause in (cause for cause in Cause if cause in found):
        here = left & found[cause]
        left = left & ~found[cause]
        shares[cause] = CauseShare(
            share=float(here.sum()) / count, error_deg=float(frames.errors_deg[here].sum()) / count
        )
    return shares


def _pointed_at(frames: ScoredFrames, options: CauseOptions) -> dict[Cause, Bool[np.ndarray, "frame talker"]]:
    """Causes that are a matter of places: other talkers, noise, reflections."""
    active = ~np.isnan(frames.errors_deg)
    matched = frames.matched[:, :, None]
    found: dict[Cause, Bool[np.ndarray, "frame talker"]] = {}
    if frames.noises is not None:
        # (frame, talker, noise) -> (frame, talker)
        near = great_circle_distance_deg(matched, frames.noises) <= options.right_deg
        found[Cause.NOISE] = np.any(near, axis=-1)
    if frames.reflections is not None:
        # (frame, talker, other talker, reflection) -> (frame, talker), of other talkers who speak
        places = frames.reflections.reshape(-1, 3)
        near = great_circle_distance_deg(matched, places) <= options.right_deg
        of_talker = near.reshape(*active.shape, *frames.reflections.shape[:2]).any(axis=-1)
        found[Cause.REFLECTION] = np.any(of_talker & active[:, None], axis=-1)
    if active.shape[1] > 1:
        # (frame, talker, other talker) -> (frame, talker)
        between = great_circle_distance_deg(frames.talkers[:, :, None], frames.talkers[:, None])
        away = great_circle_distance_deg(matched, frames.talkers[:, None])
        others = ~np.eye(active.shape[1], dtype=bool)
        speaks = others & active[:, None]
        silent = others & ~active[:, None]
        found[Cause.CLOSE_TALKERS] = np.any(speaks & (between < options.close_deg), axis=-1)
        found[Cause.OTHER_TALKER] = np.any(speaks & (away <= options.slope_deg), axis=-1)
        found[Cause.SILENT_TALKER] = np.any(silent & (away <= options.right_deg), axis=-1)
    return found
