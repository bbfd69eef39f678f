"""How well talkers are followed: distances between sets of directions, and what becomes of identities.

Conventions: distances are great-circle angles in degrees, cut off where a direction counts as lost. A talker
counts in the frames where it is present, whether it speaks or not; so a track that waits through a pause is
right. Frames without talkers and without tracks are perfect.

Metrics
    OSPA          mean distance over the larger of both sets, the cutoff for each that has no partner
    GOSPA         total distance, half the cutoff (as a power) for each missed talker and each false track
    switches      times that a talker is matched with another track than before
    false tracks  tracks that are matched in less than half of the frames they are shown in
    missed        share of talkers, summed over frames, without a track
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import linear_sum_assignment

from anydoa.errors import ConfigError, ShapeError
from anydoa.geometry.coordinates import great_circle_distance_deg

CUTOFF_DEG = 20.0
ORDER = 2.0


def ospa_deg(
    talkers: Float[np.ndarray, "talker 3"],
    tracks: Float[np.ndarray, "track 3"],
    *,
    cutoff_deg: float = CUTOFF_DEG,
    order: float = ORDER,
) -> float:
    """Optimal subpattern assignment distance of one frame, 0..cutoff.

    Args:
        talkers: directions of the talkers that are present.
        tracks: directions of the tracks that are shown.
        cutoff_deg: what a talker or track without a partner costs, and the most that a pair costs.
        order: exponent of the mean; the higher, the more large errors weigh.

    Raises:
        ConfigError: if the cutoff is not positive or the order below 1.

    Reference:
        Schuhmacher, Vo and Vo (2008), "A consistent metric for performance evaluation of multi-object
        filters", equation 3.
    """
    _check(cutoff_deg, order)
    larger = max(len(talkers), len(tracks))
    if not larger:
        return 0.0
    cost = _cut_distances(talkers, tracks, cutoff_deg) ** order
    alone = larger - min(cost.shape)
    total = cost[linear_sum_assignment(cost)].sum() + alone * cutoff_deg**order
    return float((total / larger) ** (1 / order))


@dataclass(frozen=True)
class Gospa:
    """Generalized OSPA of one frame and its parts: ``total_deg ** order`` is the sum of their costs.

    Args:
        total_deg: the distance.
        localization: sum of the distances of pairs, to the power of the order.
        num_missed: talkers without a track.
        num_false: tracks without a talker.
    """

    total_deg: float
    localization: float
    num_missed: int
    num_false: int


def gospa(
    talkers: Float[np.ndarray, "talker 3"],
    tracks: Float[np.ndarray, "track 3"],
    *,
    cutoff_deg: float = CUTOFF_DEG,
    order: float = ORDER,
) -> Gospa:
    """Generalized OSPA of one frame; arguments as for :func:`ospa_deg`.

    Raises:
        ConfigError: if the cutoff is not positive or the order below 1.

    Reference:
        Rahmathullah, García-Fernández and Svensson (2017), "Generalized optimal sub-pattern assignment
        metric", with alpha = 2, proposition 1.
    """
    _check(cutoff_deg, order)
    cost = _cut_distances(talkers, tracks, cutoff_deg) ** order
    rows, columns = linear_sum_assignment(cost)
    pairs = cost[rows, columns]
    pairs = pairs[pairs < cutoff_deg**order]
    missed, false = len(talkers) - len(pairs), len(tracks) - len(pairs)
    total = pairs.sum() + (missed + false) * cutoff_deg**order / 2
    return Gospa(float(total ** (1 / order)), float(pairs.sum()), missed, false)


@dataclass(frozen=True)
class TrackCounts:
    """What was counted; add the counts of several recordings before dividing.

    Args:
        switches: times that a talker is matched with another track than before.
        false_tracks: tracks that are matched in less than half of the frames they are shown in.
        tracks: all tracks.
        missed: talkers without a track, summed over frames.
        talkers: talkers that are present, summed over frames.
        minutes: length of the recordings.
    """

    switches: int = 0
    false_tracks: int = 0
    tracks: int = 0
    missed: int = 0
    talkers: int = 0
    minutes: float = 0.0

    def __add__(self, other: "TrackCounts") -> "TrackCounts":
        return TrackCounts(
            self.switches + other.switches,
            self.false_tracks + other.false_tracks,
            self.tracks + other.tracks,
            self.missed + other.missed,
            self.talkers + other.talkers,
            self.minutes + other.minutes,
        )

    @property
    def false_tracks_a_minute(self) -> float:
        """False tracks for a minute of recording; NaN without a recording."""
        return self.false_tracks / self.minutes if self.minutes else float("nan")

    @property
    def missed_share(self) -> float:
        """Share of talkers without a track, 0..1; 0 if there were no talkers."""
        return self.missed / self.talkers if self.talkers else 0.0


def validate(
    ids: Sequence[np.ndarray], tracks: Sequence[np.ndarray], truth: np.ndarray, present: np.ndarray
) -> None:
    """Refuse tracks, talkers and presence that do not belong together.

    Raises:
        ShapeError: if the number of frames, talkers or tracks does not agree.
    """
    if truth.shape != (*present.shape, 3):
        raise ShapeError(
            f"truth must be {(*present.shape, 3)} like presence, got {truth.shape}; "
            "give a direction for each talker in each frame"
        )
    if not len(ids) == len(tracks) == len(present):
        raise ShapeError(
            f"presence has {len(present)} frames, so must ids and tracks; got {len(ids)} and {len(tracks)}; "
            "give empty ones where no track is shown"
        )
    for frame, (names, directions) in enumerate(zip(ids, tracks, strict=True)):
        if directions.shape != (len(names), 3):
            raise ShapeError(
                f"tracks of frame {frame} must be ({len(names)}, 3) like ids, got {directions.shape}; "
                "give a direction for each id"
            )


def count_tracks(
    ids: Sequence[Int[np.ndarray, "_"]],
    tracks: Sequence[Float[np.ndarray, "_ 3"]],
    truth: Float[np.ndarray, "frame talker 3"],
    present: Bool[np.ndarray, "frame talker"],
    *,
    duration_s: float,
    tolerance_deg: float = CUTOFF_DEG,
) -> TrackCounts:
    """Switches, false tracks and misses of one recording.

    A talker keeps the track it was last matched with while that is within the tolerance; the others are
    paired so that as many as possible are, and of those with the least sum of angles.

    Args:
        ids: names of the tracks shown in each frame.
        tracks: directions of these tracks.
        truth: direction of each talker.
        present: whether each talker is there.
        duration_s: length of the recording in seconds.
        tolerance_deg: farthest that a track can be from its talker.

    Raises:
        ShapeError: see :func:`validate`.

    Reference:
        Bernardin and Stiefelhagen (2008), "Evaluating multiple object tracking performance: the CLEAR MOT
        metrics", section 2.1.
    """
    validate(ids, tracks, truth, present)
    follower = _Follower(tolerance_deg)
    for frame, (names, directions) in enumerate(zip(ids, tracks, strict=True)):
        seen = np.flatnonzero(present[frame])
        follower.see(names.tolist(), directions, seen.tolist(), truth[frame, seen])
    shown, matched = follower.shown, follower.matched
    false = sum(matched.get(name, 0) < 0.5 * count for name, count in shown.items())
    return TrackCounts(
        switches=follower.switches,
        false_tracks=false,
        tracks=len(shown),
        missed=int(present.sum()) - sum(matched.values()),
        talkers=int(present.sum()),
        minutes=duration_s / 60,
    )


@dataclass
class _Follower:
    """Matches talkers with tracks from frame to frame, and counts."""

    tolerance_deg: float
    switches: int = 0
    shown: dict[int, int] = field(default_factory=dict)
    matched: dict[int, int] = field(default_factory=dict)
    _partner: dict[int, int] = field(default_factory=dict)

    def see(
        self,
        names: list[int],
        tracks: Float[np.ndarray, "track 3"],
        talkers: list[int],
        truth: Float[np.ndarray, "talker 3"],
    ) -> None:
        """Take the next frame."""
        distance = great_circle_distance_deg(truth[:, None], tracks[None])
        # A pair that lasts comes before any new one, a new one within the tolerance before none.
        lasting = np.array([[self._partner.get(talker) == name for name in names] for talker in talkers])
        gain = np.where(lasting.reshape(distance.shape), 1e6, 1e3) - distance
        gain = np.where(distance <= self.tolerance_deg, gain, 0.0)
        for row, column in zip(*linear_sum_assignment(gain, maximize=True), strict=True):
            if gain[row, column]:
                talker, name = talkers[row], names[column]
                self.switches += self._partner.get(talker, name) != name
                self._partner[talker] = name
                self.matched[name] = self.matched.get(name, 0) + 1
        for name in names:
            self.shown[name] = self.shown.get(name, 0) + 1


def _cut_distances(
    talkers: Float[np.ndarray, "talker 3"], tracks: Float[np.ndarray, "track 3"], cutoff_deg: float
) -> Float[np.ndarray, "talker track"]:
    return np.minimum(great_circle_distance_deg(talkers[:, None], tracks[None]), cutoff_deg)


def _check(cutoff_deg: float, order: float) -> None:
    if not 0 < cutoff_deg <= 180:
        raise ConfigError(
            f"cutoff must be above 0 and at most 180 degrees, got {cutoff_deg}; {CUTOFF_DEG:g} is usual"
        )
    if not 1 <= order < float("inf"):
        raise ConfigError(f"order must be at least 1 and finite, got {order}; 2 is usual")
