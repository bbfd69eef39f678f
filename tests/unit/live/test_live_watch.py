"""Sound without end: everything is said once, soon, and of the newest seconds."""

import numpy as np

from anydoa.doctor.watch.recording_watch import RecordingWatch
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.layouts import circular_positions
from anydoa.live.monitors import LiveWatch
from anydoa.peaks.finder import PeakFinder

RATE = 16_000
RING = MicrophoneArray(circular_positions(6, 0.0463), "ring")


def watch() -> LiveWatch:
    return LiveWatch(RecordingWatch(PeakFinder(fibonacci_grid(200), array=RING), RATE, 8000.0), RATE)


def hiss(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((6, round(seconds * RATE))).astype(np.float32)


def kept_apart(watched: LiveWatch, audio: np.ndarray) -> list[int]:
    """How many warnings there were after each tenth of a second."""
    counts = []
    for block in np.split(audio, audio.shape[1] // (RATE // 10), axis=1):
        watched.see(block)
        counts.append(len(watched.notices()))
    return counts


def test_copied_channels_are_said_after_a_second() -> None:
    watched = watch()
    assert kept_apart(watched, np.tile(hiss(2.0)[:1], (6, 1))) == [0] * 9 + [1] * 11


def test_what_needs_more_sound_is_said_after_five_seconds_or_at_the_end() -> None:
    tone = np.tile(np.sin(2 * np.pi * 1000 * np.arange(6 * RATE) / RATE), (6, 1)) + 0.01 * hiss(6.0)
    watched = watch()
    assert kept_apart(watched, tone) == [0] * 49 + [1] * 11
    short = watch()
    assert kept_apart(short, tone[:, : 2 * RATE]) == [0] * 20
    short.finish()
    assert "one tone of 1000 Hz" in short.notices()[0].text


def test_a_fault_that_comes_later_is_found_however_long_all_was_well() -> None:
    watched = watch()
    assert kept_apart(watched, hiss(20.0)) == [0] * 200
    assert kept_apart(watched, np.tile(hiss(5.0)[:1], (6, 1)))[-1] == 1


def test_a_dead_channel_among_living_ones_is_said_after_all_were_silent() -> None:
    watched = watch()
    watched.see(np.zeros((6, 5 * RATE), dtype=np.float32))
    alive = hiss(5.0)
    alive[2] = 0
    watched.see(alive)
    assert [notice.text.split(";")[0] for notice in watched.notices()] == [
        "no channel ever changes",
        "channel 2 never changes",
    ]


def test_channels_that_die_are_said_one_after_the_other() -> None:
    watched, sound = watch(), hiss(30.0)
    watched.see(sound)
    assert watched.tells_directions(30.0)
    for alive in (5, 4, 1):
        sound[alive:] = 0
        watched.see(sound[:, : 10 * RATE])
    assert [notice.text.split(";")[0] for notice in watched.notices()] == [
        "channel 5 does not change any more since 30.0 s",
        "channels 4, 5 do not change any more since 30.0 s",
        "channels 1, 2, 3, 4, 5 do not change any more since 30.0 s",
    ]
    assert not watched.tells_directions(60.0)


def test_another_faint_channel_is_said_too() -> None:
    watched = watch()
    for faint in ([1], [1], [4]):
        sound = hiss(10.0)
        sound[faint] *= 1e-5
        watched.see(sound)
    found = [notice.channels for notice in watched.notices() if notice.kind == "faint"]
    assert found == [(1,), (4,)]


def test_less_than_a_second_is_not_judged() -> None:
    for length in (0, RATE // 2):
        watched = watch()
        watched.see(np.zeros((6, length), dtype=np.float32))
        watched.finish()
        assert watched.notices() == ()
