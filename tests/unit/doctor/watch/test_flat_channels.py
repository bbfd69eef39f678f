"""Channels that never change, and since when the others do."""

import numpy as np
import pytest

from anydoa.doctor.watch.recording_watch import FlatChannelWatch


def test_a_channel_that_never_changes_is_found() -> None:
    watch = FlatChannelWatch(4, 1000)
    for _ in range(3):
        block = np.random.default_rng(0).standard_normal((4, 50))
        block[1] = 0
        block[3] = 0.25
        watch.see(block)
    assert watch.flat_channels() == [1, 3]


def test_a_channel_that_wakes_up_late_is_not_flat() -> None:
    watch = FlatChannelWatch(1, 1000)
    watch.see(np.zeros((1, 0)))
    watch.see(np.zeros((1, 100)))
    watch.see(np.ones((1, 1)))
    assert watch.flat_channels() == []
    assert watch.changed_at.tolist() == [100]
    assert (watch.num_alive(100), watch.num_alive(101)) == (0, 1)


def test_a_channel_that_stops_is_alive_no_longer_and_is_named() -> None:
    watch = FlatChannelWatch(3, 500)
    noise = np.random.default_rng(0).standard_normal((3, 1000))
    watch.see(noise)
    for block in np.split(noise, 10, axis=1):
        watch.see(block * [[1], [0], [0]])
    assert watch.stopped_channels(900) == [1, 2]
    assert watch.stopped_channels(1500) == []
    assert (watch.num_alive(1000), watch.num_alive(2000)) == (3, 1)
    watch.see(np.zeros((3, 2000)))  # now nobody hears anything
    assert watch.stopped_channels(900) == []


@pytest.mark.parametrize("length", [7, 100, 3000])
def test_who_is_alive_when_does_not_depend_on_how_the_sound_is_cut(length: int) -> None:
    noise = np.random.default_rng(0).standard_normal((2, 3000))
    noise[1, 1000:1900] = 0
    watch, counts = FlatChannelWatch(2, 300), {}
    for begin in range(0, 3000, length):
        watch.see(noise[:, begin : begin + length])
        counts |= {at: watch.num_alive(at) for at in range(100, begin + length + 1, 100) if at not in counts}
    assert [at for at, count in counts.items() if count == 1] == [1400, 1500, 1600, 1700, 1800, 1900]
