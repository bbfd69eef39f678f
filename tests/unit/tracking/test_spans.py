"""Spans of time: who was where when."""

import numpy as np
import pytest

from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io.results import Source, Span
from anydoa.tracking.spans import SpanTracker, heard_s

FRAME_S = 0.1


def source(azimuth_deg: float, score: float = 0.9) -> Source:
    return Source(angles_deg_to_direction(azimuth_deg, 0), score)


def spans_of(frames: dict[float, list[Source]], directions: tuple[Source, ...]) -> tuple[Span, ...]:
    tracker = SpanTracker(FRAME_S)
    for time_s, sources in frames.items():
        tracker.update(time_s, sources)
    return tracker.spans(directions)


def frames_from(start_s: float, count: int, *sources: Source) -> dict[float, list[Source]]:
    return {round(start_s + FRAME_S * index, 6): list(sources) for index in range(count)}


def test_talkers_who_take_turns_are_spans_in_order_of_start() -> None:
    frames = frames_from(0, 10, source(0)) | frames_from(1, 10, source(90)) | frames_from(2, 10, source(3))
    first, second, third = spans_of(frames, (source(1), source(90)))
    assert [span.start_s for span in (first, second, third)] == [0, 1, 2]
    assert second.end_s == pytest.approx(1.9)
    assert second.heard_s == pytest.approx(1.0)
    np.testing.assert_allclose(third.direction, source(3).direction, atol=1e-9)
    assert not any(span.is_brief for span in (first, second, third))


def test_a_short_pause_does_not_end_a_span_and_does_not_count_as_heard() -> None:
    (span,) = spans_of(frames_from(0, 5, source(0)) | frames_from(0.8, 5, source(2)), (source(1),))
    assert (span.start_s, span.end_s) == (0, pytest.approx(1.2))
    assert span.heard_s == pytest.approx(1.0)


def test_two_sources_of_one_frame_are_two_spans_however_near() -> None:
    assert len(spans_of(frames_from(0, 5, source(0), source(5)), (source(0),))) == 2


def test_short_and_faint_spans_are_brief_but_each_direction_has_one_that_is_not() -> None:
    frames = (
        frames_from(0, 10, source(0))
        | frames_from(2, 1, source(90))
        | frames_from(4, 2, source(91))
        | frames_from(6, 10, source(-90, score=0.2))
    )
    clear, shortest, short, faint = spans_of(frames, (source(0), source(90)))
    assert [span.is_brief for span in (clear, shortest, short, faint)] == [False, True, False, True]
    assert heard_s((clear, shortest, short, faint), source(90)) == pytest.approx(0.3)


def test_without_sound_there_are_no_spans() -> None:
    assert spans_of(frames_from(0, 10), ()) == ()
