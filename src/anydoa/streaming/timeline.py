"""When the sound that was computed really was: gaps and arrivals by sample.

    recorded   |== a ==|== b ==|  dropped  |== c ==|
    computed   |== a ==|== b ==|== c ==|

An estimator hears ``c`` right after ``b``; results must carry the time of the recording.
"""

from collections import deque
from dataclasses import dataclass

from anydoa.streaming.queue import Stretch


@dataclass(frozen=True)
class Moment:
    """A sample that was computed, in the recording.

    Args:
        missing: samples of the recording before it that never were computed.
        arrival: when it arrived, by ``time.monotonic``, up to the length of a block.
    """

    missing: int
    arrival: float


class Timeline:
    """Finds the moments of samples that were computed not long ago."""

    def __init__(self) -> None:
        self._ends: deque[tuple[int, Moment]] = deque()
        self._length = 0

    @property
    def end(self) -> int:
        """Samples of the recording so far, missing ones included."""
        return self._length + (self._ends[-1][1].missing if self._ends else 0)

    def add(self, stretch: Stretch) -> None:
        """Take the sound that is computed next."""
        moment = Moment(stretch.start - self._length, stretch.arrival)
        self._length += stretch.audio.shape[1]
        self._ends.append((self._length, moment))

    def moment(self, sample: float) -> Moment:
        """Of a sample, counted among those computed; of the newest one if it is still to come."""
        return next((moment for end, moment in self._ends if sample < end), self._ends[-1][1])

    def forget_before(self, sample: float) -> None:
        """Nobody will ask for earlier samples than this."""
        while len(self._ends) > 1 and self._ends[0][0] <= sample:
            self._ends.popleft()
