"""What a person is told of a feed while it runs: sound dropped, none at all, or at an odd pace."""

import logging
import math
import time
from dataclasses import dataclass

from anydoa.live.feed import AudioFeed
from anydoa.localizer import Localizer

STALLED_S = 2.0  # a pause of the feed that a person wants to know of

_logger = logging.getLogger(__name__)


class RareReport:
    """Due at once, then after a second, and each time after twice as long: 17 lines a day, not 86,400."""

    def __init__(self) -> None:
        self._due_at = -math.inf
        self._wait_s = 1.0

    def is_due(self) -> bool:
        """Whether to write the line now; if so, it counts as written."""
        now = time.monotonic()
        if now < self._due_at:
            return False
        self._due_at = now + self._wait_s
        self._wait_s *= 2
        return True


@dataclass(frozen=True)
class PaceOptions:
    """When sound comes too fast or too slowly for its sample rate.

    Args:
        backlog_s: seconds of sound that may have waited in a pipe before anybody read it.
        settling_s: seconds after which what had waited is through.
        longest_gap_s: a sender that is quiet for longer has paused.
        min_arrival_s: least seconds of arrival, pauses left out, from which the pace is known.
        too_fast: pace above which sound comes too fast, as a multiple of real time. Sample rates that are
            taken for each other differ by more, except 44.1 and 48 kHz.
        too_slow: pace below which sound comes too slowly.
    """

    backlog_s: float = 1.0
    settling_s: float = 2.0
    longest_gap_s: float = 2.0
    min_arrival_s: float = 5.0
    too_fast: float = 1.3
    too_slow: float = 0.7


class ArrivalPace:
    """Compares how much sound came with the time it took: a wrong sample rate shows there and nowhere else.

    Args:
        sample_rate: the one that was said, in Hz.
        options: what counts as odd.
    """

    def __init__(self, sample_rate: float, options: PaceOptions = PaceOptions()) -> None:
        self._sample_rate, self._options = sample_rate, options
        self._num_samples = 0
        self._num_settled = 0  # of them, that came before the pace is measured
        self._began: float | None = None
        self._newest = 0.0
        self._arrival_s = 0.0  # pauses and settling left out

    def count(self, num_samples: int) -> None:
        """Samples that came just now, those lost before them included."""
        now = time.monotonic()
        if self._began is None:
            self._began = self._newest = now
        self._num_samples += num_samples
        if now - self._began < self._options.settling_s:
            self._num_settled = self._num_samples
        elif now - self._newest <= self._options.longest_gap_s:
            self._arrival_s += now - self._newest
        else:
            self._num_settled += num_samples
        self._newest = now

    @property
    def is_known(self) -> bool:
        """Whether enough came to tell a rush from sound that had waited."""
        return self._num_samples > 2 * self._options.backlog_s * self._sample_rate

    @property
    def rush(self) -> float | None:
        """How many times faster than it was recorded sound comes, if clearly faster."""
        if self._began is None:
            return None
        sound_s = self._num_samples / self._sample_rate - self._options.backlog_s
        pace = sound_s / max(self._newest - self._began, 1e-3)
        return pace if pace > self._options.too_fast else None

    @property
    def odd_pace(self) -> float | None:
        """Times as fast as it was recorded, if sound comes clearly faster or slower for long enough."""
        if self._arrival_s < self._options.min_arrival_s:
            return None
        pace = (self._num_samples - self._num_settled) / self._sample_rate / self._arrival_s
        return None if self._options.too_slow <= pace <= self._options.too_fast else pace


class FeedLog:
    """Says when sound is dropped, ever more rarely, when none comes, and when it comes at an odd pace.

    Args:
        feed: feed that is watched.
    """

    def __init__(self, feed: AudioFeed) -> None:
        self._feed = feed
        self.pace = ArrivalPace(feed.sample_rate * feed.pace)
        self._num_told = 0
        self._drops = RareReport()
        self._silent = False
        self._pace_told = feed.can_wait
        self._num_warned = 0

    def tell(self, warnings: tuple[str, ...]) -> None:
        """Take what was found so far to be wrong with the sound; each line is told once."""
        for line in warnings[self._num_warned :]:
            _logger.warning("%s: %s", self._feed.name, line)
        self._num_warned = len(warnings)

    def note(self, num_dropped: int) -> None:
        """Take what the queue says: samples dropped so far."""
        if num_dropped > self._num_told and self.pace.is_known and self._drops.is_due():
            self._tell_drops(num_dropped)
        if not self._pace_told and (pace := self.pace.odd_pace) is not None:
            self._pace_told = True
            rate = self._feed.sample_rate
            _logger.warning(
                "%s: sound comes %s; is %d Hz its true rate?", self._feed.name, self._compared(pace), rate
            )

    def note_silence(self) -> None:
        """Nothing came for a while."""
        if not self._silent:
            _logger.warning("%s: no sound for %.0f s; is it still there?", self._feed.name, STALLED_S)
        self._silent = True

    def note_sound(self) -> None:
        """Something came."""
        if self._silent:
            _logger.warning("%s: sound comes again", self._feed.name)
        self._silent = False

    def close(self, num_dropped: int) -> None:
        """Tell what has not been told."""
        if num_dropped > self._num_told:
            self._tell_drops(num_dropped)

    def tell_nothing_computed(self, duration_s: float, localizer: Localizer) -> None:
        """Say why there is no result at all."""
        estimator = localizer.estimator
        window_s = estimator.window_length / estimator.sample_rate
        _logger.warning(
            "%s: %s, less than one window of %s (%.3f s); nothing could be located",
            self._feed.name,
            f"only {duration_s:.3f} s of sound came" if duration_s else "no sound came",
            estimator.name,
            window_s,
        )

    def _compared(self, pace: float) -> str:
        return f"{pace:.1f} times as fast as {self._feed.sample_rate} Hz would"

    def _tell_drops(self, num_dropped: int) -> None:
        self._num_told = num_dropped
        dropped_s = num_dropped / self._feed.sample_rate
        rush = self.pace.rush
        if rush is None:
            what, cure = "faster than it is computed", "take fewer directions or a quicker estimator"
        else:
            self._pace_told = True
            what, cure = self._compared(rush), "is that its true rate? A file is to be read fast"
        _logger.warning(
            "%s: sound comes %s, %.1f s dropped so far; %s", self._feed.name, what, dropped_s, cure
        )
