"""Starts of a sound card: what gives a shift away, and when nothing does."""

import json
from pathlib import Path

import numpy as np
import pytest

from anydoa.calibration.card_start import CardStartCheck, CardStartVerdict, judge_start, remapped_array
from anydoa.calibration.channel_profile import (
    ChannelProfile,
    ProfileMaker,
    load_profile,
    profile_channels,
    save_profile,
)
from anydoa.errors import AudioError, ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.io.array_file import load_array
from anydoa.localizer import locate
from card_starts import CARD, RATE, card_recording

LINE = load_array("linear-4")
SQUARE = load_array("respeaker-4-hat")


def profile_of(array: MicrophoneArray) -> ChannelProfile:
    return profile_channels(card_recording(array, seed=99, seconds=4.0, azimuth_deg=-120.0), RATE, array)


def judged(array: MicrophoneArray, audio: np.ndarray) -> CardStartVerdict:
    return judge_start(audio, RATE, array, profile_of(array))


@pytest.mark.parametrize("shift", range(8))
def test_channels_without_a_microphone_give_every_shift_away(shift: int) -> None:
    played = shift in (0, 3, 6)
    verdict = judged(CARD, card_recording(CARD, seed=shift, played=played, shift=shift))
    assert verdict.shift == shift
    assert verdict.confidence > 0.95
    now = sorted((channel + shift) % 8 for channel in CARD.ignore_channels)
    assert verdict.reason == f"the channels without a microphone are now {now[0]}, {now[1]}"


@pytest.mark.parametrize("shift", range(4))
def test_a_line_of_microphones_is_put_in_order_by_its_sound(shift: int) -> None:
    verdict = judged(LINE, card_recording(LINE, seed=shift, shift=shift))
    assert (verdict.shift, verdict.reason) == (shift, "the sound fits plane waves in this order only")


def test_a_line_cannot_be_put_in_order_by_sound_from_straight_ahead() -> None:
    verdict = judged(LINE, card_recording(LINE, seed=1, azimuth_deg=0.0, shift=2))
    assert verdict.shift is None
    assert "fit nearly alike; let somebody talk" in verdict.reason


def test_a_square_on_all_channels_may_be_shifted_or_turned() -> None:
    verdict = judged(SQUARE, card_recording(SQUARE, seed=2, shift=1))
    assert verdict.shift is None
    assert verdict.confidence < 0.5
    assert (
        "shifts 0, 1, 2, 3 cannot be told apart: after them the array is the same but turned"
        in verdict.reason
    )


def test_one_microphone_alone_tells_no_order() -> None:
    pair = MicrophoneArray(np.array([[0.1, 0, 0], [-0.1, 0, 0]]), "pair")
    heard = card_recording(pair, seed=1)
    profile = profile_of(pair)
    heard[1] = 0
    verdict = judge_start(heard, RATE, pair, profile)
    assert verdict.shift is None
    assert np.isfinite(verdict.confidence)


def test_silence_tells_nothing() -> None:
    verdict = judged(CARD, np.zeros((8, RATE), dtype=np.float32))
    assert verdict.shift is None
    assert "nothing is heard yet" in verdict.reason


def test_the_remapped_array_finds_the_talker_of_a_shifted_start() -> None:
    audio = card_recording(CARD, seed=3, shift=2)
    verdict = judged(CARD, audio)
    assert verdict.shift is not None
    array = remapped_array(CARD, verdict.shift)
    assert (array.channels, array.ignore_channels) == ((2, 3, 4, 5, 6, 7), (0, 1))
    truth = angles_deg_to_direction(50.0, 10.0)

    def error_deg(told: MicrophoneArray) -> float:
        found = locate(audio, told, sample_rate=RATE, grid="fibonacci:1024", num_sources=1).directions[0]
        twins = [found.direction, *found.mirror]
        return min(float(great_circle_distance_deg(twin, truth)) for twin in twins)

    assert error_deg(array) < 10.0 < 30.0 < error_deg(CARD)


def test_blocks_of_any_length_lead_to_one_verdict() -> None:
    check = CardStartCheck(CARD, profile_of(CARD), RATE, listen_s=2.0)
    audio = card_recording(CARD, seed=4, shift=4)
    verdicts = [check.push(block) for block in np.array_split(audio, 11, axis=1)]
    first = next(number for number, verdict in enumerate(verdicts) if verdict is not None)
    assert 11 * 2 / 3 - 1 <= first < 9
    assert all(verdict is verdicts[first] for verdict in verdicts[first:])
    assert verdicts[first] == judged(CARD, audio[:, : sum(_lengths(audio)[: first + 1])])
    assert check.finish() is verdicts[first]


def _lengths(audio: np.ndarray) -> list[int]:
    return [block.shape[1] for block in np.array_split(audio, 11, axis=1)]


