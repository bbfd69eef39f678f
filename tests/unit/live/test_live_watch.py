"""Sound without end: what is wrong now; each fault is said once, soon, and again when it comes back."""

import numpy as np

from anydoa.doctor.watch.notice import Notice
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
    assert [notice.text.split(";")[0] for notice in watched.said()] == [
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
    assert [notice.text.split(";")[0] for notice in watched.said()] == [
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
    found = [notice.channels for notice in watched.said() if notice.kind == "faint"]
    assert found == [(1,), (4,)]


def kinds(notices: tuple[Notice, ...]) -> list[str]:
    return [notice.kind for notice in notices]


def test_a_fault_that_was_mended_goes_away_and_is_said_again_when_it_comes_back() -> None:
    watched, sound = watch(), hiss(10.0)
    copies = np.tile(sound[:1], (6, 1))
    (kind,) = (watched.see(copies), kinds(watched.notices()))[1]
    watched.see(sound)
    assert watched.notices() == ()
    watched.see(copies)
    assert kinds(watched.notices()) == [kind]
    assert kinds(watched.said()) == [kind, kind]


def test_of_channels_that_died_those_that_are_dead_now_are_told() -> None:
    watched, sound = watch(), hiss(10.0)
    watched.see(sound)
    for dead in ([4, 5], [5]):
        part = sound.copy()
        part[dead] = 0
        watched.see(part)
        assert [notice.channels for notice in watched.notices()] == [tuple(dead)]
    watched.see(sound)
    assert watched.notices() == ()
    assert [notice.channels for notice in watched.said()] == [(4, 5)]  # fewer of them are no news


def test_a_fault_that_comes_and_goes_is_said_ever_more_rarely() -> None:
    watched, sound = watch(), hiss(5.0)
    faint = sound.copy()
    faint[1] *= 1e-5
    for _ in range(30):
        watched.see(faint)
        watched.see(sound)
    assert kinds(watched.said()) == ["faint"] * 5  # after 5, 15, 35, 75 and 155 s of 300
    watched.see(faint)
    assert kinds(watched.notices()) == ["faint"]


def test_what_is_left_of_a_second_at_the_end_is_not_judged() -> None:
    tone = np.tile(np.sin(2 * np.pi * 1000 * np.arange(RATE // 20) / RATE), (6, 1)).astype(np.float32)
    watched = watch()
    assert kept_apart(watched, hiss(5.0)) == [0] * 50
    watched.see(tone)
    watched.finish()
    assert watched.said() == ()


def test_less_than_a_second_is_not_judged() -> None:
    for length in (0, RATE // 2):
        watched = watch()
        watched.see(np.zeros((6, length), dtype=np.float32))
        watched.finish()
        assert watched.notices() == ()
