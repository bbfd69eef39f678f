"""Paths that know what comes later: the likeliest motion through all peaks of a talker at once.

The motion of :mod:`anydoa.tracking.motion`, given every peak, is a chain of normal variables. Its mean is the
solution of one banded equation: what a Kalman filter and a Rauch-Tung-Striebel smoother give in two runs. The
equation has no first and no last: of the frames in reverse it gives the same path in reverse. Coordinates are
smoothed each for itself. On a whole path they are those of space, brought back to the sphere at the end, so
there is no pole; where likelihoods are compared, they are those of the tangent plane between two ends.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg import cho_solve_banded, cholesky_banded

from anydoa.geometry.coordinates import normalize_direction, tangent_basis
from anydoa.io.talkers import mean_direction
from anydoa.tracking.motion import step_of
from anydoa.tracking.options import TrackerOptions

_LEAST_STEP_S = 1e-3  # frames are farther apart, or count as if
_MOST_RATIO = 2e14  # of numbers in the banded equation: beyond it, those that matter are rounding errors


@dataclass(frozen=True, eq=False)
class Smoothed:
    """The likeliest motion through some places, and how likely they are.

    Args:
        places: means at the times of the places.
        log_evidence: logarithm of the density of the measured places, if the first could be anywhere.
    """

    places: Float[np.ndarray, "time axis"]
    log_evidence: float


def smoothed(
    times_s: Float[np.ndarray, "time"],
    measured: Float[np.ndarray, "time axis"],
    precision: Float[np.ndarray, "time"],
    speed: float,
    memory_s: float | Float[np.ndarray, "step"],
) -> Smoothed:
    """Smooth places along axes that do not depend on each other.

    Args:
        times_s: times, in order.
        measured: measured places; any where the precision is 0.
        precision: inverse variance of each along every axis; 0 for times without a measurement.
        speed: standard deviation of the speed along each axis.
        memory_s: time after which a speed has faded to 1/e, for all steps or for each.

    Reference:
        Särkkä (2013), *Bayesian Filtering and Smoothing*, chapter 8; as one sparse system: Barfoot, Tong and
        Särkkä (2014), "Batch continuous-time trajectory estimation as exactly sparse Gaussian process
        regression".
    """
    number, axes = measured.shape
    seconds = np.maximum(np.diff(times_s), _least_step_s(precision, speed, memory_s))
    step = step_of(seconds, speed, memory_s)
    determinant = step.angle * step.speed - step.both**2
    # Inverse covariance of what happens in a step, as [[first, cross], [cross, second]].
    first, cross, second = step.speed / determinant, -step.both / determinant, step.angle / determinant
    reach_s, kept = step.reach_s, step.kept
    # Diagonals of the precision of (angle, speed, angle, speed, ...): row d is d places below the main one.
    band = np.zeros((4, 2 * number))
    band[0, 0::2] = precision
    band[0, 1] = 1 / speed**2
    band[0, 0:-2:2] += first
    band[0, 1:-2:2] += reach_s**2 * first + 2 * reach_s * kept * cross + kept**2 * second
    band[1, 0:-2:2] += reach_s * first + kept * cross
    band[0, 2::2] += first
    band[0, 3::2] += second
    band[1, 2::2] += cross
    band[2, 0:-2:2] = -first
    band[3, 0:-2:2] = -cross
    band[1, 1:-2:2] = -(reach_s * first + kept * cross)
    band[2, 1:-2:2] = -(reach_s * cross + kept * second)
    pull = np.zeros((2 * number, axes))
    pull[0::2] = precision[:, None] * measured
    factor = cholesky_banded(band, lower=True, check_finite=False)
    mean = cho_solve_banded((factor, True), pull, check_finite=False)
    places = mean[0::2]
    is_measured = precision > 0
    off = measured[is_measured] - places[is_measured]
    misfit = float(np.sum(precision[is_measured, None] * measured[is_measured] * off))
    log_volume = (
        -math.log(speed)
        - np.log(determinant).sum() / 2
        + np.log(precision[is_measured]).sum() / 2
        - np.log(factor[0]).sum()
        + (1 - is_measured.sum()) / 2 * math.log(2 * math.pi)
    )
    return Smoothed(places, float(axes * log_volume - misfit / 2))


def _least_step_s(
    precision: Float[np.ndarray, "time"], speed: float, memory_s: float | Float[np.ndarray, "step"]
) -> float:
    """Seconds that a step must count for, so that the equation can be solved.

    One who walks steadily is sure to be where a short step leads: so sure that what peaks say is lost beside
    it. That sureness falls with the third power of the step.
    """
    longest_s = float(np.max(memory_s, initial=0.0))
    told = speed**2 * float(precision[precision > 0].min(initial=np.inf))
    return max(_LEAST_STEP_S, float(np.cbrt(6 * longest_s / (_MOST_RATIO * told))))


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks that may be those of one talker, in order of time, at most one a frame.

    Args:
        times_s: times of their frames.
        directions: unit vectors.
        variances: variance of each direction along each axis, in rad².
    """

    times_s: Float[np.ndarray, "peak"]
    directions: Float[np.ndarray, "peak 3"]
    variances: Float[np.ndarray, "peak"]

    def __len__(self) -> int:
        return len(self.times_s)

    def take(self, index: "np.ndarray | slice") -> "Peaks":
        """Some of them."""
        return Peaks(self.times_s[index], self.directions[index], self.variances[index])

    def within(self, begin_s: float, end_s: float) -> "Peaks":
        """Those between two times."""
        first = np.searchsorted(self.times_s, begin_s)
        last = np.searchsorted(self.times_s, end_s, side="right")
        return self.take(slice(first, last))

    def precision(self, options: TrackerOptions) -> Float[np.ndarray, "peak"]:
        """Inverse variance of each; peaks that follow each other closely have the same error."""
        apart_s = np.minimum(np.diff(self.times_s, prepend=-np.inf, append=np.inf), options.correlation_s)
        novelty = (apart_s[:-1] + apart_s[1:]) / (2 * options.correlation_s)
        precision: np.ndarray = np.maximum(novelty, options.hardly) / self.variances
        return precision


