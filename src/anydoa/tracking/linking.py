"""From peaks that two trackers assigned, one in each direction, to the peaks of each talker.

Peaks that belong together both ways are a piece. Pieces that belong together one way alone, as where talkers
cross and one tracker confused them, are joined if their motions agree, the surest first. Then those who fall
silent are linked to those who begin later, all at once and so that all is likeliest; after a pause that no
track outlasts, only to one who begins where another ended, and if nobody else can be meant. None of this
knows which way time runs.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment

from anydoa.io.talkers import mean_direction
from anydoa.tracking.association import angles_between
from anydoa.tracking.claims import NOBODY
from anydoa.tracking.options import TrackerOptions
from anydoa.tracking.smoothing import Peaks, agreement

_LOOK_PAST = 3  # pieces in a row of which each two may belong together
_END_S = 1.0  # of a chain that says where it begins or ends


@dataclass(frozen=True, eq=False)
class Recorded:
    """All peaks of a recording.

    Args:
        times_s: times of the frames.
        frames: frame of each peak.
        directions: direction of each peak.
        variances: variance of each along each axis, in rad².
        scores: score of each.
        confirmed: whether its owner was confirmed both ways.
    """

    times_s: Float[np.ndarray, "frame"]
    frames: Int[np.ndarray, "peak"]
    directions: Float[np.ndarray, "peak 3"]
    variances: Float[np.ndarray, "peak"]
    scores: Float[np.ndarray, "peak"]
    confirmed: Bool[np.ndarray, "peak"]


@dataclass(frozen=True, eq=False)
class Chain:
    """Peaks of one talker, or of nobody.

    Args:
        recorded: all peaks.
        members: numbers of its own, in order of time.
    """

    recorded: Recorded
    members: Int[np.ndarray, "peak"]

    @cached_property
    def peaks(self) -> Peaks:
        """Times, places and variances."""
        all_of, own = self.recorded, self.members
        return Peaks(all_of.times_s[self.frames], all_of.directions[own], all_of.variances[own])

    @cached_property
    def frames(self) -> Int[np.ndarray, "peak"]:
        """Numbers of its frames."""
        return self.recorded.frames[self.members]

    @property
    def begin_s(self) -> float:
        """Time of the first peak."""
        return float(self.peaks.times_s[0])

    @property
    def end_s(self) -> float:
        """Time of the last peak."""
        return float(self.peaks.times_s[-1])

    @property
    def sound(self) -> float:
        """Sum of the scores of its peaks."""
        return float(self.recorded.scores[self.members].sum())

    @property
    def score(self) -> float:
        """Mean score of its peaks."""
        return float(self.recorded.scores[self.members].mean())

    @property
    def direction(self) -> Float[np.ndarray, "3"]:
        """Mean direction of its peaks, weighted by their scores; see :func:`mean_direction`."""
        return mean_direction(self.recorded.directions[self.members], self.recorded.scores[self.members])

    def is_confirmed(self, options: TrackerOptions) -> bool:
        """Whether those of its peaks that trackers believed both ways come for long enough."""
        times_s = self.peaks.times_s[self.recorded.confirmed[self.members]]
        counted_s = np.minimum(np.diff(times_s), options.confirm_s / options.confirm_peaks).sum()
        return bool(counted_s >= options.confirm_s - 1e-9)

    def shares_frames(self, other: "Chain") -> bool:
        """Whether both have a peak in the same frame, so that they are two talkers."""
        return bool(np.isin(self.frames, other.frames, assume_unique=True).any())

    def holds(self, other: "Chain") -> bool:
        """Whether all peaks of another chain are its own."""
        return bool(np.isin(other.members, self.members, assume_unique=True).all())

    def and_those_of(self, *others: "Chain") -> "Chain":
        """All together."""
        return Chain(self.recorded, np.sort(np.concatenate([self.members, *(one.members for one in others)])))


def pieces_of(
    recorded: Recorded, forth: Int[np.ndarray, "peak"], back: Int[np.ndarray, "peak"]
) -> tuple[list[Chain], list[tuple[int, int]]]:
    """Peaks that belong together both ways, and pairs of pieces that belong together one way.

    Args:
        recorded: all peaks.
        forth: owner of each peak when time ran forth.
        back: the same when it ran back.
    """
    owned = np.flatnonzero((forth != NOBODY) & (back != NOBODY))
    if not len(owned):
        return [], []
    names = np.stack([forth[owned], back[owned]])
    _, label = np.unique(names, axis=1, return_inverse=True)
    label = label.reshape(-1)
    order = np.argsort(label, kind="stable")
    ends = np.flatnonzero(np.diff(label[order])) + 1
    pieces = [Chain(recorded, members) for members in np.split(owned[order], ends)]
    pairs = {pair for way in names for pair in _neighbours(way, label)}
    return pieces, sorted(pairs)


def _neighbours(way: Int[np.ndarray, "peak"], label: Int[np.ndarray, "peak"]) -> Iterable[tuple[int, int]]:
    """Pairs of labels that follow each other closely in the same track of a way."""
    order = np.argsort(way, kind="stable")
    track, piece = way[order], label[order]
    starts = np.flatnonzero(np.diff(piece, prepend=-1) | np.diff(track, prepend=-1))
    track, piece = track[starts], piece[starts]
    for ahead in range(1, _LOOK_PAST + 1):
        same = (track[ahead:] == track[:-ahead]) & (piece[ahead:] != piece[:-ahead])
        pairs = np.sort(np.stack([piece[ahead:][same], piece[:-ahead][same]], axis=1), axis=1)
        yield from map(tuple, np.unique(pairs, axis=0).tolist())


def joined(pieces: Sequence[Chain], pairs: Iterable[tuple[int, int]], options: TrackerOptions) -> list[Chain]:
    """Chains of pieces whose motions agree, the surest pairs first."""
    confirmed = [piece.is_confirmed(options) for piece in pieces]
    scored = []
    for one, other in pairs:
        if pieces[one].shares_frames(pieces[other]):
            continue
        least = 0.0 if confirmed[one] and confirmed[other] else options.least_agreement
        score = agreement(pieces[one].peaks, pieces[other].peaks, options)
        if score > least:
            scored.append((score, one, other))
    chain_of, chains = list(range(len(pieces))), dict(enumerate(pieces))
    for _, one, other in sorted(scored, reverse=True):
        first, second = _root(chain_of, one), _root(chain_of, other)
        if first != second and not chains[first].shares_frames(chains[second]):
            chains[first] = chains[first].and_those_of(chains.pop(second))
            chain_of[second] = first
    return list(chains.values())


def linked(chains: Sequence[Chain], options: TrackerOptions) -> list[Chain]:
    """Chains whose ends and beginnings agree as one, so that all is likeliest."""
    if len(chains) < 2:
        return list(chains)
    links = _Links.of(chains, options)
    least = np.where(links.pause_s > options.keep_s, options.least_agreement, 0.0)
    value = np.where(links.score > least, links.score, 0.0)
    matched = np.stack(linear_sum_assignment(value, maximize=True), axis=1)
    pairs = [(one, other) for one, other in matched.tolist() if value[one, other]]
    chain_of = list(range(len(chains)))
    for one, other in pairs:
        chain_of[_root(chain_of, other)] = _root(chain_of, one)
    talker = np.array([_root(chain_of, index) for index in range(len(chains))])
    kept = [pair for pair in pairs if not links.is_doubtful(pair, talker, options)]
    chain_of = list(range(len(chains)))
    for one, other in kept:
        chain_of[_root(chain_of, other)] = _root(chain_of, one)
    groups: dict[int, list[Chain]] = {}
    for index, chain in enumerate(chains):
        groups.setdefault(_root(chain_of, index), []).append(chain)
    return [first.and_those_of(*rest) for first, *rest in groups.values()]


@dataclass(frozen=True, eq=False)
class _Links:
    """How well each chain goes on in each other.

    Args:
        score: logarithm of how much likelier both are as one talker than as two; least where they are not
            one after the other.
        pause_s: seconds between the end of one and the beginning of the other.
    """

    score: Float[np.ndarray, "chain chain"]
    pause_s: Float[np.ndarray, "chain chain"]

    @staticmethod
    def of(chains: Sequence[Chain], options: TrackerOptions) -> "_Links":
        """The links between all chains."""
        begin_s = np.array([chain.begin_s for chain in chains])
        end_s = np.array([chain.end_s for chain in chains])
        pause_s = begin_s[None] - end_s[:, None]
        ends = [_end_of(chain.peaks, chain.end_s, options) for chain in chains]
        begins = [_end_of(chain.peaks, chain.begin_s, options) for chain in chains]
        apart = angles_between(np.stack([end[0] for end in ends]), np.stack([begin[0] for begin in begins]))
        variance = np.array([end[1] for end in ends])[:, None] + np.array([begin[1] for begin in begins])
        variance += math.radians(options.rest_deg) ** 2
        score = np.log(2 / variance) - apart**2 / variance / 2
        for one, other in zip(*np.nonzero((pause_s > 0) & (pause_s <= options.keep_s)), strict=True):
            walking = agreement(chains[one].peaks, chains[other].peaks, options)
            score[one, other] = max(score[one, other], walking)
        return _Links(np.where(pause_s > 0, score, -np.inf), pause_s)

    def is_doubtful(
        self, pair: tuple[int, int], talker: Int[np.ndarray, "chain"], options: TrackerOptions
    ) -> bool:
        """Whether a link over a long pause might as well lead from or to another talker."""
        one, other = pair
        if self.pause_s[pair] <= options.keep_s:
            return False
        rivals = np.concatenate(
            [self.score[:, other][talker != talker[one]], self.score[one][talker != talker[other]]]
        )
        return bool((rivals > self.score[pair] - options.least_agreement).any())


def seated(chains: Sequence[Chain], number: int, options: TrackerOptions) -> list[Chain]:
    """Chains of a known number of talkers.

    Too many are joined, the nearest first of those that one ends before the other begins: nobody else can be
    meant. If there are none, the one with least sound is nobody. Chains that on the whole do not reach the
    least score are there because a number was asked for: they count where others are missing.
    """
    chains = sorted(chains, key=lambda chain: chain.sound, reverse=True)
    loud = [chain for chain in chains if chain.score >= options.least_score]
    seats = loud if len(loud) >= number else chains[:number]
    while len(seats) > number:
        begin_s = np.array([seat.begin_s for seat in seats])
        end_s = np.array([seat.end_s for seat in seats])
        ends = np.stack([_end_of(seat.peaks, seat.end_s, options)[0] for seat in seats])
        begins = np.stack([_end_of(seat.peaks, seat.begin_s, options)[0] for seat in seats])
        apart = np.where(begin_s[None] > end_s[:, None], angles_between(ends, begins), np.inf)
        one, other = np.unravel_index(np.argmin(apart), apart.shape)
        if np.isfinite(apart[one, other]):
            both = seats[one].and_those_of(seats[other])
            seats = [seat for index, seat in enumerate(seats) if index not in (one, other)] + [both]
        else:
            seats.remove(min(seats, key=lambda seat: seat.sound))
    return seats


def _end_of(peaks: Peaks, time_s: float, options: TrackerOptions) -> tuple[Float[np.ndarray, "3"], float]:
    """Mean place of peaks near an end, and its variance along each axis."""
    near = peaks.within(time_s - _END_S, time_s + _END_S)
    precision = near.precision(options)
    return mean_direction(near.directions, precision), float(1 / precision.sum())


def _root(parents: list[int], index: int) -> int:
    """The chain that a piece has gone into."""
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def hidden_frames(
    recorded: Recorded,
    owners: Int[np.ndarray, "peak"],
    hidden: Int[np.ndarray, "claim 2"],
    talker: Int[np.ndarray, "peak"],
) -> dict[int, Int[np.ndarray, "frame"]]:
    """Frames in which talkers were hidden: those of tracks that were theirs before and after.

    Args:
        recorded: all peaks.
        owners: the track of one way that owns each peak.
        hidden: frames and tracks of that way that were hidden.
        talker: talker that each peak belongs to, or NOBODY.
    """
    owned = np.flatnonzero((owners != NOBODY) & (talker != NOBODY))
    number = len(recorded.times_s)
    place = owners[owned] * number + recorded.frames[owned]
    order = np.argsort(place, kind="stable")
    place, whose = place[order], talker[owned][order]
    if not len(place) or not len(hidden):
        return {}
    wanted = hidden[:, 1] * number + hidden[:, 0]
    after = np.searchsorted(place, wanted)
    inside: Bool[np.ndarray, "claim"] = (after > 0) & (after < len(place))
    wanted, after = wanted[inside], after[inside]
    same = (place[after - 1] // number == wanted // number) & (place[after] // number == wanted // number)
    same &= whose[after - 1] == whose[after]
    names, frames = whose[after[same]], wanted[same] % number
    return {int(name): np.unique(frames[names == name]) for name in np.unique(names)}
