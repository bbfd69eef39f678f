"""`anydoa card`: the profile of a healthy start is saved, and another start is compared with it."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.calibration.channel_profile import load_profile
from anydoa.cli import main
from anydoa.live.feeds import FileFeed
from card_starts import CARD, RATE, card_recording

ARRAY = ("--array", "respeaker-6")


def record(name: str, *, seconds: float = 4.0, shift: int = 0, seed: int = 7) -> str:
    """A start of the card in a file."""
    audio = card_recording(CARD, seed=seed, seconds=seconds, shift=shift)
    soundfile.write(name, audio.T, RATE, subtype="FLOAT")
    return name


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def profile(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["card", "save", record("healthy.wav"), *ARRAY, "-o", "card.json"]) == 0
    out, err = capsys.readouterr()
    assert out == "wrote card.json: how the channels of respeaker-6 are when they are in order\n"
    assert err == ""
    return "card.json"


class _Card(FileFeed):
    """A sound card that plays a file."""

    def __init__(self, device: object, num_channels: int, sample_rate: int | None, *, match: str) -> None:
        assert (device, num_channels, sample_rate) == (None, 8, None)
        super().__init__("healthy.wav", pace=None)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # The door first: it takes what is behind it when it is asked for the first time, and keeps it.
    monkeypatch.setattr("anydoa.live.feeds.DeviceFeed", _Card)
    monkeypatch.setattr("anydoa.live.feeds.device.DeviceFeed", _Card)
    return


def test_a_profile_holds_every_channel_of_the_array(profile: str) -> None:
    assert load_profile(profile).array == "respeaker-6"
    assert len(load_profile(profile).channels) == 8


@pytest.mark.parametrize("shift", [0, 2, 5])
def test_a_start_is_compared_with_a_healthy_one(
    profile: str, shift: int, capsys: pytest.CaptureFixture[str]
) -> None:
    later = record("later.wav", seconds=3.5, shift=shift, seed=8)
    words = ["card", "check", later, *ARRAY, "--profile", profile]
    assert main(words) == (3 if shift else 0)
    told = capsys.readouterr().out
    assert told.startswith(
        f"later.wav: channels came shifted by {shift}; the channels without a microphone are now"
        if shift
        else "later.wav: the channels are in order; "
    )
    assert main([*words, "--format", "json"]) == (3 if shift else 0)
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["shift"] == shift
    assert verdict["channels"] == [(channel + shift) % 8 for channel in range(6)]
    assert verdict["confidence"] > 0.95


def test_what_cannot_be_told_is_said(profile: str, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write("silence.wav", np.zeros((2 * RATE, 8)), RATE)
    assert main(["card", "check", "silence.wav", *ARRAY, "--profile", profile]) == 3
    told = capsys.readouterr().out
    assert told.startswith("silence.wav: the order of the channels cannot be told; no channel changes")


@pytest.mark.usefixtures("card")
def test_the_card_itself_is_listened_to(profile: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "save", "--device", "auto", *ARRAY, "-o", "now.json"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("wrote now.json: ")
    assert err == "listening to healthy.wav; let somebody talk near the array, Ctrl-C ends\n"
    assert main(["card", "check", "--device", "auto", *ARRAY, "--profile", "now.json"]) == 0
    record("healthy.wav", shift=2)
    assert main(["card", "check", "--device", "auto", *ARRAY, "--profile", "now.json"]) == 3


@pytest.mark.usefixtures("card")
def test_a_profile_that_cannot_be_made_of_a_start_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    record("healthy.wav", seconds=4.0, shift=2)
    words = ["card", "save", "--device", "auto", *ARRAY, "-o", "no.json"]
    assert main(words) == 2
    _, first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("no profile yet: a profile is made of a healthy recording, but channel 0 never")
    assert last.startswith("error: healthy.wav: no profile was made; a profile is made of a healthy")
    record("healthy.wav", seconds=0.5)
    assert main(words) == 2
    assert capsys.readouterr().err.endswith(
        "error: healthy.wav: no profile was made; too little sound came: let somebody talk for longer\n"
    )
    assert not Path("no.json").exists()


def test_no_profile_is_written_of_a_recording_too_short_to_be_called_healthy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["card", "save", record("short.wav", seconds=1.0), *ARRAY, "-o", "no.json"]) == 2
    assert capsys.readouterr().err.startswith("error: short.wav: a profile takes 2 s of sound or more")
    assert not Path("no.json").exists()


def test_a_profile_is_made_of_the_first_minute_alone() -> None:
    start = card_recording(CARD, seed=7, seconds=10.0).T
    soundfile.write("long.wav", np.concatenate([np.tile(start, (7, 1)), 0 * start]), RATE, subtype="FLOAT")
    soundfile.write("cut.wav", np.tile(start, (6, 1)), RATE, subtype="FLOAT")
    for name in ("long", "cut"):
        assert main(["card", "save", f"{name}.wav", *ARRAY, "-o", f"{name}.json"]) == 0
    assert load_profile("long.json") == load_profile("cut.json")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["save", "-o", "a.json"], "a start is heard from one place; give a recording, or --device auto"),
        (["save", "healthy.wav", "--device", "1", "-o", "a.json"], "a start is heard from one place"),
        (["save", "healthy.wav", "--sample-rate", "16000", "-o", "a.json"], "says its own sample rate"),
        (["save", "none.wav", "-o", "a.json"], "none.wav: no such file"),
        (["check", "healthy.wav", "--profile", "none.json"], "none.json: cannot be read"),
        (["check", "healthy.wav", "--profile", "healthy.wav"], "make one with `anydoa card save`"),
        (["check", "healthy.wav", "--array", "linear-4", "--profile", "card.json"], "must be of this array"),
    ],
)
def test_mistakes_are_one_line(
    profile: str, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["card", words[0], *ARRAY, *words[1:]]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
