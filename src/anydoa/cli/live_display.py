"""What a person reads along while `anydoa live` listens."""

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anydoa.cli.printing import mirror_words, place_words, tell

if TYPE_CHECKING:
    import numpy as np

    from anydoa.geometry import Zone
    from anydoa.live import LivePipeline, LiveResult
    from anydoa.tracking import Track


class LiveDisplay:
    """Tells a person what happens: a line when a talker begins, moves, pauses, goes on or is gone.

    Args:
        pipeline: the pipeline that is listened to.
        zones: zones; who enters or leaves one gets a line, too.
    """

    def __init__(self, pipeline: "LivePipeline", zones: "Sequence[Zone]") -> None:
        from anydoa.live import ZoneWatch

        self._pipeline = pipeline
        self._watch = ZoneWatch(zones)
        self._shown: dict[int, _Shown] = {}
        self._num_talkers = 0
        self._num_results = 0
        self._latency_sum_s = 0.0
        self._latency_max_s = 0.0
        self._unspoken_since_s: float | None = None  # as long as there are directions and no talker
        self._is_explained = False
        self._is_read = True
        feed, localizer = pipeline.feed, pipeline.localizer
        header = localizer.header(feed.name)
        sound = f"{feed.num_channels} channels at {feed.sample_rate} Hz"
        listens = f"{header.array}, {header.estimator}, {header.grid}"
        if header.look_ahead_s:
            listens += f", {1000 * header.look_ahead_s:.0f} ms later for look-ahead"
        self._tell(f"{feed.name}: {sound}, {listens}; Ctrl-C ends")
        self._tell("      time  talker  azimuth  elevation  score")

    def write(self, result: "LiveResult") -> None:
        """Print what has changed since the last result."""
        self._num_results += 1
        self._latency_sum_s += result.latency_s
        self._latency_max_s = max(self._latency_max_s, result.latency_s)
        tracks = {track.id: track for track in result.tracks}
        for gone in sorted(self._shown.keys() - tracks.keys()):
            del self._shown[gone]
            self._tell(f"{result.time_s:8.1f} s  {gone:6d}  gone")
        for track in tracks.values():
            shown = self._shown.get(track.id)
            news = _place(track) if shown is None else shown.news(track, result.time_s)
            if shown is None:
                self._shown[track.id] = _Shown(track.direction, result.time_s)
                self._num_talkers = max(self._num_talkers, track.id + 1)
            if news:
                self._tell(f"{result.time_s:8.1f} s  {track.id:6d}  {news}")
        for event in self._watch.push(result):
            what = "enters" if event.entered else "leaves"
            self._tell(f"{result.time_s:8.1f} s  {event.id:6d}  {what} {event.zone}")
        self._explain_silence(result)

    def close(self) -> None:
        """Print what there was altogether."""
        if self._unspoken_since_s is not None:
            self._tell_no_speech()
        dropped_s = self._pipeline.dropped_s
        dropped = f"{dropped_s:.1f} s of sound missing" if dropped_s else "no sound missing"
        mean_ms = 1000 * self._latency_sum_s / max(self._num_results, 1)
        talkers = "1 talker" if self._num_talkers == 1 else f"{self._num_talkers} talkers"
        self._tell(
            f"{self._pipeline.duration_s:.1f} s, {self._num_results} results, {talkers}, "
            f"{dropped}, latency {mean_ms:.0f} ms, at most {1000 * self._latency_max_s:.0f} ms"
        )

    def _explain_silence(self, result: "LiveResult") -> None:
        """Say why no talker is shown, if directions are heard, no speech, and nothing is said to be wrong."""
        if self._num_talkers > 0 or result.speech or result.warnings:
            self._unspoken_since_s = None
        elif self._unspoken_since_s is None and result.sources:
            self._unspoken_since_s = result.time_s
        # After 10 s of directions without speech a person wants to know why no talker is shown.
        if self._unspoken_since_s is not None and result.time_s - self._unspoken_since_s >= 10:
            self._tell_no_speech()

    def _tell_no_speech(self) -> None:
        if not self._is_explained:
            self._tell(
                "sound has directions, but none of it sounds like speech; --sounds any looks for any sound"
            )
        self._is_explained = True

    def _tell(self, line: str) -> None:
        """Print a line, unless the terminal is gone."""
        try:
            if self._is_read:
                tell(line)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self._is_read = False


@dataclass
class _Shown:
    """What a person knows of a talker.

    Args:
        direction: direction in the newest line about the talker.
        sounded_s: time at which the talker last sounded.
        pauses: whether the newest line says that the talker is silent.
    """

    direction: "np.ndarray"
    sounded_s: float
    pauses: bool = False

    def news(self, track: "Track", time_s: float) -> str:
        """What is worth a line; empty if nothing is. Where a silent talker may have gone is not."""
        from anydoa.geometry.coordinates import great_circle_distance_deg

        if not track.active:
            # Pauses shorter than 2 s are part of talking.
            is_news = not self.pauses and time_s - self.sounded_s >= 2
            self.pauses |= is_news
            return "silent" if is_news else ""
        moved_deg = float(great_circle_distance_deg(self.direction, track.direction))
        is_news = self.pauses or moved_deg >= 10
        self.sounded_s, self.pauses = time_s, False
        if is_news:
            self.direction = track.direction
        return _place(track) if is_news else ""


def _place(track: "Track") -> str:
    return place_words(track.direction, track.score) + mirror_words(track.mirror)
