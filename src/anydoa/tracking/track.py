"""A talker followed over time: what is told of it, and what is known of it inside."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from anydoa.io.results import ACTIVE, Source
from anydoa.tracking.motion import Motion, MotionModel, tangent_towards
from anydoa.tracking.options import TrackerOptions

_LEAST = math.log(0.02 / 0.98)  # log odds of sounding; no silence makes it less likely than this
_BORN = math.log(0.1 / 0.9)  # after the first peak, which may be a false one
_CONFIRMED = math.log(0.9 / 0.1)
_MOST = -_LEAST


@dataclass(frozen=True, eq=False)
class Track:
    """A talker with an identity.

    Args:
        id: number from 0, in order of confirmation, never used again in a stream.
        direction: unit vector towards it; of one in a pause where it is likeliest, near where it was heard.
        velocity_deg_s: angular speed in degrees a second.
        score: smoothed score of its peaks, 0..1; it fades in a pause.
        activity: probability that it sounds now, 0..1.
        age_s: seconds since its first peak.
        mirror: other directions that the array cannot tell from that of its newest peak.
    """

    id: int
    direction: Float[np.ndarray, "3"]
    velocity_deg_s: float
    score: float
    activity: float
    age_s: float
    mirror: tuple[Float[np.ndarray, "3"], ...] = ()

    @property
    def active(self) -> bool:
        """Whether it sounds now, more likely than not."""
        return self.activity >= ACTIVE


@dataclass(frozen=True)
class Claim:
    """What a hypothesis has of a peak of the newest frame; of several, of the one likeliest to be its own.

    Args:
        peak: id of the peak as a source.
        probability: chance that the peak, or any of several, is its own.
        variance: variance of the peak's direction along each axis, in rad², for that hypothesis.
        owns: whether the peak was assigned to it, or to another that hides it.
    """

    peak: int
    probability: float
    variance: float
    owns: bool


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A talker that may be: tentative until its peaks confirm it.

    Args:
        motion: estimate of where it is now.
        log_odds: logarithm of the odds that it sounds now.
        born_s: time of its first peak.
        heard_s: time of the newest peak of its own.
        score: smoothed score of its peaks.
        mirror: mirror of its newest peak.
        surprise: how far its own peaks lay from where they were expected, mean over the last second or so,
            in standard deviations; a tangent at its direction.
        last: its motion when a peak last corrected it.
        unheard_s: seconds since then.
        id: once confirmed.
        number: counts all hypotheses of a tracker, from 0 in order of birth.
        claim: its share in the newest frame; None if it was silent.
    """

    motion: Motion
    log_odds: float
    born_s: float
    heard_s: float
    score: float
    mirror: tuple[Float[np.ndarray, "3"], ...]
    surprise: Float[np.ndarray, "3"]
    last: Motion
    unheard_s: float = 0.0
    id: int | None = None
    number: int = 0
    claim: Claim | None = None

    @property
    def activity(self) -> float:
        """Probability that it sounds now."""
        return 1 / (1 + math.exp(-self.log_odds))

    @property
    def deserves_id(self) -> bool:
        """Whether it has just been heard enough to be confirmed."""
        return self.id is None and self.log_odds >= _CONFIRMED - 1e-9

    def is_over(self, time_s: float, options: TrackerOptions) -> bool:
        """Whether it has been silent for too long; a tentative one is given up sooner."""
        return time_s - self.heard_s > options.keep_s or (self.id is None and self.log_odds <= _LEAST)

    def after(self, seconds: float, options: TrackerOptions) -> "Hypothesis":
        """The hypothesis some seconds later, before it is known whether it sounded.

        It moves steadily, unless it has lately surprised. Errors of single peaks are wide and fall on all
        sides; those of a talker who turns or stops all fall on one. So talkers may be thought steadier than
        they are, and turns are still believed.

        Reference:
            Bar-Shalom, Li and Kirubarajan (2001), *Estimation with Applications to Tracking and
            Navigation*, section 11.2: process noise adjusted to the innovations.
        """
        turns = min(float(self.surprise @ self.surprise) / options.turn_sigmas**2, 1.0)
        rate = (1 - turns) / options.speed_memory_s + turns / options.turn_memory_s
        motion = self.motion.after(seconds, MotionModel(math.radians(options.speed_deg_s), 1 / rate))
        return self._changed(motion=motion, unheard_s=self.unheard_s + seconds, claim=None)

    def _changed(self, **changes: Any) -> "Hypothesis":
        """The hypothesis with some fields changed: what ``replace`` does, in a fifth of its time."""
        changed = object.__new__(Hypothesis)
        changed.__dict__.update(self.__dict__, **changes)
        return changed

    def silent(self, seconds: float, options: TrackerOptions) -> "Hypothesis":
        """The hypothesis after so long without a peak, which count as peaks of no height."""
        faded = self.score * math.exp(-seconds / options.score_memory_s)
        return self._doubted(seconds, options)._changed(score=faded)

    def _doubted(self, seconds: float, options: TrackerOptions) -> "Hypothesis":
        """The hypothesis that is less likely to sound after so long without a peak."""
        lost = seconds * (_MOST - _LEAST) / options.release_s
        return self._changed(log_odds=max(self.log_odds - lost, _LEAST))

    def heard(self, claim: Claim, seconds: float, options: TrackerOptions) -> "Hypothesis":
        """The hypothesis after so long that end with a peak that is its own with a probability."""
        counted_s = _counted_s(seconds, options)
        before = self._doubted(seconds - counted_s, options)
        gained = claim.probability * counted_s * (_CONFIRMED - _BORN) / options.confirm_s
        return before._changed(log_odds=min(before.log_odds + gained, _MOST), claim=claim)

    def owning(self, source: Source, time_s: float, seconds: float, options: TrackerOptions) -> "Hypothesis":
        """The hypothesis with a newest peak; its motion and how likely it sounds are left alone."""
        kept = math.exp(-_counted_s(seconds, options) / options.score_memory_s)
        score = kept * self.score + (1 - kept) * source.score
        return self._changed(heard_s=time_s, score=score, mirror=source.mirror)

    def taught(self, source: Source, variance: float, *, teaches_velocity: bool) -> "Hypothesis":
        """The hypothesis whose motion a peak has corrected; see :meth:`Motion.corrected`."""
        motion = self.motion.corrected(source.direction, variance, teaches_velocity=teaches_velocity)
        return self._changed(motion=motion, last=motion, unheard_s=0.0)

    def surprised(
        self, source: Source, seconds: float, options: TrackerOptions, *, own: bool
    ) -> "Hypothesis":
        """The hypothesis that has compared a peak with what it expected.

        One that may be another's is no surprise: whoever passes another is thought to walk on.
        """
        off = tangent_towards(self.motion.direction, source.direction) if own else np.zeros(3)
        deviation = math.sqrt(self.motion.variance + peak_variance(source, options))
        kept = math.exp(-_counted_s(seconds, options) / options.surprise_memory_s)
        return self._changed(surprise=kept * self.surprise + (1 - kept) * off / deviation)

    def shown(self, time_s: float, options: TrackerOptions) -> Track:
        """What is told of it.

        Peaks are sought where it may have walked to, but one who is not heard may as well have stopped. So it
        is shown to walk on for no longer than those who turn do.
        """
        assert self.id is not None  # tentative ones are not shown
        stopping = MotionModel(math.radians(options.speed_deg_s), options.turn_memory_s)
        motion = self.last.after(self.unheard_s, stopping)
        speed = float(np.rad2deg(np.linalg.norm(motion.velocity)))
        age_s = time_s - self.born_s
        return Track(self.id, motion.direction, speed, self.score, self.activity, age_s, self.mirror)


def new_hypothesis(source: Source, time_s: float, number: int, options: TrackerOptions) -> Hypothesis:
    """The hypothesis that a peak is the first of a talker."""
    model = MotionModel(math.radians(options.speed_deg_s), options.speed_memory_s)
    variance = peak_variance(source, options)
    motion = Motion.at(source.direction, variance, model)
    return Hypothesis(
        motion,
        log_odds=_BORN,
        born_s=time_s,
        heard_s=time_s,
        score=source.score,
        mirror=source.mirror,
        surprise=np.zeros(3),
        last=motion,
        number=number,
        claim=Claim(source.id, 1.0, variance, owns=True),
    )


def _counted_s(seconds: float, options: TrackerOptions) -> float:
    """Seconds of the time since the last frame for which a peak counts.

    One peak after a pause does not say that its talker sounded throughout.
    """
    return min(seconds, options.confirm_s / options.confirm_peaks)


def peak_variance(source: Source, options: TrackerOptions) -> float:
    """Variance of the direction of a peak along each axis, in rad²."""
    height = max(source.score / options.least_score, options.faintest)
    return math.radians(options.noise_deg) ** 2 / height
