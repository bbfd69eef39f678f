"""Times of computed samples in the recording, gaps included."""

import numpy as np

from anydoa.live.queue import AudioBlock, Timeline


def timeline(*spans: tuple[int, int]) -> Timeline:
    """Blocks given by start and length; each arrives at the second of its end."""
    line = Timeline()
    for start, length in spans:
        line.add(AudioBlock(start, np.zeros((1, length)), arrival=float(start + length)))
    return line


def test_samples_after_a_gap_are_later_by_its_length() -> None:
    line = timeline((0, 10), (10, 10), (50, 10))
    assert [line.moment(sample).missing for sample in (0, 19, 20, 29)] == [0, 0, 30, 30]
    assert line.end == 60
    assert line.num_computed == 30


def test_a_sample_arrives_with_the_end_of_its_block() -> None:
    line = timeline((0, 10), (10, 10))
    assert [line.moment(sample).arrival for sample in (0, 9, 10, 19)] == [10, 10, 20, 20]


def test_a_sample_still_to_come_is_taken_for_the_newest() -> None:
    assert timeline((0, 10), (30, 10)).moment(99).missing == 20


def test_forgetting_keeps_what_is_asked_for_later() -> None:
    line = timeline(*((start, 10) for start in range(0, 1000, 10)), (1100, 10))
    line.forget_before(1000)
    assert line.moment(1001).missing == 100
    assert line.end == 1110
    assert len(line._ends) == 1


def test_before_any_sound_the_recording_is_empty() -> None:
    assert Timeline().end == 0
