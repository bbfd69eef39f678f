"""Which card is meant, among those there are; and a real one of PortAudio, made of a file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import AudioError
from anydoa.streaming.sound_cards import SoundCard, choose_card

WEBCAM = SoundCard(0, "HD Webcam: USB Audio", 2, 48_000)
RESPEAKER = SoundCard(3, "seeed8micvoicec: - (hw:2,0)", 8, 48_000)
INTERFACE = SoundCard(4, "UMC1820: USB Audio", 18, 96_000)
VIRTUAL = SoundCard(7, "default", 128, 44_100)
CARDS = [WEBCAM, RESPEAKER, INTERFACE, VIRTUAL]


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
        (None, 64, "umc1820", VIRTUAL),
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
        (CARDS, "usb", 8, "'usb' means several sound cards: 0: .*, 4: .*; give a number"),
        (CARDS, "webcam", 8, "the array records 8 channels but this card has 2; take another card"),
        ([WEBCAM], None, 6, "no sound card has the 6 channels of the array; there are 0: HD Webcam"),
    ],
)
def test_a_card_that_cannot_be_meant_is_refused(
    cards: list[SoundCard], device: int | str | None, num_channels: int, message: str
) -> None:
    with pytest.raises(AudioError, match=message):
        choose_card(cards, device, num_channels=num_channels)


LISTEN = """
import json, sys
import numpy as np
from anydoa.errors import AudioError
from anydoa.streaming.feeds import DeviceFeed
from anydoa.streaming.sound_cards import list_cards
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
