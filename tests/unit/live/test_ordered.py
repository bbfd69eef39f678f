"""Feeds that put shifted channels in order: nothing lost, nothing late for longer than need be."""

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

from anydoa.calibration.card_start import CardStartCheck
from anydoa.calibration.channel_profile import profile_channels
from anydoa.live.feed import AudioFeed, RelayedFeed
from anydoa.live.feeds import FileFeed, OrderedFeed
from anydoa.live.pipeline import LivePipeline
from anydoa.localizer import Localizer
from anydoa.web.sound_recorder import RecordedFeed, RecordingLimits, SoundRecorder
from card_starts import CARD, RATE, card_recording

HEALTHY = profile_channels(card_recording(CARD, seed=99, azimuth_deg=-120.0), RATE, CARD)


def ordered(feed: AudioFeed, *, listen_s: float = 1.0, patience_s: float = 2.0) -> OrderedFeed:
    return OrderedFeed(feed, CardStartCheck(CARD, HEALTHY, RATE, listen_s=listen_s, patience_s=patience_s))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(name: str, audio: np.ndarray) -> Path:
    soundfile.write(name, audio.T, RATE, subtype="FLOAT")
    return Path(name)


@pytest.fixture
def shifted() -> Path:
    """Two seconds of a start whose channels came shifted by 3."""
    return written("shifted.wav", card_recording(CARD, seed=1, seconds=2.0, shift=3))