def test_a_check_that_hears_nothing_waits_and_then_says_so() -> None:
    check = CardStartCheck(CARD, profile_of(CARD), RATE, listen_s=1.0, patience_s=3.0)
    second = np.zeros((8, RATE), dtype=np.float32)
    assert check.push(second) is None
    assert check.push(second) is None
    verdict = check.push(second)
    assert verdict is not None
    assert (verdict.shift, verdict.heard_s) == (None, 3.0)
    assert verdict.reason == "no channel changes: nothing is heard yet"
    # It goes on listening, a span at a time, and tells as soon as somebody talks.
    assert [check.push(second) for _ in range(3)][:2] == [None, None]
    assert check.finish() == verdict
    check.restart()
    for _ in range(20):
        check.push(second)
    heard = [check.push(block) for block in np.array_split(card_recording(CARD, seed=5, shift=6), 6, axis=1)]
    assert [told.shift for told in heard if told is not None][-1] == 6


def test_an_array_that_is_only_turned_is_not_judged_for_ever() -> None:
    check = CardStartCheck(SQUARE, profile_of(SQUARE), RATE, listen_s=1.0, patience_s=2.0)
    sound = card_recording(SQUARE, seed=2, seconds=4.0, shift=1)
    told = [check.push(block) for block in np.array_split(sound, 4, axis=1)]
    assert told[0] is None
    assert told[1] is not None
    assert (told[1].shift, told[1].is_turned) == (None, True)
    assert told[2] is told[3] is told[1] is check.finish()


@pytest.mark.parametrize(("seconds", "shift"), [(1.5, 5), (0.5, None), (0.0, None)])
def test_a_recording_that_ends_early_is_judged_by_what_there_was(seconds: float, shift: int | None) -> None:
    check = CardStartCheck(CARD, profile_of(CARD), RATE)
    block = card_recording(CARD, seed=8, seconds=1.5, shift=5)[:, : round(seconds * RATE)]
    assert check.push(block) is None
    verdict = check.finish()
    assert verdict.shift == shift
    assert verdict.heard_s == seconds
    assert ("s of sound are too few" in verdict.reason) == (shift is None)


def test_a_check_decides_as_soon_as_somebody_talks() -> None:
    check = CardStartCheck(CARD, profile_of(CARD), RATE, listen_s=1.0)
    assert check.push(np.zeros((8, RATE), dtype=np.float32)) is None
    verdict = check.push(card_recording(CARD, seed=5, seconds=2.0, shift=6))
    assert verdict is not None
    assert verdict.shift == 6


def test_wrong_profiles_and_blocks_are_refused() -> None:
    with pytest.raises(
        ConfigError, match="of 'linear-4' with other positions or channels than 'respeaker-6'"
    ):
        CardStartCheck(CARD, profile_of(LINE), RATE)
    with pytest.raises(AudioError, match="recording has 6 channels"):
        CardStartCheck(CARD, profile_of(CARD), RATE).push(np.zeros((6, 100), dtype=np.float32))


def test_a_profile_survives_its_file(tmp_path: Path) -> None:
    profile = profile_of(CARD)
    save_profile(profile, tmp_path / "card.json")
    assert load_profile(tmp_path / "card.json") == profile
    assert [sign.is_constant for sign in profile.channels] == [False] * 6 + [True] * 2
    assert [sign.hears_room for sign in profile.channels] == [True] * 6 + [False] * 2


def test_a_profile_is_made_of_the_first_seconds_with_a_talker() -> None:
    maker = ProfileMaker(CARD, RATE, listen_s=2.0)
    noise = 0.01 * np.random.default_rng(9).standard_normal((8, 2 * RATE)).astype(np.float32)
    with pytest.raises(AudioError, match="channel 0 shares no sound"):
        maker.push(noise)
    first, rest = np.split(card_recording(CARD, seed=10, seconds=2.0), [RATE], axis=1)
    assert maker.push(first) is None
    assert maker.push(rest) == profile_channels(np.concatenate([first, rest], axis=1), RATE, CARD)


def test_a_profile_is_made_of_a_healthy_recording_only() -> None:
    audio = card_recording(CARD, seed=6)
    audio[3] = 0.0
    with pytest.raises(AudioError, match="channel 3 never changes"):
        profile_channels(audio, RATE, CARD)
    audio[3] = 0.1 * np.random.default_rng(7).standard_normal(audio.shape[1])
    with pytest.raises(AudioError, match="channel 3 shares no sound with another channel"):
        profile_channels(audio, RATE, CARD)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "no channel profile"),
        ("[1]", "no channel profile of schema 1"),
        (json.dumps({"schema": 2}), "no channel profile of schema 1"),
        (json.dumps({"schema": 1, "channels": []}), "lacks or misspells 'array'"),
        (json.dumps({"schema": 1, "array": "a", "array_hash": "b", "channels": [{}]}), "'level_db'"),
        (json.dumps({"schema": 1, "array": "a", "array_hash": "b", "channels": 3}), "make it anew"),
    ],
)
def test_what_is_no_profile_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_profile(path)


def test_a_profile_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json: cannot be read"):
        load_profile(tmp_path / "none.json")
    with pytest.raises(ConfigError, match="cannot be written"):
        save_profile(profile_of(CARD), tmp_path / "no" / "card.json")
