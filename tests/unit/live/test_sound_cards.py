"""Which card is meant, among those there are; and a real one of PortAudio, made of a file."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import AudioError
from anydoa.live.sound_cards import SoundCard, choose_card, list_cards

WEBCAM = SoundCard(0, "HD Webcam: USB Audio", 2, 48_000)
RESPEAKER = SoundCard(3, "seeed8micvoicec: - (hw:2,0)", 8, 48_000)
INTERFACE = SoundCard(4, "UMC1820: USB Audio", 18, 96_000, "ALSA")
VIRTUAL = SoundCard(7, "default", 128, 44_100)
SPHERE = SoundCard(8, "EM32: USB Audio (hw:4,0)", 32, 48_000, "ALSA")
CARDS = [WEBCAM, RESPEAKER, INTERFACE, VIRTUAL, SPHERE]


@pytest.mark.parametrize(
    ("device", "num_channels", "match", "card"),
    [
        (3, 8, "", RESPEAKER),
        ("SEEED", 8, "", RESPEAKER),
        ("umc", 8, "", INTERFACE),
        ("USB Audio", 2, "", WEBCAM),
        (None, 8, "", RESPEAKER),
        (None, 16, "", INTERFACE),
        (None, 8, "umc1820", INTERFACE),
        (None, 8, "not plugged in", RESPEAKER),
        ("default", 64, "", VIRTUAL),
        (None, 32, "", SPHERE),
        ("umc alsa", 8, "", INTERFACE),
    ],
)
def test_the_card_a_person_means_is_found(
    device: int | str | None, num_channels: int, match: str, card: SoundCard
) -> None:
    assert choose_card(CARDS, device, num_channels=num_channels, match=match) == card


@pytest.mark.parametrize(
    ("cards", "device", "num_channels", "message"),
    [
        ([], None, 2, "no sound card records anything"),
        (CARDS, 5, 2, "no sound card 5; there are 0: HD Webcam"),
        (CARDS, "kinect", 2, "no sound card 'kinect'; there are"),
        (
            CARDS,
            "usb",
            8,
            "'usb' means several sound cards: 0: .*, 4: .* .18 channels, ALSA.*; give a number",
        ),
        (CARDS, "webcam", 8, "HD Webcam: USB Audio has 2 channels, the array needs 8; name another card"),
        (CARDS, None, 64, "; default may lead to any card: name the one that is meant with --device"),
        ([WEBCAM], None, 6, "no sound card has the 6 channels of the array; there are 0: HD Webcam"),
    ],
)
def test_a_card_that_cannot_be_meant_is_refused(
    cards: list[SoundCard], device: int | str | None, num_channels: int, message: str
) -> None:
    with pytest.raises(AudioError, match=message):
        choose_card(cards, device, num_channels=num_channels)


@pytest.mark.parametrize(
    "name", ["sysdefault", "default", "pulse", "pipewire", "Microsoft Sound Mapper - Input"]
)
def test_the_sound_systems_default_is_never_taken_unasked(name: str) -> None:
    door = SoundCard(5, name, 8, 44_100)
    with pytest.raises(AudioError, match=f"{name} may lead to any card: name the one that is meant"):
        choose_card([WEBCAM, door], None, num_channels=6)
    assert choose_card([WEBCAM, door], 5, num_channels=6) == door


def test_a_card_of_more_channels_than_any_has_is_never_taken_unasked() -> None:
    door = SoundCard(5, "hw:everything", 128, 44_100)
    with pytest.raises(AudioError, match="hw:everything may lead to any card"):
        choose_card([WEBCAM, door], None, num_channels=6)


@pytest.mark.parametrize("device", [None, "respeaker"])
def test_the_arrays_own_card_with_too_few_channels_needs_other_firmware(device: str | None) -> None:
    """Whatever other cards would have as many channels."""
    own = SoundCard(1, "ReSpeaker 4 Mic Array (UAC1.0)", 1, 16_000)
    with pytest.raises(
        AudioError,
        match="has 1 channel, the array needs 6; put the 6-channel firmware on it, or name another card",
    ):
        choose_card([own, INTERFACE, VIRTUAL], device, num_channels=6, match="ReSpeaker 4 Mic Array")
    assert choose_card([own, INTERFACE], "umc", num_channels=6, match="ReSpeaker 4 Mic Array") == INTERFACE


STAND_IN = """
from json import loads
from os import environ
class PortAudioError(Exception): pass
def query_devices():
    keys = ("name", "max_input_channels", "default_samplerate", "hostapi")
    return [dict(zip(keys, card), index=i) for i, card in enumerate(loads(environ["CARDS"]))]
def query_hostapis():
    return [{"name": name} for name in ("MME", "Windows WASAPI", "ALSA")]
def check_input_settings(device, channels, dtype, samplerate):
    if channels > query_devices()[device]["max_input_channels"]:
        raise PortAudioError("Invalid number of channels")
