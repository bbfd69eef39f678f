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

_CLOSE_DEG = 15.0  # between two talkers whose lobes run into one
_SLOPE_DEG = 20.0  # from a talker on whose lobe an estimate lies: peaks are picked 10 degrees apart and more
_NEAR_DEG = 20.0
_ONSET_S = 0.3
_LOW_SNR_DB = 5.0


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
class Frames:
    """Talkers of each frame, what was found for them, and what is known of the sound around them.

    Args:
        matched: what was found for each talker; NaN where nothing was.
        errors_deg: how far it is from the talker; NaN where the talker is silent.
        talkers: unit vectors towards each talker.
        since_onset_s: time since the talker first spoke.
        noises: unit vectors towards noise sources that are heard; None where nobody knows.
        reflections: unit vectors towards each talker's strongest early reflections; None where nobody knows.
        snr_db: speech over noise; NaN where nobody knows.
        has_elevation: whether the array can tell azimuth from elevation; a straight one cannot.
    """

    matched: Float[np.ndarray, "frame source 3"]
    errors_deg: Float[np.ndarray, "frame source"]
    talkers: Float[np.ndarray, "frame source 3"]
    since_onset_s: Float[np.ndarray, "frame source"]
    noises: Float[np.ndarray, "noise 3"] | None = None
    reflections: Float[np.ndarray, "source reflection 3"] | None = None
    snr_db: float = float("nan")
    has_elevation: bool = True


@dataclass(frozen=True)
class CauseShare:
    """What one cause makes of one recording.

    Args:
        share: of the active talkers of all frames, 0..1. Over all causes the sum is 1.
        error_deg: what they add to the mean error. Over all causes the sum is the mean error.
    """

    share: float
    error_deg: float


def share_causes(frames: Frames) -> dict[Cause, CauseShare]:
    """Share of each cause that can be told in a recording; nothing for one in which nobody speaks."""
    trial = ~np.isnan(frames.errors_deg)
    count = int(trial.sum())
    if not count:
        return {}
    shares = {}
    left = trial
    for cause, applies in _conditions(frames).items():
        here = left & applies
        left = left & ~applies
        shares[cause] = CauseShare(
            share=float(here.sum()) / count, error_deg=float(frames.errors_deg[here].sum()) / count
        )
    return shares


def _conditions(frames: Frames) -> dict[Cause, Bool[np.ndarray, "frame source"]]:
    """Where each cause that can be told would apply, in order of precedence."""
    right = frames.errors_deg <= TOLERANCE_DEG
    found = {
        Cause.RIGHT: right,
        Cause.NO_ESTIMATE: np.isnan(frames.matched[..., 0]),
        **_pointed_at(frames),
        Cause.NEAR: frames.errors_deg <= _NEAR_DEG,
        Cause.ONSET: frames.since_onset_s < _ONSET_S,
        Cause.OTHER: np.ones_like(right),
    }
    if frames.has_elevation:
        found[Cause.ELEVATION] = _azimuth_error_deg(frames) <= TOLERANCE_DEG
    if not np.isnan(frames.snr_db):
        found[Cause.LOW_SNR] = np.full_like(right, frames.snr_db < _LOW_SNR_DB)
    if right.shape[1] > 1:
        found[Cause.SECOND_MISSED] = np.broadcast_to(right.any(axis=1, keepdims=True), right.shape)
    return {cause: found[cause] for cause in Cause if cause in found}


def _pointed_at(frames: Frames) -> dict[Cause, Bool[np.ndarray, "frame source"]]:
    """Causes that are a matter of places: other talkers, noise, reflections."""
    active = ~np.isnan(frames.errors_deg)
    found: dict[Cause, Bool[np.ndarray, "frame source"]] = {}
    if frames.noises is not None:
        found[Cause.NOISE] = np.any(_from_matched(frames, frames.noises) <= TOLERANCE_DEG, axis=-1)
    if frames.reflections is not None:
        near = _from_matched(frames, frames.reflections.reshape(-1, 3)) <= TOLERANCE_DEG
        of_talker = near.reshape(*active.shape, *frames.reflections.shape[:2]).any(axis=-1)
        found[Cause.REFLECTION] = np.any(of_talker & active[:, None], axis=-1)
    if active.shape[1] > 1:
        between = great_circle_distance_deg(frames.talkers[:, :, None], frames.talkers[:, None])
        away = great_circle_distance_deg(frames.matched[:, :, None], frames.talkers[:, None])
        others = ~np.eye(active.shape[1], dtype=bool)
        speaks = others & active[:, None]
        found[Cause.CLOSE_TALKERS] = np.any(speaks & (between < _CLOSE_DEG), axis=-1)
        found[Cause.OTHER_TALKER] = np.any(speaks & (away <= _SLOPE_DEG), axis=-1)
        found[Cause.SILENT_TALKER] = np.any(others & ~active[:, None] & (away <= TOLERANCE_DEG), axis=-1)
    return found


def _from_matched(
    frames: Frames, places: Float[np.ndarray, "place 3"]
) -> Float[np.ndarray, "frame source place"]:
    return great_circle_distance_deg(frames.matched[:, :, None], places)


def _azimuth_error_deg(frames: Frames) -> Float[np.ndarray, "frame source"]:
    found, _ = direction_to_angles_deg(frames.matched)
    told, _ = direction_to_angles_deg(frames.talkers)
    return np.asarray(np.abs((found - told + 180) % 360 - 180))