def test_channels_come_out_in_order_and_nothing_is_lost(
    shifted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    feed = ordered(FileFeed(shifted, pace=None))
    heard = np.concatenate(list(feed), axis=1)
    np.testing.assert_allclose(heard, card_recording(CARD, seed=1, seconds=2.0), atol=1e-6)
    assert isinstance(feed, AudioFeed)
    assert (feed.name, feed.sample_rate, feed.num_channels) == ("shifted.wav", RATE, 8)
    assert caplog.messages == [
        "shifted.wav: channels came shifted by 3 and are put back in order; "
        "the channels without a microphone are now 1, 2"
    ]


def test_a_feed_that_holds_sound_back_still_shows_that_it_lives(shifted: Path) -> None:
    blocks = list(ordered(FileFeed(shifted, pace=None)))
    empty = sum(block.shape == (8, 0) for block in blocks)
    assert empty == 49  # the fiftieth block of 20 ms completes the second that is judged
    assert all(block.shape[1] for block in blocks[empty:])


def test_sound_that_is_held_has_arrived(shifted: Path) -> None:
    feed = ordered(FileFeed(shifted, pace=None))
    recorded = RecordedFeed(feed, SoundRecorder(feed, RecordingLimits()))
    held = [(recorded.num_held, block.shape[1]) for block in recorded]
    assert [number for number, length in held if not length] == [320 * (one + 1) for one in range(49)]
    assert held[-1][0] == 0


def test_sound_that_cannot_wait_is_caught_up_with_gradually(shifted: Path) -> None:
    feed = ordered(FileFeed(shifted, pace=8.0))
    moments = [time.monotonic() for block in feed if block.shape[1]]
    # Most of it is there at once; given out at four times the pace of the recording, no queue overflows.
    assert moments[-1] - moments[0] > 0.3


def test_results_of_a_shifted_start_are_those_of_a_healthy_one(shifted: Path) -> None:
    healthy = written("healthy.wav", card_recording(CARD, seed=1, seconds=2.0))
    localizer = Localizer(CARD, "fibonacci:200", "srp-phat")
    mended = list(LivePipeline(localizer, ordered(FileFeed(shifted, pace=None)), vad=False))
    plain = list(LivePipeline(localizer, FileFeed(healthy, pace=None), vad=False))
    assert len(mended) == len(plain) == 20
    for one, other in zip(mended, plain, strict=True):
        assert one.time_s == other.time_s
        np.testing.assert_allclose(one.spectrum, other.spectrum, atol=1e-4)
        np.testing.assert_allclose(one.levels_db, other.levels_db, atol=1e-3)


def test_a_start_that_cannot_be_told_stays_as_it_came(caplog: pytest.LogCaptureFixture) -> None:
    path = written("silence.wav", np.zeros((8, 3 * RATE)))
    heard = np.concatenate(list(ordered(FileFeed(path, pace=None))), axis=1)
    assert heard.shape == (8, 3 * RATE)
    assert caplog.messages == [
        "silence.wav: the order of the channels cannot be told so far, they stay as they came; "
        "no channel changes: nothing is heard yet"
    ]


def test_a_start_in_an_empty_room_is_put_in_order_once_somebody_talks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    talk = card_recording(CARD, seed=1, seconds=4.0, shift=3)
    path = written("quiet.wav", np.concatenate([np.zeros((8, 7 * RATE)), talk], axis=1))
    heard = np.concatenate(list(ordered(FileFeed(path, pace=None))), axis=1)
    assert heard.shape == (8, 11 * RATE)
    in_order = card_recording(CARD, seed=1, seconds=4.0)
    np.testing.assert_allclose(heard[:, -2 * RATE :], in_order[:, -2 * RATE :], atol=1e-6)
    assert [message.split(";")[0] for message in caplog.messages] == [
        "quiet.wav: the order of the channels cannot be told so far, they stay as they came",
        "quiet.wav: channels came shifted by 3 and are put back in order",
    ]


class Board:
    """A feed of eight channels that waits for nobody."""

    name, sample_rate, num_channels, can_wait, pace = "board", RATE, 8, False, 1.0
    lost_s, num_held, num_starts = 0.0, 0, 0

    def close(self) -> None:
        pass


class Restarting(Board):
    """A feed that starts three times, each time with its channels in another order."""

    def __init__(self, *, can_wait: bool) -> None:
        self.can_wait = can_wait

    def __iter__(self) -> Iterator[np.ndarray]:
        for shift in (3, 0, 5):
            self.num_starts += 1
            yield from np.array_split(card_recording(CARD, seed=1, seconds=2.0, shift=shift), 25, axis=1)


@pytest.mark.parametrize("can_wait", [False, True])
def test_each_start_of_a_feed_is_put_in_order_by_itself(can_wait: bool) -> None:
    heard = np.concatenate(list(ordered(Restarting(can_wait=can_wait))), axis=1)
    once = card_recording(CARD, seed=1, seconds=2.0)
    np.testing.assert_allclose(heard, np.concatenate([once, once, once], axis=1), atol=1e-6)


def test_a_start_that_no_sound_came_of_holds_nothing_up() -> None:
    feed = Restarting(can_wait=True)
    feed.num_starts = 1  # a connection that broke at once
    once = card_recording(CARD, seed=1, seconds=2.0)
    np.testing.assert_allclose(np.concatenate(list(ordered(feed)), axis=1), np.tile(once, 3), atol=1e-6)


def test_a_start_is_noticed_whatever_passes_the_feed_on() -> None:
    feed = Restarting(can_wait=True)
    heard = list(ordered(RecordedFeed(RelayedFeed(feed), SoundRecorder(feed, RecordingLimits()))))
    once = card_recording(CARD, seed=1, seconds=2.0)
    np.testing.assert_allclose(np.concatenate(heard, axis=1), np.tile(once, 3), atol=1e-6)


class Counting(Board):
    """A feed whose blocks hold their number, and which says when all were taken."""

    num_starts = 1

    def __init__(self) -> None:
        self.was_read = threading.Event()

    def __iter__(self) -> Iterator[np.ndarray]:
        for number in range(50):
            yield np.full((8, 16), float(number))
        self.was_read.set()


class Told(NamedTuple):
    shift: int | None
    reason: str


class Slow:
    """A check that looks until the whole feed was read, and then tells."""

    def __init__(self, feed: Counting) -> None:
        self._feed = feed
        self.has_waited = False

    def push(self, block: np.ndarray) -> Told | None:
        self.has_waited |= not self._feed.was_read.wait(5.0)
        return None

    def restart(self) -> None:
        pass

    def finish(self) -> Told:
        return Told(0, "in order")


def test_a_feed_that_cannot_wait_is_read_on_while_the_check_looks() -> None:
    feed = Counting()
    check = Slow(feed)
    heard = np.concatenate(list(OrderedFeed(feed, check)), axis=1)
    assert not check.has_waited
    np.testing.assert_array_equal(heard, np.tile(np.repeat(np.arange(50.0), 16), (8, 1)))


def test_a_healthy_start_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    path = written("healthy.wav", card_recording(CARD, seed=2, seconds=1.5))
    with caplog.at_level(logging.INFO, "anydoa"):
        list(ordered(FileFeed(path, pace=None)))
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert caplog.messages == ["healthy.wav: the channels are in order"]


def test_a_closed_feed_ends_while_it_still_holds_sound(
    shifted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    feed = ordered(FileFeed(shifted, pace=1.0), listen_s=60.0, patience_s=60.0)
    closer = threading.Timer(0.2, feed.close)
    closer.start()
    start = time.monotonic()
    assert sum(block.shape[1] for block in feed) == 0
    assert time.monotonic() - start < 1.5
    closer.join()
    assert caplog.messages == []
