"""What channels say alone."""

import numpy as np
import pytest

from anydoa.doctor.channels import COHERENT, band_coherence, channel_statistics, largest_group, linked_groups

RATE = 16_000


@pytest.fixture
def room() -> np.ndarray:
    """Four microphones that hear one noise, each with a little of its own."""
    rng = np.random.default_rng(0)
    return 0.1 * (rng.standard_normal(2 * RATE) + 0.2 * rng.standard_normal((4, 2 * RATE)))


def test_healthy_channels_are_nothing_special(room: np.ndarray) -> None:
    statistics = channel_statistics(room, RATE)
    assert not statistics.is_dead.any()
    assert not statistics.is_clipped.any()
    assert statistics.copies == ()
    assert statistics.coherence[~np.eye(4, dtype=bool)].min() > COHERENT


@pytest.mark.parametrize("trace", [0.0, 1e-4])
def test_silent_channels_are_dead_with_or_without_a_trace_of_noise(room: np.ndarray, trace: float) -> None:
    room[2] = trace * np.random.default_rng(1).standard_normal(room.shape[1])
    statistics = channel_statistics(room, RATE)
    assert statistics.is_dead.tolist() == [False, False, True, False]
    assert statistics.is_constant[2] == (trace == 0)


def test_a_constant_is_dead_however_loud(room: np.ndarray) -> None:
    room[1] = 0.7
    assert channel_statistics(room, RATE).is_dead.tolist() == [False, True, False, False]


def test_nobody_is_dead_in_a_silent_recording_but_the_silent() -> None:
    assert channel_statistics(np.zeros((3, RATE)), RATE).is_dead.all()


def test_clipping_is_seen_and_a_single_peak_is_not(room: np.ndarray) -> None:
    room[0] = np.clip(3 * room[0], -0.4, 0.4)
    room[3, 1000] = 0.99
    assert channel_statistics(room, RATE).is_clipped.tolist() == [True, False, False, False]


def test_copies_are_found_whatever_their_gain(room: np.ndarray) -> None:
    room[3] = -0.2 * room[1]
    assert channel_statistics(room, RATE).copies == ((1, 3),)


def test_the_largest_group_that_hears_together_wins() -> None:
    linked = np.zeros((5, 5), dtype=bool)
    for one, other in ((0, 1), (2, 3), (3, 4)):
        linked[one, other] = linked[other, one] = True
    assert largest_group(linked) == (2, 3, 4)
    assert linked_groups(linked) == [(0, 1), (2, 3, 4)]


def test_channels_that_carry_nothing_do_not_make_a_dead_one_look_alive(room: np.ndarray) -> None:
    trace = 1e-4 * np.random.default_rng(2).standard_normal((4, room.shape[1]))
    assert (
        channel_statistics(np.concatenate([room[:3], trace]), RATE).is_dead.tolist()
        == [False] * 3 + [True] * 4
    )


def test_unrelated_channels_have_no_coherence() -> None:
    one, other = np.random.default_rng(3).standard_normal((2, 2 * RATE))
    assert band_coherence(np.stack([one, other]), RATE)[0, 1] < COHERENT