"""


def anydoa_with_cards(folder: Path, cards: list[list[object]], *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command on a machine with other cards; PortAudio's module is a stand-in."""
    (folder / "sounddevice.py").write_text(STAND_IN)
    found = os.pathsep.join([str(folder), *sys.path])
    ran = subprocess.run(
        [sys.executable, "-m", "anydoa", *arguments],
        env=os.environ | {"PYTHONPATH": found, "CARDS": json.dumps(cards), "COLUMNS": "200"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return ran.returncode, ran.stdout + ran.stderr


def test_live_does_not_pass_over_the_named_card_for_a_laptops_microphone(tmp_path: Path) -> None:
    cards: list[list[object]] = [
        ["HDA Intel: Analog (hw:0,0)", 2, 44_100, 2],
        ["ReSpeaker 4 Mic Array (UAC1.0): USB Audio (hw:2,0)", 1, 16_000, 2],
        ["sysdefault", 128, 44_100, 2],
        ["default", 32, 44_100, 2],
    ]
    code, output = anydoa_with_cards(tmp_path, cards, "live", "--array", "respeaker-usb-4", "--no-vad")
    assert (code, output) == (
        2,
        "error: ReSpeaker 4 Mic Array (UAC1.0): USB Audio (hw:2,0) has 1 channel, the array needs 6; "
        "put the 6-channel firmware on it, or name another card with --device\n",
    )


def test_two_threads_at_once_are_told_that_portaudio_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = "import time\ntime.sleep(0.3)\nraise OSError('PortAudio library not found')\n"
    (tmp_path / "sounddevice.py").write_text(failing, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with ThreadPoolExecutor(2) as threads:
        problems = [threads.submit(list_cards).exception for _ in range(2)]
        assert [type(problem()) for problem in problems] == [AudioError, AudioError]


def test_sound_systems_are_named_where_cards_are_listed(tmp_path: Path) -> None:
    cards: list[list[object]] = [
        ["Microphone (miniDSP UMA-8 Mic Array)", 8, 44_100, 0],
        ["Microphone (miniDSP UMA-8 Mic Array)", 8, 48_000, 1],
    ]
    code, output = anydoa_with_cards(tmp_path, cards, "devices", "--array", "uma-8")
    assert code == 0
    assert ["MME" in line for line in output.splitlines()] == [False, True, False]
    assert ["Windows WASAPI" in line for line in output.splitlines()] == [False, False, True]
    listed = [
        card["system"]
        for card in json.loads(anydoa_with_cards(tmp_path, cards, "devices", "--format", "json")[1])
    ]
    assert listed == ["MME", "Windows WASAPI"]
    code, output = anydoa_with_cards(tmp_path, cards, "live", "--array", "uma-8", "--device", "UMA-8")
    assert code == 2
    assert (
        "(8 channels, MME), 1: Microphone (miniDSP UMA-8 Mic Array) (8 channels, Windows WASAPI); give"
        in output
    )


LISTEN = """
import json, sys
import numpy as np
from anydoa.errors import AudioError
from anydoa.live.feeds import DeviceFeed
from anydoa.live.sound_cards import list_cards
feed = DeviceFeed("made of a file", 6)
blocks = []
for block in feed:
    blocks.append(block)
    if len(blocks) == 5:
        feed.close()
audio = np.concatenate(blocks, axis=1)
try:
    DeviceFeed("made of a file", 6, 5000)
except AudioError as error:
    refusal = str(error)
print(json.dumps({
    "cards": [card.name for card in list_cards()], "rate": feed.sample_rate, "name": feed.name,
    "shape": audio.shape, "means": audio.mean(axis=1).tolist(), "refusal": refusal,
}))
"""


@pytest.fixture
def alsa(tmp_path: Path) -> dict[str, str]:
    """The environment of a program that sees one card: six channels with constants 0.0, 0.1, ... 0.5."""
    system = Path("/usr/share/alsa/alsa.conf")
    pytest.importorskip("sounddevice", exc_type=OSError, reason="PortAudio is not installed")
    if not system.exists():
        pytest.skip("ALSA is not installed")
    content = np.tile(np.arange(6) / 10 * 2**31, (16_000, 1)).astype("<i4")
    (tmp_path / "in.raw").write_bytes(content.tobytes())
    (tmp_path / "asound.conf").write_text(f"""
<{system}>
pcm."made of a file" {{
  type plug
  slave {{
    pcm {{
      type file
      slave.pcm null
      file /dev/null
      infile "{tmp_path}/in.raw"
      format raw
    }}
    format S32_LE
    channels 6
  }}
  hint.description "for tests"
}}
""")
    return os.environ | {"ALSA_CONFIG_PATH": str(tmp_path / "asound.conf")}


def test_a_card_of_portaudio_is_recorded_from(alsa: dict[str, str]) -> None:
    ran = subprocess.run([sys.executable, "-c", LISTEN], env=alsa, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["cards"] == ["made of a file"]
    assert (found["name"], found["rate"]) == ("made of a file", 16_000)
    assert found["shape"] == [6, 5 * 320]
    np.testing.assert_allclose(found["means"], np.arange(6) / 10, atol=1e-3)
    assert "sample rate must be 8000..768000 Hz, got 5000" in found["refusal"]


def test_boards_are_named_below_the_list_of_cards(tmp_path: Path) -> None:
    cards: list[list[object]] = [
        ["Webcam (hw:0,0)", 2, 44_100, 2],
        ["reSpeaker XVF3800 4-Mic Array: USB Audio (hw:1,0)", 6, 16_000, 2],
        ["ReSpeaker 4 Mic Array (UAC1.0): USB Audio (hw:2,0)", 1, 16_000, 2],
    ]
    code, output = anydoa_with_cards(tmp_path, cards, "devices")
    assert code == 0
    assert (
        "ReSpeaker XVF3800: Channels 0 and 1 are processed sound, channels 2 to 5 the microphones." in output
    )
    assert "ReSpeaker USB 4-Mic Array: Put the 6-channel firmware on it" in output
