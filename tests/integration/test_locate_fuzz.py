"""Damaged recordings: whatever the damage, `anydoa locate` ends with 0 or 2 and one line, in little time."""

import io
import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from free_field import random_direction

from anydoa.cli import main
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.layouts import circular_positions
from anydoa.io.array_file import save_array
from properties.strategies import make_scene

RING = MicrophoneArray(circular_positions(4, 0.0325), "ring")
FORMATS = {
    "wav16.wav": {"format": "WAV", "subtype": "PCM_16"},
    "wav24.wav": {"format": "WAV", "subtype": "PCM_24"},
    "float.wav": {"format": "WAV", "subtype": "FLOAT"},
    "double.wav": {"format": "WAVEX", "subtype": "DOUBLE"},
    "adpcm.wav": {"format": "WAV", "subtype": "MS_ADPCM"},
    "a.flac": {"format": "FLAC", "subtype": "PCM_16"},
    "a.ogg": {"format": "OGG", "subtype": "VORBIS"},
    "opus.ogg": {"format": "OGG", "subtype": "OPUS"},
    "a.w64": {"format": "W64", "subtype": "PCM_16"},
    "a.rf64": {"format": "RF64", "subtype": "PCM_16"},
    "a.aiff": {"format": "AIFF", "subtype": "PCM_16"},
    "a.caf": {"format": "CAF", "subtype": "PCM_16"},
    "a.au": {"format": "AU", "subtype": "FLOAT"},
}
ROUNDS = 24  # of one damage each to every format: 312 files
HEADER = 128
EXTREMES = (0, 1, 0xFF, 0xFFFF, 0x7FFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 65_535, 2**31 - 16)
SECONDS_A_FILE = 20.0

Locate = Callable[[bytes, str], int]


@pytest.fixture(scope="module")
def sound() -> dict[str, bytes]:
    """One short recording in every format."""
    rng = np.random.default_rng(0)
    audio = make_scene(rng, RING, random_direction(rng), seconds=0.4).audio
    return {name: encoded(audio, options) for name, options in FORMATS.items()}


def encoded(audio: np.ndarray, options: dict[str, str]) -> bytes:
    file = io.BytesIO()
    # Some formats know few sample rates and channel counts; all of these know 48 kHz, and 2 or 4 channels.
    channels = 2 if options["subtype"] == "MS_ADPCM" else 4
    soundfile.write(file, audio[:channels].T, 48_000, **options)
    return file.getvalue()


def truncated(content: bytearray, rng: np.random.Generator) -> bytes:
    return bytes(content[: rng.integers(0, len(content))])


def with_flipped_header(content: bytearray, rng: np.random.Generator) -> bytes:
    for place in rng.integers(0, min(HEADER, len(content)), rng.integers(1, 6)):
        content[place] ^= 1 << int(rng.integers(0, 8))
    return bytes(content)


def with_random_header(content: bytearray, rng: np.random.Generator) -> bytes:
    for place in rng.integers(0, min(HEADER, len(content)), rng.integers(1, 6)):
        content[place] = int(rng.integers(0, 256))
    return bytes(content)


def with_an_extreme_number(content: bytearray, rng: np.random.Generator) -> bytes:
    value, order = int(rng.choice(EXTREMES)), str(rng.choice(["<", ">"]))
    number = struct.pack(order + ("H" if value <= 0xFFFF and rng.random() < 0.5 else "I"), value)
    place = int(rng.integers(4, min(HEADER, len(content))))
    content[place : place + len(number)] = number
    return bytes(content)


def with_a_damaged_body(content: bytearray, rng: np.random.Generator) -> bytes:
    start = int(rng.integers(0, len(content)))
    length = int(rng.integers(1, 400))
    content[start : start + length] = rng.bytes(length)
    return bytes(content)


def with_a_part_cut_out(content: bytearray, rng: np.random.Generator) -> bytes:
    start = int(rng.integers(0, len(content)))
    del content[start : start + int(rng.integers(1, 2000))]
    return bytes(content)


DAMAGES = [
    truncated,
    with_flipped_header,
    with_random_header,
    with_an_extreme_number,
    with_a_damaged_body,
    with_a_part_cut_out,
]


@pytest.fixture
def locate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Runs the command on some bytes and checks how it ends."""
    monkeypatch.chdir(tmp_path)
    save_array(RING, tmp_path / "ring.toml")

    def run(content: bytes, name: str) -> int:
        (tmp_path / name).write_bytes(content)
        start = time.monotonic()
        code = main(["locate", name, "--array", "ring.toml", "--grid", "fibonacci:64"])
        assert time.monotonic() - start < SECONDS_A_FILE
        err = capfd.readouterr().err
        assert code in (0, 2), name
        assert "Traceback" not in err
        mistakes = [line for line in err.splitlines() if line.startswith("error: ")]
        assert len(mistakes) == (1 if code == 2 else 0), err
        return code

    return run


@pytest.mark.parametrize("name", FORMATS)
def test_whole_recordings_are_heard_and_damaged_ones_end_well(
    sound: dict[str, bytes], locate: Locate, name: str
) -> None:
    assert locate(sound[name], name) == (2 if name == "adpcm.wav" else 0)  # ADPCM has two channels here
    rng = np.random.default_rng(sum(name.encode()))
    codes = {locate(DAMAGES[i % len(DAMAGES)](bytearray(sound[name]), rng), name) for i in range(ROUNDS)}
    assert 2 in codes  # some damage is noticed


@pytest.mark.parametrize("name", FORMATS)
def test_the_wrong_suffix_is_no_matter(sound: dict[str, bytes], locate: Locate, name: str) -> None:
    for other in ("a.mp3", "a.wav", "a.flac", "a.txt", "noending"):
        assert locate(sound[name], other) == (2 if name == "adpcm.wav" else 0)


def test_what_was_never_audio_ends_well(locate: Locate) -> None:
    rng = np.random.default_rng(0)
    for content in (
        b"",
        b"\x00",
        b"RIFF",
        b"RIFF\xff\xff\xff\xffWAVE",
        b"fLaC",
        b"OggS",
        b"ID3",
        b"\xff\xfb\x90",
    ):
        assert locate(content, "a.wav") == 2
        assert locate(content + b"text " * 300, "a.wav") == 2
    for _ in range(30):
        assert locate(
            rng.bytes(int(rng.integers(1, 5000))), str(rng.choice(["a.wav", "a.flac", "a.mp3"]))
        ) in (0, 2)


@pytest.mark.parametrize("channels", [0, 1, 3, 5, 64, 1024, 65_535])
@pytest.mark.parametrize("rate", [0, 1, 16_000, 2**31 - 1, 2**32 - 1])
def test_impossible_headers_are_refused(locate: Locate, channels: int, rate: int) -> None:
    align = (2 * channels) & 0xFFFF
    chunk = struct.pack("<HHIIHH", 1, channels, rate, (rate * align) & 0xFFFFFFFF, align, 16)
    body = b"fmt " + struct.pack("<I", 16) + chunk + b"data" + struct.pack("<I", 2**31 - 2) + bytes(20_000)
    assert locate(b"RIFF" + struct.pack("<I", 2**31) + b"WAVE" + body, "a.wav") == 2
