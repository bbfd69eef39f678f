"""How sure it is that one explanation of a recording is better than another."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr

SPURIOUS_GAIN = 0.001
"""Share of the fit that an explanation gains where it is not true, one standard deviation.

Echoes and the directions tried are alike from segment to segment: more segments do not take it away.
"""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What a recording might be, and how well that explains it.

    Args:
        fit: share of each segment that it explains.
        spurious_gain: share of the fit that such an explanation gains where it is not true.
    """

    fit: Float[np.ndarray, "segment"]
    spurious_gain: float = SPURIOUS_GAIN


def spurious_time_gain(num_mics: int, num_late: int) -> float:
    """Share of the fit that a wrong time for some of the microphones gains, one standard deviation.

    A wrong time for one of 4 microphones beats the truth by up to 0.05, for one of 6 it never does; for 4 of
    12 together again by 0.05, as other directions make up for most of it.
    """
    return 0.02 if num_late > 1 else 0.02 * (4 / num_mics) ** 2


def certainty(best: Explanation, others: Iterable[Explanation]) -> float:
    """Probability, 0..1, that an explanation is better than every other.

    Args:
        best: the one that is believed.
        others: all the rest; one that fits better leaves little of it.
    """
    sure = 1.0
    for other in others:
        sure *= float(each_certainty(best, other.fit[None])[0])
    return sure


def each_certainty(best: Explanation, fits: Float[np.ndarray, "other segment"]) -> Float[np.ndarray, "other"]:
    """Probability, 0..1, that an explanation is better than each of many others by itself.

    A mean difference is measured in all that could have made it: the spread of the segments, and a chance
    gain.
    """
    difference = best.fit - fits
    chance = best.spurious_gain * float(best.fit.mean())
    error = np.maximum(np.hypot(_standard_error(difference), chance), 1e-6)
    sure: np.ndarray = ndtr(difference.mean(axis=1) / error)
    return sure


def z_score(better: Float[np.ndarray, "segment"], worse: Float[np.ndarray, "segment"]) -> float:
    """Mean difference over its standard error, how steady a gain is over the segments."""
    difference = better - worse
    return float(difference.mean()) / max(float(_standard_error(difference[None])[0]), 1e-6)


def _standard_error(difference: Float[np.ndarray, "other segment"]) -> Float[np.ndarray, "other"]:
    """Standard error of the mean over segments that overlap by half: every second one is independent."""
    error: np.ndarray = difference.std(axis=1) / np.sqrt(max(1.0, difference.shape[1] / 2))
    return error
