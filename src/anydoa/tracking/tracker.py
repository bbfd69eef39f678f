"""From the peaks of frames to talkers with identities."""

import math
from collections.abc import Sequence
from dataclasses import replace

from anydoa.errors import ConfigError
from anydoa.io.results import Source
from anydoa.tracking.association import associate, resolved
from anydoa.tracking.options import TrackerOptions
from anydoa.tracking.track import Hypothesis, Track, new_hypothesis


class Tracker:
    """Follows talkers through the frames of one recording, as they come.

    Every talker has a Kalman filter on the sphere; peaks are assigned to talkers so that all is likeliest.
    A peak that no talker explains starts a tentative track. Peaks in a row confirm it: it gets an id and is
    shown. Silence ends a tentative track within tenths of a second; a confirmed one is kept, shown as not
    active where it was heard last, and is taken up again where a peak fits it, had it walked on or not.

    Nothing that comes later changes what was said; equal input gives equal tracks; peaks of a frame may come
    in any order. Times may be irregular: nothing depends on the frame rate. Memory does not grow.

    Args:
        options: what it believes about talkers and peaks; the defaults if None.
    """

    def __init__(self, options: TrackerOptions | None = None) -> None:
        self.options = TrackerOptions() if options is None else options
        self._confirmed: list[Hypothesis] = []
        self._tentative: list[Hypothesis] = []
        self._next_id = 0
        self._next_number = 0
        self._time_s: float | None = None

    @property
    def latency_s(self) -> float:
        """Seconds from the first peak of a talker to its confirmation, if peaks come without a break.

        Up to one distance between frames comes on top.
        """
        return self.options.confirm_s

    def update(self, time_s: float, sources: Sequence[Source], *, speech: bool = True) -> tuple[Track, ...]:
        """Take the peaks of the next frame.

        Args:
            time_s: time of the frame, in seconds from any moment; not before that of the last.
            sources: peaks of the frame. Their ids do not matter.
            speech: whether the frame holds speech. If not, its peaks are those of noise and do not count.

        Returns:
            The confirmed tracks, oldest first, those that wait for their talker to go on included.

        Raises:
            ConfigError: if the time is not finite or goes back.
        """
        self.observe(time_s, sources, speech=speech)
        return tuple(hypothesis.shown(time_s, self.options) for hypothesis in self._confirmed)

    def observe(self, time_s: float, sources: Sequence[Source], *, speech: bool = True) -> None:
        """Take the peaks of the next frame as :meth:`update` does, and show nothing."""
        last_s = time_s if self._time_s is None else self._time_s
        if not (math.isfinite(time_s) and time_s >= last_s):
            raise ConfigError(
                f"times of frames must be finite and not go back, got {time_s} s after {last_s} s; "
                "take a new Tracker for another recording"
            )
        self._time_s, seconds = time_s, time_s - last_s
        # Sorted, so that the order they come in decides nothing.
        ordered = sorted(sources, key=lambda peak: (-peak.score, *peak.direction)) if speech else []
        options = self.options
        peaks = resolved(ordered, options)
        self._confirmed, rest = associate(
            self._predict(self._confirmed, time_s, seconds), peaks, time_s, seconds, options
        )
        self._tentative, rest = associate(
            self._predict(self._tentative, time_s, seconds), rest, time_s, seconds, options
        )
        for number, peak in enumerate(rest, self._next_number):
            self._tentative.append(new_hypothesis(peak, time_s, number, options))
        self._next_number += len(rest)
        # Those that have been heard enough get ids, in the order of their birth.
        for hypothesis in self._tentative:
            if hypothesis.deserves_id:
                self._confirmed.append(replace(hypothesis, id=self._next_id))
                self._next_id += 1
        self._tentative = [one for one in self._tentative if not one.deserves_id]

    @property
    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """Everyone who may be a talker: those who are shown, then the tentative ones."""
        return (*self._confirmed, *self._tentative)

    def _predict(self, hypotheses: list[Hypothesis], time_s: float, seconds: float) -> list[Hypothesis]:
        """Those that are not over, as they are expected at a time."""
        return [
            later
            for later in (hypothesis.after(seconds, self.options) for hypothesis in hypotheses)
            if not later.is_over(time_s, self.options)
        ]
