"""From the peaks of a whole recording to its talkers: who was where when, knowing what comes later."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.io.results import Source
from anydoa.io.talkers import STAYS_DEG, Talker, TalkerPath, Turn
from anydoa.tracking.claims import NOBODY, ClaimLog, PeakStore
from anydoa.tracking.linking import Chain, Recorded, hidden_frames, joined, linked, pieces_of, seated
from anydoa.tracking.options import TrackerOptions
from anydoa.tracking.smoothing import smoothed_path

_BRIEF_S = 0.3  # a shorter turn is brief
_FAINT = 0.6  # so is one that scores less than this share of the weakest direction


class TalkerTracker:
    """Follows talkers through a recording in both directions, and says in the end who was where when.

    A :class:`~anydoa.tracking.tracker.Tracker` runs over the frames, another over the same frames in reverse.
    What both make of a peak is certain; where they differ, the likelier holds. Paths are smoothed by all
    peaks of a talker, those that come later included. A talker begins with its first peak and ends with its
    last, keeps its identity through crossings and pauses, and is nobody if too few peaks bear it out.

    The frames in reverse give the same talkers in reverse. Peaks of a frame may come in any order.

    Args:
        frame_s: distance between frames in seconds.
        options: what it believes about talkers and peaks; the defaults if None.
        num_talkers: how many talkers there are in the recording, or None if that is not known.

    Raises:
        ConfigError: if there are none.
    """

    def __init__(
        self, frame_s: float, options: TrackerOptions | None = None, *, num_talkers: int | None = None
    ) -> None:
        if num_talkers is not None and num_talkers < 1:
            raise ConfigError(f"num_talkers must be at least 1, got {num_talkers}; None is for any number")
        options = TrackerOptions() if options is None else options
        self.options = replace(options, noise_deg=options.recording_noise_deg)
        self._frame_s, self._num_talkers = frame_s, num_talkers
        self._store = PeakStore()

    def update(self, time_s: float, sources: Sequence[Source]) -> None:
        """Take the peaks of the next frame.

        Args:
            time_s: time of the frame, in seconds from any moment; not before that of the last.
            sources: peaks of the frame, in any order. Their ids do not matter.

        """
        self._store.add(time_s, sorted(sources, key=lambda peak: (-peak.score, *peak.direction)))

    @property
    def times_s(self) -> Float[np.ndarray, "frame"]:
        """Times of the frames so far."""
        return self._store.times_s

    def talkers(
        self, directions: Sequence[Source] = (), *, on_frame: Callable[[], None] = lambda: None
    ) -> tuple[Talker, ...]:
        """Everyone so far, in order of the first sound.

        Args:
            directions: sources of the recording as a whole. A turn that is much fainter than the weakest of
                them is brief; near each of them somebody is told, however short.
            on_frame: called once for each frame and direction of time; what it raises ends the work.

        Raises:
            ConfigError: if a time is not finite or goes back.
        """
        store, options = self._store, self.options
        forth, back = ClaimLog(options), ClaimLog(options)
        for frame in range(store.num_frames):
            forth.see(frame, store.time_s(frame), store.sources(frame))
            on_frame()
        for frame in reversed(range(store.num_frames)):
            back.see(frame, -store.time_s(frame), store.sources(frame))
            on_frame()
        recorded = Recorded(
            store.times_s,
            store.frames,
            store.directions,
            np.maximum(forth.variances, back.variances),
            store.scores,
            forth.is_confirmed & back.is_confirmed,
        )
        pieces, pairs = pieces_of(recorded, forth.owners, back.owners)
        chains = joined(pieces, pairs, options)
        sure = linked([chain for chain in chains if chain.is_confirmed(options)], options)
        others = [chain for chain in chains if not chain.is_confirmed(options)]
        number = self._num_talkers
        if number is not None:
            seats = seated(sure, number, options)
            others += [chain for chain in sure if not any(seat.holds(chain) for seat in seats)]
            sure = seats
        sure = _in_order(sure)
        found = self._of(sure, recorded, (forth, back))
        missing = _missing(found, others, directions)[:number]
        if missing:
            if number is not None:
                sure = _most_needed(sure, found, directions, number=number - len(missing))
            found = self._of(_in_order(sure + missing), recorded, (forth, back))
        return _with_brief_turns(found, directions)

    def _of(self, chains: Sequence[Chain], recorded: Recorded, ways: Sequence[ClaimLog]) -> list[Talker]:
        """The talker of each chain."""
        whose = np.full(len(recorded.frames), NOBODY)
        for name, chain in enumerate(chains):
            whose[chain.members] = name
        hidden = [hidden_frames(recorded, way.owners, way.hidden, whose) for way in ways]
        nowhere = np.zeros(0, dtype=np.int64)
        return [
            self._talker(name, chain, np.concatenate([way.get(name, nowhere) for way in hidden]))
            for name, chain in enumerate(chains)
        ]

    def _talker(self, name: int, chain: Chain, hidden: Int[np.ndarray, "frame"]) -> Talker:
        """The talker of a chain."""
        all_times_s, options = chain.recorded.times_s, self.options
        sounding = np.unique(np.concatenate([chain.frames, hidden]))
        pause_s = max(options.pause_s, 1.5 * self._frame_s)
        ends = np.flatnonzero(np.diff(all_times_s[sounding]) > pause_s) + 1
        turns, frames = [], []
        for part in np.split(sounding, ends):
            own = part[np.isin(part, chain.frames, assume_unique=True)]
            if len(own):  # a turn begins and ends with a peak of its own
                begin, end = int(own[0]), int(own[-1])
                heard_s = self._frame_s * len(own)
                turns.append(Turn(float(all_times_s[begin]), float(all_times_s[end]), heard_s))
                frames.append(np.arange(begin, end + 1))
        shown = np.concatenate(frames)
        times_s = all_times_s[shown]
        scores = np.zeros(len(shown), dtype=np.float32)
        scores[np.searchsorted(shown, chain.frames)] = chain.recorded.scores[chain.members]
        places = smoothed_path(times_s, chain.peaks, options).astype(np.float32)
        return Talker(name, TalkerPath(times_s, places, scores), tuple(turns))


def _in_order(chains: Iterable[Chain]) -> list[Chain]:
    """Chains in order of the first sound."""
    return sorted(chains, key=lambda chain: (chain.begin_s, -chain.sound, chain.end_s))


def _missing(talkers: Sequence[Talker], others: Sequence[Chain], directions: Sequence[Source]) -> list[Chain]:
    """For each direction of the recording that no talker is ever near to, the longest other chain that is."""
    places = [talker.path.directions for talker in talkers]
    found: list[Chain] = []
    for source in directions:
        if any(_is_near(path, source) for path in (*places, *(chain.direction[None] for chain in found))):
            continue
        near = [chain for chain in others if _is_near(chain.direction[None], source)]
        if near:
            found.append(max(near, key=lambda chain: (len(chain.members), -chain.begin_s)))
    return found


def _most_needed(
    seats: Sequence[Chain], talkers: Sequence[Talker], directions: Sequence[Source], *, number: int
) -> list[Chain]:
    """The most sounding one near each direction of the recording, then those with most sound.

    Args:
        seats: the chains.
        talkers: the talker of each.
        directions: sources of the recording as a whole, strongest first.
        number: how many are wanted at most.
    """
    loudest = sorted(range(len(seats)), key=lambda seat: -seats[seat].sound)
    needed: dict[int, None] = {}  # in order, each once
    for one in directions:
        near = (seat for seat in loudest if _is_near(talkers[seat].path.directions, one))
        needed |= dict.fromkeys(list(near)[:1])
    needed |= dict.fromkeys(loudest)
    return [seats[seat] for seat in list(needed)[:number]]


def _is_near(path: Float[np.ndarray, "frame 3"], source: Source) -> bool:
    return bool((great_circle_distance_deg(path, source.direction) <= STAYS_DEG).any())


def _with_brief_turns(talkers: Sequence[Talker], directions: Sequence[Source]) -> tuple[Talker, ...]:
    """The talkers with brief turns marked, but for the longest near a direction that has no other."""
    least_score = _FAINT * min((source.score for source in directions), default=0.0)
    turns = [(talker, turn, talker.path_of(turn)) for talker in talkers for turn in talker.turns]
    told = {
        (talker.id, turn.begin_s)
        for talker, turn, path in turns
        if turn.end_s - turn.begin_s >= _BRIEF_S and path.score >= least_score
    }
    for source in directions:
        near = [
            (turn.heard_s, -turn.begin_s, talker.id)
            for talker, turn, path in turns
            if _is_near(path.directions, source)
        ]
        if near and told.isdisjoint((name, -begin_s) for _, begin_s, name in near):
            _, begin_s, name = max(near)
            told.add((name, -begin_s))
    return tuple(
        replace(
            talker,
            turns=tuple(
                replace(turn, is_brief=(talker.id, turn.begin_s) not in told) for turn in talker.turns
            ),
        )
        for talker in talkers
    )