def smoothed_path(
    times_s: Float[np.ndarray, "frame"], peaks: Peaks, options: TrackerOptions
) -> Float[np.ndarray, "frame 3"]:
    """Where a talker was in some frames, those of its peaks included.

    It walks steadily, but where its peaks keep lying to one side of a steady path, it turns. So the path is
    sought twice: as steady, then with a shorter memory where it was off to one side.
    """
    index = np.searchsorted(times_s, peaks.times_s)
    measured, precision = np.zeros((len(times_s), 3)), np.zeros(len(times_s))
    measured[index], precision[index] = peaks.directions, peaks.precision(options)
    speed, memory_s = math.radians(options.speed_deg_s), _memory_s(times_s, options.keep_s, options)
    steady = smoothed(times_s, measured, precision, speed, memory_s).places
    surprise = (measured - steady)[index] / np.sqrt(peaks.variances[:, None])
    turns = np.interp(times_s, peaks.times_s, _one_sided(peaks.times_s, surprise, options))
    rate = 1 / memory_s + np.maximum(turns[1:], turns[:-1]) * (1 / options.turn_memory_s - 1 / memory_s)
    return normalize_direction(smoothed(times_s, measured, precision, speed, 1 / rate).places)


def _memory_s(
    times_s: Float[np.ndarray, "time"], longest_s: float, options: TrackerOptions
) -> Float[np.ndarray, "step"]:
    """Memory of the velocity between times: one who is silent for longer may have turned or stopped."""
    return np.where(np.diff(times_s) > longest_s, options.turn_memory_s, options.speed_memory_s)


