"""How well talkers are found when their number is not known.

Conventions: in each frame estimates and active talkers are paired one to one so that as many pairs as
possible lie within 10 degrees. A pair within is a hit, an estimate without one a false alarm, a talker
without one a miss. Counts are summed over frames, silent frames included, and only then divided.

Metrics
    precision       hits over estimates; NaN if there were no estimates
    recall          hits over active talkers; NaN if there were none
    F1              harmonic mean of both; NaN if there were neither estimates nor talkers
    count accuracy  share of frames with as many estimates as active talkers
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment

from anydoa.errors import ShapeError
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.metrics.localization import TOLERANCE_DEG, validate_talkers


@dataclass(frozen=True)
class DetectionCounts:
    """What was counted; add the counts of several utterances before scoring them together.

    Args:
        hits: estimates that lie on an active talker.
        estimates: all estimates.
        talkers: active talkers, summed over frames.
        right_counts: frames with as many estimates as active talkers.
        frames: all frames.
    """

    hits: int = 0
    estimates: int = 0
    talkers: int = 0
    right_counts: int = 0
    frames: int = 0

    def __add__(self, other: "DetectionCounts") -> "DetectionCounts":
        return DetectionCounts(
            self.hits + other.hits,
            self.estimates + other.estimates,
            self.talkers + other.talkers,
            self.right_counts + other.right_counts,
            self.frames + other.frames,
        )


@dataclass(frozen=True)
class DetectionScore:
    """Scores, each 0..1, or NaN where there was nothing to be right or wrong about.

    Args:
        precision: hits over estimates; NaN without estimates.
        recall: hits over active talkers; NaN without talkers.
        f1: harmonic mean of both; 0 without hits, NaN without estimates and talkers.
        count_accuracy: share of frames with the right number of estimates; NaN without frames.
    """

    precision: float
    recall: float
    f1: float
    count_accuracy: float


def validate(estimated: Sequence[np.ndarray], truth: np.ndarray, active: np.ndarray) -> None:
    """Refuse estimates, talkers and activity that do not belong together.

    Raises:
        ShapeError: if their axes do not fit, or activity is not boolean.
        GeometryError: if the direction of a talker who speaks is not finite.
    """
    validate_talkers(truth, active)
    if len(estimated) != len(active):
        raise ShapeError(
            f"activity has {len(active)} frames, so must the estimates; got {len(estimated)}; "
            "give an empty one where nothing was found"
        )
    for frame, peaks in enumerate(estimated):
        if peaks.ndim != 2 or peaks.shape[1] != 3:
            raise ShapeError(
                f"estimates of frame {frame} must be (peak, 3), got {peaks.shape}; give unit vectors as rows"
            )


def count_detections(
    estimated: Sequence[Float[np.ndarray, "_ 3"]],
    truth: Float[np.ndarray, "source 3"] | Float[np.ndarray, "frame source 3"],
    active: Bool[np.ndarray, "frame source"],
    *,
    tolerance_deg: float = TOLERANCE_DEG,
) -> DetectionCounts:
    """Hits, estimates and talkers of one utterance.

    Args:
        estimated: directions found in each frame, as many as there were.
        truth: directions of the talkers, the same in all frames or frame by frame.
        active: whether each talker speaks in each frame.
        tolerance_deg: farthest that a hit can be.

    Raises:
        ShapeError: see :func:`validate`.
        GeometryError: see :func:`validate`.
    """
    validate(estimated, truth, active)
    talkers = np.broadcast_to(truth, (*active.shape, 3))
    found = np.array([len(peaks) for peaks in estimated], dtype=np.int64)
    hits = 0
    for frame, peaks in enumerate(estimated):
        speaking = talkers[frame, active[frame]]
        # (peak, speaker): of all pairings the one with most hits counts.
        near = great_circle_distance_deg(peaks[:, None], speaking[None]) <= tolerance_deg
        hits += int(near[linear_sum_assignment(near, maximize=True)].sum())
    return DetectionCounts(
        hits=hits,
        estimates=int(found.sum()),
        talkers=int(active.sum()),
        right_counts=int((found == active.sum(axis=1)).sum()),
        frames=len(active),
    )


def score(counts: DetectionCounts) -> DetectionScore:
    """Precision, recall, F1 and count accuracy of counts."""
    return DetectionScore(
        precision=_share(counts.hits, counts.estimates),
        recall=_share(counts.hits, counts.talkers),
        f1=_share(2 * counts.hits, counts.estimates + counts.talkers),
        count_accuracy=_share(counts.right_counts, counts.frames),
    )


def evaluate(
    estimated: Sequence[Float[np.ndarray, "_ 3"]],
    truth: Float[np.ndarray, "source 3"] | Float[np.ndarray, "frame source 3"],
    active: Bool[np.ndarray, "frame source"],
) -> DetectionScore:
    """All scores of one utterance; arguments as for :func:`count_detections`."""
    return score(count_detections(estimated, truth, active))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
