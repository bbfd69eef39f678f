"""Who was where when: spans of time, made of the sources of frames.

A span needs no model of movement: it is a source for as long as it stays where it is. Talkers who walk are
the work of :class:`~anydoa.tracking.tracker.Tracker`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from anydoa.geometry.coordinates import great_circle_distance_deg, normalize_direction
from anydoa.io.results import Source, Span


@dataclass(frozen=True)
class SpanOptions:
    """When sources of frames are one span, and which spans are brief.

    Args:
        angle_deg: a source this near to the mean of a span belongs to it.
        gap_s: longest pause that does not end a span.
        least_s: a shorter span is brief.
        least_score: a span that scores less than this share of the weakest direction is brief.
    """

    angle_deg: float = 10.0
    gap_s: float = 0.5
    least_s: float = 0.3
    least_score: float = 0.6


@dataclass(eq=False)
class _OpenSpan:
    """A span that may still go on."""

    start_s: float
    end_s: float
    moment: Float[np.ndarray, "3"]  # sum of its directions, weighted by score
    score_sum: float
    num_frames: int = 1

    @property
    def score(self) -> float:
        """Mean score of its frames."""
        return self.score_sum / self.num_frames


class SpanTracker:
    """Joins the sources of frames to spans, frame by frame.

    Args:
        frame_s: distance between frames in seconds.
        options: when sources of frames are one span, and which spans are brief.
    """

    def __init__(self, frame_s: float, options: SpanOptions = SpanOptions()) -> None:
        self._frame_s, self._options = frame_s, options
        self._running: list[_OpenSpan] = []
        self._closed: list[_OpenSpan] = []

    def update(self, time_s: float, sources: Sequence[Source]) -> None:
        """Take the sources of the next frame."""
        gap_s = self._options.gap_s
        self._closed += [span for span in self._running if time_s - span.end_s > gap_s]
        self._running = [span for span in self._running if time_s - span.end_s <= gap_s]
        for source in sources:
            # The running span nearest to the source, if it is near enough and has no source of this frame.
            moments = np.array([span.moment for span in self._running]).reshape(-1, 3)
            angles_deg = great_circle_distance_deg(moments, source.direction)
            is_near = len(angles_deg) > 0 and angles_deg.min() <= self._options.angle_deg
            span = self._running[int(np.argmin(angles_deg))] if is_near else None
            if span is None or span.end_s == time_s:
                moment = source.score * source.direction
                self._running.append(_OpenSpan(time_s, time_s, moment, source.score))
                continue
            span.end_s = time_s
            span.moment = span.moment + source.score * source.direction
            span.score_sum += source.score
            span.num_frames += 1

    def spans(self, directions: Sequence[Source]) -> tuple[Span, ...]:
        """Every span so far, in order of start.

        A span that is short or faint is brief, unless it is the longest of one of the directions that has
        no other.

        Args:
            directions: sources of the recording as a whole.
        """
        spans = sorted(self._closed + self._running, key=lambda span: span.start_s)
        weakest = min((source.score for source in directions), default=0.0)
        least_s, least_score = self._options.least_s, self._options.least_score * weakest
        told = {span for span in spans if span.end_s - span.start_s >= least_s and span.score >= least_score}
        for source in directions:
            moments = np.array([span.moment for span in spans]).reshape(-1, 3)
            is_near = great_circle_distance_deg(moments, source.direction) <= self._options.angle_deg
            near = [spans[index] for index in np.flatnonzero(is_near)]
            if near and told.isdisjoint(near):
                told.add(max(near, key=lambda span: span.num_frames))
        return tuple(
            Span(
                start_s=span.start_s,
                end_s=span.end_s,
                direction=normalize_direction(span.moment),
                score=span.score,
                heard_s=self._frame_s * span.num_frames,
                is_brief=span not in told,
            )
            for span in spans
        )


def heard_s(spans: Iterable[Span], source: Source, options: SpanOptions = SpanOptions()) -> float:
    """Seconds in which a source of the recording as a whole was heard: those of the spans near it."""
    return sum(
        span.heard_s
        for span in spans
        if float(great_circle_distance_deg(span.direction, source.direction)) <= options.angle_deg
    )