def _one_sided(
    times_s: Float[np.ndarray, "peak"], surprise: Float[np.ndarray, "peak 3"], options: TrackerOptions
) -> Float[np.ndarray, "peak"]:
    """How sure it is that a talker turns, 0..1: from the mean of surprises about each time."""
    total = np.concatenate([np.zeros((1, 3)), np.cumsum(surprise, axis=0)])
    first = np.searchsorted(times_s, times_s - options.surprise_memory_s)
    last = np.searchsorted(times_s, times_s + options.surprise_memory_s, side="right")
    mean = (total[last] - total[first]) / (last - first)[:, None]
    squared: np.ndarray = np.einsum("px,px->p", mean, mean)
    return np.minimum(squared / options.turn_sigmas**2, 1.0)


def agreement(first: Peaks, second: Peaks, options: TrackerOptions) -> float:
    """How much likelier two sets of peaks are as those of one talker than of two, as a logarithm.

    Only peaks near the other set matter. In a pause between them the talker may have walked on or turned,
    whichever is likelier. A second talker may begin anywhere on the sphere.
    """
    one, other = _near_each_other(first, second)
    times_s = np.concatenate([one.times_s, other.times_s])
    order = np.argsort(times_s, kind="stable")
    both = Peaks(
        times_s[order],
        np.concatenate([one.directions, other.directions])[order],
        np.concatenate([one.variances, other.variances])[order],
    )
    places = _flattened(both.directions, _half_way(_nearest_end(one, other), _nearest_end(other, one)))
    precision, is_first = both.precision(options), order < len(one)

    def evidence(chosen: Bool[np.ndarray, "peak"], longest_s: float) -> float:
        chosen_s = both.times_s[chosen]
        speed, memory_s = math.radians(options.speed_deg_s), _memory_s(chosen_s, longest_s, options)
        return smoothed(chosen_s, places[chosen], precision[chosen], speed, memory_s).log_evidence

    all_of_them = np.ones(len(both), dtype=bool)
    pauses = np.diff(both.times_s).max() > options.pause_s
    score = max(
        evidence(all_of_them, longest_s) - evidence(is_first, longest_s) - evidence(~is_first, longest_s)
        for longest_s in ((options.keep_s, options.pause_s) if pauses else (options.keep_s,))
    )
    return score + math.log(4 * math.pi)


_OPPOSITE = 1e-6  # length of the sum of two unit vectors that is rounding error
_NEIGHBOURHOOD_S = 4.0  # of peaks that tell how a talker moves; longer is flat no more


def _near_each_other(first: Peaks, second: Peaks) -> tuple[Peaks, Peaks]:
    """The peaks of each that lie near the other in time."""

    def near(one: Peaks, other: Peaks) -> Peaks:
        apart_s = np.maximum(np.maximum(other.times_s[0] - one.times_s, one.times_s - other.times_s[-1]), 0.0)
        return one.take(apart_s <= apart_s.min() + _NEIGHBOURHOOD_S)

    return near(first, second), near(second, first)


def _nearest_end(one: Peaks, other: Peaks) -> Float[np.ndarray, "3"]:
    """The place of one set where it is nearest to the other in time."""
    middle_s = (other.times_s[0] + other.times_s[-1]) / 2
    apart_s = np.abs(one.times_s - middle_s)
    near = apart_s <= apart_s.min() + 0.5
    return mean_direction(one.directions[near], np.ones(int(near.sum())))


def _half_way(first: Float[np.ndarray, "3"], second: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    """The direction between two; between opposite ones any of those as far from both."""
    total = first + second
    if np.linalg.norm(total) < _OPPOSITE:
        return tangent_basis(first)[0]
    return normalize_direction(total)


def _flattened(
    directions: Float[np.ndarray, "peak 3"], middle: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "peak 2"]:
    """Directions in the plane that touches the sphere at the middle, as far from it as on the sphere."""
    plane = directions @ tangent_basis(middle).T
    sine = np.linalg.norm(plane, axis=1, keepdims=True)
    angle = np.arctan2(sine, (directions @ middle)[:, None])
    flat: np.ndarray = plane * np.divide(angle, sine, out=np.ones_like(sine), where=sine > 1e-9)
    return flat
