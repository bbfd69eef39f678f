"""One frame of peaks for a set of hypotheses: who is heard, who is hidden, who is silent.

Each peak belongs to one hypothesis. But while talkers pass each other, an estimator shows one peak for both,
or that of the louder one. A hypothesis without a peak of its own, but in whose gate that of another lies, is
hidden, not silent. Then the peak counts for each as much as it is likely to be its own: for its activity, or
the one who got the first peaks would get all that follow; and for its place. It lies anywhere between them,
and it does not say how fast either moves. So both keep the velocity they had, and leave as they came. Nor
does it say that either turns.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment

from anydoa.io.results import Source
from anydoa.tracking.options import TrackerOptions
from anydoa.tracking.track import Claim, Hypothesis, peak_variance


def resolved(peaks: Sequence[Source], options: TrackerOptions) -> list[Source]:
    """The peaks of a frame, strongest first, but for those too near to a stronger one to be believed.

    A talker's lobe has ripples, above all across the plane of a flat array, and the array hardly hears two
    talkers so near. Such a peak says nothing of a second talker: it is there as often when only one speaks.
    """
    nearest = math.cos(math.radians(options.separation_deg))
    kept: list[Source] = []
    for peak in peaks:
        if all(float(peak.direction @ other.direction) < nearest for other in kept):
            kept.append(peak)
    return kept


def associate(
    hypotheses: Sequence[Hypothesis],
    peaks: Sequence[Source],
    time_s: float,
    seconds: float,
    options: TrackerOptions,
) -> tuple[list[Hypothesis], list[Source]]:
    """The hypotheses after a frame, and the peaks that none of them owns.

    Args:
        hypotheses: predicted to the time of the frame.
        peaks: those of the frame, as :func:`resolved` leaves them.
        time_s: time of the frame.
        seconds: time since the last frame.
        options: what peaks and talkers are like.
    """
    if not hypotheses or not peaks:
        return [hypothesis.silent(seconds, options) for hypothesis in hypotheses], list(peaks)
    field = _Field.of(hypotheses, peaks, options)
    owned = field.affinity.best_pairs()
    # Peaks that follow each other closely have the same error, so each of them tells less.
    novelty = max(min(seconds / options.correlation_s, 1.0), options.hardly)
    after = list(hypotheses)
    claims: dict[int, list[tuple[Source, Claim]]] = {owner: [] for owner in owned}
    for owner, index in owned.items():
        after[owner] = after[owner].owning(peaks[index], time_s, seconds, options)
        group = [owner, *(one for one in field.within_gate(index) if one not in owned)]
        for one, share in zip(group, field.shares(group, index, options), strict=True):
            if share.probability >= options.hardly:
                claim = Claim(peaks[index].id, share.probability, share.variance, owns=one == owner)
                claims.setdefault(one, []).append((peaks[index], claim))
    for one, claimed in claims.items():
        if claimed:
            after[one] = _explained(after[one], claimed, seconds, novelty, options)
    for one in set(range(len(after))) - claims.keys():
        after[one] = after[one].silent(seconds, options)
    taken = set(owned.values())
    return after, [peak for index, peak in enumerate(peaks) if index not in taken]


def _explained(
    hypothesis: Hypothesis,
    claimed: Sequence[tuple[Source, Claim]],
    seconds: float,
    novelty: float,
    options: TrackerOptions,
) -> Hypothesis:
    """A hypothesis after a frame with its own peak, or with those of one or more who hide it.

    However many peaks there are, the time since the last frame passes once.
    """
    likeliest, largest = max(claimed, key=lambda each: each[1].probability)
    probability = 0.0  # that any of them is its own
    for _, claim in claimed:
        probability += (1 - probability) * claim.probability
    after = hypothesis.heard(replace(largest, probability=probability), seconds, options)
    after = after.surprised(likeliest, seconds, options, own=_is_sure(largest, options))
    for peak, claim in claimed:
        after = after.taught(peak, claim.variance / novelty, teaches_velocity=_is_sure(claim, options))
    return after


def _is_sure(claim: Claim, options: TrackerOptions) -> bool:
    """Whether hardly anyone else may own the peak."""
    return claim.probability >= options.sure


@dataclass(frozen=True, eq=False)
class Affinity:
    """How well each peak fits each track.

    Args:
        log_likelihood: likelihood of the peak if it is the track's, but for a constant factor; its logarithm.
        possible: whether the peak lies within the gate of the track.
    """

    log_likelihood: Float[np.ndarray, "track peak"]
    possible: Bool[np.ndarray, "track peak"]

    @staticmethod
    def of(
        distance: Float[np.ndarray, "track peak"],
        variance: Float[np.ndarray, "track peak"],
        *,
        gate_sigmas: float,
        max_gate: float,
    ) -> "Affinity":
        """Affinities of normal errors along both axes.

        Args:
            distance: angle between track and peak in radians.
            variance: variance of their difference along each axis, in rad².
            gate_sigmas: widest gate in standard deviations.
            max_gate: widest gate in radians.
        """
        squared = distance**2 / variance
        possible = (squared <= gate_sigmas**2) & (distance <= max_gate)
        return Affinity(-squared / 2 - np.log(variance), possible)

    def best_pairs(self) -> dict[int, int]:
        """The peak of each track that gets one: as many pairs as possible, and of those the likeliest.

        Reference:
            Blackman and Popoli (1999), *Design and Analysis of Modern Tracking Systems*, chapter 6: global
            nearest neighbour.
        """
        if not self.possible.any():
            return {}
        likely = self.log_likelihood[self.possible]
        # One impossible pair costs more than all possible ones could gain.
        impossible = likely.min() - min(self.possible.shape) * (np.ptp(likely) + 1)
        score = np.where(self.possible, self.log_likelihood, impossible)
        pairs = zip(*linear_sum_assignment(score, maximize=True), strict=True)
        return {int(track): int(peak) for track, peak in pairs if self.possible[track, peak]}


@dataclass(frozen=True)
class _Share:
    """What a peak means for one of the hypotheses that may own it.

    Args:
        probability: chance that the peak is the hypothesis's own.
        variance: variance of the peak's direction along each axis, in rad², for that hypothesis.
    """

    probability: float
    variance: float


@dataclass(frozen=True, eq=False)
class _Field:
    """The hypotheses and peaks of one frame, and the angles between them.

    Args:
        activity: chance that each hypothesis sounds, at least that with which a silent talker goes on.
        apart: angles between hypotheses.
        noise: variance of each peak.
        affinity: how well each peak fits each hypothesis.
    """

    activity: Float[np.ndarray, "track"]
    apart: Float[np.ndarray, "track track"]
    noise: Float[np.ndarray, "peak"]
    affinity: Affinity

    @staticmethod
    def of(hypotheses: Sequence[Hypothesis], peaks: Sequence[Source], options: TrackerOptions) -> "_Field":
        """The field of a frame."""
        places = np.stack([hypothesis.motion.direction for hypothesis in hypotheses])
        uncertain = np.array([hypothesis.motion.variance for hypothesis in hypotheses])
        directions = np.stack([peak.direction for peak in peaks])
        noise = np.array([peak_variance(peak, options) for peak in peaks])
        return _Field(
            activity=np.array([max(hypothesis.activity, options.resumes) for hypothesis in hypotheses]),
            apart=angles_between(places, places),
            noise=noise,
            affinity=Affinity.of(
                angles_between(places, directions),
                uncertain[:, None] + noise,
                gate_sigmas=options.gate_sigmas,
                max_gate=math.radians(options.max_gate_deg),
            ),
        )

    def within_gate(self, index: int) -> list[int]:
        """The hypotheses in whose gates a peak lies."""
        gated: list[int] = np.flatnonzero(self.affinity.possible[:, index]).tolist()
        return gated

    def shares(self, group: list[int], index: int, options: TrackerOptions) -> list[_Share]:
        """What a peak means for its owner and those it may hide.

        If two of them sound, the peak may be half-way to the other: that is an error, too.
        """
        log_likelihood = self.affinity.log_likelihood[group, index]
        weight = self.activity[group] * np.exp(log_likelihood - log_likelihood.max())
        probability = weight / weight.sum()
        between = (self.apart[np.ix_(group, group)] / 2) ** 2 @ self.activity[group]
        variance = (self.noise[index] + between) / np.maximum(probability, options.hardly)
        return [_Share(*pair) for pair in zip(probability.tolist(), variance.tolist(), strict=True)]


def angles_between(
    first: Float[np.ndarray, "first 3"], second: Float[np.ndarray, "second 3"]
) -> Float[np.ndarray, "first second"]:
    """Angles between all pairs of unit vectors, in radians.

    From their chords: exact for small angles, where it matters, and several times faster than
    :func:`~anydoa.geometry.coordinates.great_circle_distance`.
    """
    chord = first[:, None] - second[None]
    return 2 * np.arcsin(np.minimum(np.sqrt(np.einsum("ijk,ijk->ij", chord, chord)) / 2, 1.0))
