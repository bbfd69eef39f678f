"""How far estimated directions are from the talkers, when their number is known.

Conventions: directions are unit vectors; errors are great-circle angles in degrees; an active talker in one
frame is one trial. In a frame with k active talkers the k highest peaks are matched with them so that the
sum of errors is smallest. A talker for whom no peak is left is missed by 180 degrees.

Metrics
    MAE    mean error over the trials of an utterance, then over utterances
    ACC10  share of trials with an error of at most 10 degrees, averaged the same way
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment
from scipy.special import stdtrit

from anydoa.errors import GeometryError, ShapeError
from anydoa.geometry.coordinates import great_circle_distance_deg

TOLERANCE_DEG = 10.0
MISS_DEG = 180.0


@dataclass(frozen=True)
class LocalizationScore:
    """Scores of one utterance.

    Args:
        mae_deg: mean error in degrees; NaN without trials.
        acc10: share of errors of at most 10 degrees, 0..1; NaN without trials.
        num_trials: active talkers, summed over frames.
    """

    mae_deg: float
    acc10: float
    num_trials: int


@dataclass(frozen=True)
class LocalizationSummary:
    """Means over utterances, with half the width of their 95 % confidence intervals.

    Args:
        mae_deg: mean absolute error in degrees; NaN without utterances.
        mae_ci95: in degrees; NaN with fewer than two utterances.
        acc10: 0..1.
        acc10_ci95: 0..1.
        num_clips: utterances that had trials.
    """

    mae_deg: float
    mae_ci95: float
    acc10: float
    acc10_ci95: float
    num_clips: int


def validate(estimated: np.ndarray, truth: np.ndarray, active: np.ndarray) -> None:
    """Refuse estimates, talkers and activity that do not belong together.

    Raises:
        ShapeError: if their axes do not fit, or activity is not boolean.
        GeometryError: see :func:`validate_talkers`.
    """
    validate_talkers(truth, active)
    if estimated.ndim != 3 or estimated.shape[::2] != (len(active), 3):
        raise ShapeError(
            f"estimates must be ({len(active)}, peak, 3), got {estimated.shape}; "
            "give as many frames as activity has"
        )


def validate_talkers(truth: np.ndarray, active: np.ndarray) -> None:
    """Refuse talkers and activity that do not belong together.

    Raises:
        ShapeError: if their axes do not fit, or activity is not boolean.
        GeometryError: if the direction of a talker who speaks is not finite.
    """
    if active.ndim != 2 or active.dtype != bool:
        raise ShapeError(
            f"activity must be boolean (frame, source), got {active.dtype} {active.shape}; "
            "give one column a talker, compared with a threshold"
        )
    frames, sources = active.shape
    if truth.shape not in {(sources, 3), (frames, sources, 3)}:
        raise ShapeError(
            f"truth must be ({sources}, 3) or ({frames}, {sources}, 3), got {truth.shape}; "
            "give one direction for each column of activity"
        )
    known = np.broadcast_to(np.isfinite(truth).all(axis=-1), active.shape)
    if (active & ~known).any():
        frame, source = np.argwhere(active & ~known)[0].tolist()
        raise GeometryError(
            f"truth of a talker who speaks must be finite, got that of talker {source} in frame {frame}; "
            "mend it, or mark such frames as silent"
        )


def localization_errors_deg(
    estimated: Float[np.ndarray, "frame peak 3"],
    truth: Float[np.ndarray, "source 3"] | Float[np.ndarray, "frame source 3"],
    active: Bool[np.ndarray, "frame source"],
) -> Float[np.ndarray, "frame source"]:
    """Error of each talker in each frame, best permutation; NaN where the talker is silent.

    Arguments as for :func:`match_talkers`.
    """
    return match_talkers(estimated, truth, active)[0]


def match_talkers(
    estimated: Float[np.ndarray, "frame peak 3"],
    truth: Float[np.ndarray, "source 3"] | Float[np.ndarray, "frame source 3"],
    active: Bool[np.ndarray, "frame source"],
) -> tuple[Float[np.ndarray, "frame source"], Float[np.ndarray, "frame source 3"]]:
    """Error of each talker in each frame, and the peak it was matched with, best permutation.

    Args:
        estimated: peaks of each frame, highest first; NaN where there is none.
        truth: directions of the talkers, the same in all frames or frame by frame.
        active: whether each talker speaks in each frame.

    Returns:
        Degrees, NaN where the talker is silent; and unit vectors, NaN where it is silent or no peak is left.

    Raises:
        ShapeError: see :func:`validate`.
        GeometryError: see :func:`validate_talkers`.
    """
    validate(estimated, truth, active)
    talkers = np.broadcast_to(truth, (*active.shape, 3))
    # (frame, peak, 1, 3) and (frame, 1, source, 3) -> (frame, peak, source); an absent peak misses everybody.
    distance = great_circle_distance_deg(estimated[:, :, None], talkers[:, None])
    distance = np.where(np.isnan(distance), MISS_DEG, distance)
    errors = np.full(active.shape, np.nan)
    matched = np.full(talkers.shape, np.nan)
    for frame in np.flatnonzero(active.any(axis=1)):
        speaking = np.flatnonzero(active[frame])
        # As many peaks as talkers speak, the highest, (peak, speaker); talkers without one are missed.
        cost = distance[frame, : len(speaking), speaking].T
        errors[frame, speaking] = MISS_DEG
        rows, columns = linear_sum_assignment(cost)
        errors[frame, speaking[columns]] = cost[rows, columns]
        matched[frame, speaking[columns]] = estimated[frame, rows]
    return errors, matched


def mean_absolute_error_deg(errors_deg: Float[np.ndarray, "*trial"]) -> float:
    """Mean of the errors that are not NaN; NaN if none are left."""
    trials = errors_deg[~np.isnan(errors_deg)]
    return float(trials.mean()) if len(trials) else float("nan")


def accuracy(errors_deg: Float[np.ndarray, "*trial"], tolerance_deg: float = TOLERANCE_DEG) -> float:
    """Share of errors within the tolerance, of those that are not NaN; NaN if none are left."""
    trials = errors_deg[~np.isnan(errors_deg)]
    return float((trials <= tolerance_deg).mean()) if len(trials) else float("nan")


def evaluate(
    estimated: Float[np.ndarray, "frame peak 3"],
    truth: Float[np.ndarray, "source 3"] | Float[np.ndarray, "frame source 3"],
    active: Bool[np.ndarray, "frame source"],
) -> LocalizationScore:
    """Both scores of one utterance; arguments as for :func:`localization_errors_deg`."""
    return score_errors(localization_errors_deg(estimated, truth, active))


def score_errors(errors_deg: Float[np.ndarray, "*trial"]) -> LocalizationScore:
    """Both scores of one utterance from its errors, NaN where there is no trial."""
    trials = int((~np.isnan(errors_deg)).sum())
    return LocalizationScore(mean_absolute_error_deg(errors_deg), accuracy(errors_deg), trials)


def summarize(scores: Sequence[LocalizationScore]) -> LocalizationSummary:
    """Means and confidence intervals over the utterances that had trials."""
    scored = [score for score in scores if score.num_trials]
    mae_deg, mae_ci95 = mean_and_ci95([score.mae_deg for score in scored])
    acc10, acc10_ci95 = mean_and_ci95([score.acc10 for score in scored])
    return LocalizationSummary(mae_deg, mae_ci95, acc10, acc10_ci95, len(scored))


def mean_and_ci95(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half the width of its 95 % confidence interval, by Student's distribution.

    Returns:
        NaN for a mean of nothing and for an interval of fewer than two values.
    """
    if not len(values):
        return float("nan"), float("nan")
    mean = float(np.mean(values))
    if len(values) == 1:
        return mean, float("nan")
    quantile = float(stdtrit(len(values) - 1, 0.975))
    return mean, quantile * float(np.std(values, ddof=1)) / float(np.sqrt(len(values)))
