"""Reading recordings: every format, and one clear line for everything that is wrong with them."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.errors import AudioError, ShapeError
from anydoa.io.audio import audio_info, read_audio, read_blocks
from anydoa.io.samples import check_samples, samples_info, split_blocks

RATE = 16_000


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    """(time, channel), as soundfile writes them."""
    return (0.1 * np.random.default_rng(0).standard_normal((RATE + 77, 4))).astype(np.float32)


def written(path: Path, samples: np.ndarray, rate: int = RATE, **options: str) -> Path:
    soundfile.write(path, samples, rate, **options)
    return path


LOSSLESS = [
    ("WAV", "FLOAT"),
    ("W64", "FLOAT"),
    ("RF64", "FLOAT"),
    ("AIFF", "FLOAT"),
    ("CAF", "FLOAT"),
    ("AU", "FLOAT"),
]


@pytest.mark.parametrize(("format", "subtype"), LOSSLESS)
def test_lossless_formats_come_back_sample_by_sample(
    tmp_path: Path, samples: np.ndarray, format: str, subtype: str
) -> None:
    path = written(tmp_path / f"a.{format.lower()}", samples, format=format, subtype=subtype)
    audio, rate = read_audio(path)
    assert rate == RATE
    assert audio.dtype == np.float32
    np.testing.assert_array_equal(audio, samples.T)


@pytest.mark.parametrize(("format", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24")])
def test_integer_formats_come_back_to_the_last_bit(
    tmp_path: Path, samples: np.ndarray, format: str, subtype: str
) -> None:
    path = written(tmp_path / f"a.{format.lower()}", samples, format=format, subtype=subtype)
    np.testing.assert_allclose(read_audio(path)[0], samples.T, atol=2**-15)


def test_ogg_is_read_whole(tmp_path: Path, samples: np.ndarray) -> None:
    path = written(tmp_path / "a.ogg", samples, format="OGG", subtype="VORBIS")
    audio, rate = read_audio(path)
    assert (audio.shape, rate) == ((4, RATE + 77), RATE)
    assert np.corrcoef(audio[2], samples[:, 2])[0, 1] > 0.8


@pytest.mark.parametrize("block_s", [0.001, 0.25, 10.0])
def test_blocks_joined_are_the_recording(tmp_path: Path, samples: np.ndarray, block_s: float) -> None:
    path = written(tmp_path / "a.wav", samples, subtype="FLOAT")
    blocks = list(read_blocks(path, block_s=block_s))
    assert max(block.shape[1] for block in blocks) <= block_s * RATE
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), samples.T)


def test_the_header_says_how_long_and_how_many(tmp_path: Path, samples: np.ndarray) -> None:
    info = audio_info(written(tmp_path / "a.flac", samples))
    assert (info.sample_rate, info.num_channels, info.num_samples) == (RATE, 4, RATE + 77)
    assert info.duration_s == pytest.approx(1 + 77 / RATE)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nothing\.wav: no such file"):
        audio_info(tmp_path / "nothing.wav")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="a folder is no recording"):
        audio_info(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello " * 100, b"\x00" * 5000])
def test_what_is_no_audio_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match="not audio that can be read"):
        audio_info(path)


def test_raw_samples_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(b"\x00" * 5000)
    with pytest.raises(AudioError, match="convert them to WAV"):
        audio_info(path)


@pytest.mark.parametrize("format", ["WAV", "W64", "RF64", "AIFF", "AU", "FLAC"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_truncated_file_is_refused(tmp_path: Path, samples: np.ndarray, format: str, kept: float) -> None:
    path = written(tmp_path / f"a.{format.lower()}", samples, format=format, subtype="PCM_16")
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(AudioError, match=r"truncated|damaged"):
        read_audio(path)


@pytest.mark.parametrize("size", [0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_wav_that_was_piped_and_knows_no_length_is_read(
    tmp_path: Path, samples: np.ndarray, size: int
) -> None:
    path = written(tmp_path / "a.wav", samples, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", size)
    path.write_bytes(content)
    assert read_audio(path)[0].shape == (4, RATE + 77)


def test_a_file_without_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="holds no samples"):
        audio_info(written(tmp_path / "a.wav", np.zeros((0, 4), np.float32)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_a_sample_that_is_no_number_is_named_by_channel_and_time(
    tmp_path: Path, samples: np.ndarray, bad: float
) -> None:
    broken = samples.copy()
    broken[12_000, 2] = bad
    broken[13_000, 1] = bad
    path = written(tmp_path / "a.wav", broken, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"channel 2 .* at 0\.7500 s"):
        list(read_blocks(path, block_s=0.3))


@pytest.mark.parametrize(("rate", "limit"), [(4_000, "at least 8000"), (900_000, "at most 768000")])
def test_absurd_sample_rates_are_refused(tmp_path: Path, samples: np.ndarray, rate: int, limit: str) -> None:
    with pytest.raises(AudioError, match=limit):
        audio_info(written(tmp_path / "a.wav", samples, rate))


def test_audio_in_memory_is_checked_like_a_file() -> None:
    audio = np.zeros((2, 40_000), dtype=np.float64)
    assert samples_info(audio, RATE).duration_s == 2.5
    np.testing.assert_array_equal(np.concatenate(list(split_blocks(audio, RATE)), axis=1), audio)
    audio[1, 33_000] = np.nan
    with pytest.raises(AudioError, match=r"channel 1 holds nan at 2\.0625 s"):
        list(split_blocks(audio, RATE))


def test_audio_in_memory_needs_its_rate() -> None:
    with pytest.raises(AudioError, match="pass sample_rate"):
        samples_info(np.zeros((2, 100)), None)


@pytest.mark.parametrize("audio", [np.zeros(100), np.zeros((2, 100), dtype=np.int16)])
def test_audio_of_another_kind_is_refused(audio: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r"floating-point \(channels, samples\)"):
        samples_info(audio, RATE)


def test_ordinary_samples_pass_unchanged() -> None:
    block = np.array([[0.5, -1.0], [2.0, 0.0]])
    np.testing.assert_array_equal(check_samples(block, 0.0, RATE, name="a"), block)
