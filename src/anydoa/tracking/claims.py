"""Every peak of a recording, and which track it belonged to when a tracker ran over them one way.

All in arrays of plain numbers: 12 bytes a frame, 16 a peak, and 8 a peak for each way.
"""

from array import array
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from anydoa.io.results import Source
from anydoa.tracking.options import TrackerOptions
from anydoa.tracking.tracker import Tracker

NOBODY = -1  # owns the ghosts of stronger peaks


class PeakStore:
    """Times of frames, directions and scores of their peaks, as they come."""

    def __init__(self) -> None:
        self._times_s = array("d")
        self._first = array("i", [0])  # number of the first peak of each frame, and of the one to come
        self._directions, self._scores = array("f"), array("f")

    def add(self, time_s: float, sources: Sequence[Source]) -> None:
        """Take the next frame."""
        self._times_s.append(time_s)
        self._first.append(self._first[-1] + len(sources))
        for source in sources:
            self._directions.extend(source.direction.tolist())
            self._scores.append(source.score)

    def sources(self, frame: int) -> list[Source]:
        """The peaks of a frame; the id of each is its number in the recording."""
        first, last = self._first[frame], self._first[frame + 1]
        places = np.array(self._directions[3 * first : 3 * last], dtype=np.float64).reshape(-1, 3)
        scores = self._scores[first:last]
        return [
            Source(place, score, first + index)
            for index, (place, score) in enumerate(zip(places, scores, strict=True))
        ]

    def time_s(self, frame: int) -> float:
        """Time of a frame."""
        return self._times_s[frame]

    @property
    def num_frames(self) -> int:
        """Frames so far."""
        return len(self._times_s)

    @property
    def times_s(self) -> Float[np.ndarray, "frame"]:
        """Times of the frames."""
        return np.array(self._times_s)

    @property
    def frames(self) -> Int[np.ndarray, "peak"]:
        """The frame of each peak."""
        return np.repeat(np.arange(self.num_frames), np.diff(np.array(self._first)))

    @property
    def directions(self) -> Float[np.ndarray, "peak 3"]:
        """The direction of each peak."""
        return np.array(self._directions, dtype=np.float64).reshape(-1, 3)

    @property
    def scores(self) -> Float[np.ndarray, "peak"]:
        """The score of each peak."""
        return np.array(self._scores, dtype=np.float64)


class ClaimLog:
    """Runs a tracker over a recording, one way, and remembers what it made of each peak.

    Args:
        options: what the tracker believes.
    """

    def __init__(self, options: TrackerOptions) -> None:
        self._tracker = Tracker(options)
        self._owners, self._variances = array("i"), array("f")
        self._hidden = array("i")  # frame and track, in turn
        self._confirmed: set[int] = set()
        self._least_share = options.hidden_share

    def see(self, frame: int, time_s: float, sources: Sequence[Source]) -> None:
        """Take the next frame.

        Args:
            frame: its number.
            time_s: its time; the times of a way grow.
            sources: its peaks, each with its number in the recording as its id.
        """
        missing = max((source.id for source in sources), default=-1) + 1 - len(self._owners)
        if missing > 0:
            self._owners.extend([NOBODY] * missing)
            self._variances.extend([0.0] * missing)
        self._tracker.observe(time_s, sources)
        for hypothesis in self._tracker.hypotheses:
            claim = hypothesis.claim
            if claim is None:
                continue
            if hypothesis.id is not None:
                self._confirmed.add(hypothesis.number)
            if claim.owns:
                self._owners[claim.peak] = hypothesis.number
                self._variances[claim.peak] = claim.variance
            elif claim.probability >= self._least_share:
                self._hidden.extend((frame, hypothesis.number))

    @property
    def owners(self) -> Int[np.ndarray, "peak"]:
        """Number of the track that owns each peak, or NOBODY."""
        return np.array(self._owners, dtype=np.int64)

    @property
    def is_confirmed(self) -> Bool[np.ndarray, "peak"]:
        """Whether the owner of each peak was confirmed, sooner or later."""
        return np.isin(self.owners, list(self._confirmed))

    @property
    def variances(self) -> Float[np.ndarray, "peak"]:
        """Variance of the direction of each peak for its owner, in rad²."""
        return np.array(self._variances, dtype=np.float64)

    @property
    def hidden(self) -> Int[np.ndarray, "claim 2"]:
        """Frames and tracks that were not silent but hidden by another's peak."""
        return np.array(self._hidden, dtype=np.int64).reshape(-1, 2)
