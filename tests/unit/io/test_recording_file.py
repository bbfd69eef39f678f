"""Files whose header is not the whole truth: wrong lengths, orders of channels, Ambisonics, names."""

import contextlib
import logging
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.errors import AudioError
from anydoa.io.audio import audio_info, read_audio, read_blocks
from anydoa.live.feeds.pcm import PcmDecoder, PcmFormat

RATE = 16_000
LENGTH = RATE + 77
CONTAINERS = ["WAV", "RF64", "W64", "AIFF", "CAF", "AU"]


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    """(time, channel), as soundfile writes them."""
    return (0.1 * np.random.default_rng(0).standard_normal((LENGTH, 4))).astype(np.float32)


def written(path: Path, samples: np.ndarray, **options: str) -> Path:
    soundfile.write(path, samples, RATE, **options)
    return path


def noise_of(num_channels: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(1).standard_normal((RATE, num_channels))).astype(np.float32)


def with_size(content: bytes, container: str, size: int) -> bytes:
    """The file with another size of its samples, in bytes, and of the whole file accordingly."""
    patched = bytearray(content)

    def put(place: int, format: str, value: int) -> None:
        patched[place : place + struct.calcsize(format)] = struct.pack(format, value)

    if container == "WAV":
        put(4, "<I", (size + 36) % 2**32)
        put(content.index(b"data") + 4, "<I", size)
    elif container == "RF64":
        place = content.index(b"ds64") + 8
        put(place, "<Q", size + 72)
        put(place + 8, "<Q", size)
    elif container == "W64":
        put(16, "<Q", size + 104)
        put(content.index(b"data") + 16, "<Q", size + 24 if size else 0)
    elif container == "AIFF":
        put(4, ">I", size + 46)
        place = content.index(b"COMM") + 8
        put(place + 2, ">I", size // 8)
        put(content.index(b"SSND") + 4, ">I", size + 8 if size else 0)
    elif container == "CAF":
        put(content.index(b"data") + 4, ">q", size + 4 if size else 0)
    elif container == "AU":
        put(8, ">I", size)
    return bytes(patched)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT"])
def test_a_header_without_a_length_costs_no_sound(
    tmp_path: Path, samples: np.ndarray, container: str, subtype: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "a", samples, format=container, subtype=subtype)
    whole = read_audio(path)[0]
    path.write_bytes(with_size(path.read_bytes(), container, 0))
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        audio, rate = read_audio(path)
    assert rate == RATE
    np.testing.assert_allclose(audio, whole, atol=1e-6)
    assert audio_info(path).num_samples == LENGTH
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: the header gives no length; all 1.0 s that the file holds are used"
    ]


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_header_that_says_less_than_the_file_holds_is_not_believed(
    tmp_path: Path, samples: np.ndarray, container: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "a", samples, format=container, subtype="PCM_16")
    whole = read_audio(path)[0]
    path.write_bytes(with_size(path.read_bytes(), container, 8 * 4000))
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        blocks = list(read_blocks(path, block_s=0.3))
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), whole)
    assert "the header says 0.2 s, but the file holds 0.8 s more, which are used" in caplog.text
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("container", "size"), [("W64", 2**63 - 25), ("AIFF", 0x7F000000)])
def test_a_length_that_a_pipe_did_not_know_is_not_believed(
    tmp_path: Path, samples: np.ndarray, container: str, size: int
) -> None:
    # As ffmpeg writes W64, and SoX AIFF.
    path = written(tmp_path / "a", samples, format=container, subtype="PCM_16")
    whole = read_audio(path)[0]
    path.write_bytes(with_size(path.read_bytes(), container, size))
    np.testing.assert_array_equal(read_audio(path)[0], whole)


def flac_of_length(path: Path, samples: np.ndarray, told: int, subtype: str = "PCM_16") -> np.ndarray:
    """Write a FLAC whose header says another length; what it holds, (channel, time)."""
    written(path, samples, format="FLAC", subtype=subtype)
    whole = read_audio(path)[0]
    content = bytearray(path.read_bytes())
    kept = int.from_bytes(content[18:26]) >> 36 << 36  # rate, channels and bits stand before it
    content[18:26] = (kept | told).to_bytes(8)
    path.write_bytes(content)
    return whole


FLAC_TRAILERS = [b"", b"TAG" + b"y" * 125, b"APETAGEX" + b"y" * 24, b"\0" * 100, b"\0" * 600_000]


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("trailer", FLAC_TRAILERS, ids=["bare", "ID3v1", "APE", "zeros", "many zeros"])
def test_a_flac_that_was_written_into_a_pipe_is_read_to_its_end(
    tmp_path: Path, samples: np.ndarray, subtype: str, trailer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.flac"
    whole = flac_of_length(path, samples, 0, subtype)
    path.write_bytes(path.read_bytes() + trailer)
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        blocks = list(read_blocks(path, block_s=0.3))
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), whole)
    assert audio_info(path).num_samples == LENGTH
    assert caplog.records == []


def test_a_tag_before_a_flac_changes_nothing(tmp_path: Path, samples: np.ndarray) -> None:
    path = tmp_path / "a.flac"
    whole = flac_of_length(path, samples, 0)
    path.write_bytes(b"ID3\4\0\0\0\0\0\x7f" + bytes(127) + path.read_bytes())
    np.testing.assert_array_equal(read_audio(path)[0], whole)


@pytest.mark.parametrize("seconds", [1, 60])
def test_a_flac_whose_header_says_less_is_read_to_its_end_with_a_warning(
    tmp_path: Path, seconds: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.flac"
    whole = flac_of_length(path, np.tile(noise_of(1), (seconds, 1)), 4000)
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        np.testing.assert_array_equal(read_audio(path)[0], whole)
    assert whole.shape[1] == seconds * RATE
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: the header says 0.2 s, but the file holds {seconds - 0.25:.1f} s more, "
        "which are used; stopped hard?"
    ]


def test_a_flac_that_was_stopped_hard_is_read_up_to_its_last_whole_frame(
    tmp_path: Path, samples: np.ndarray
) -> None:
    path = tmp_path / "a.flac"
    whole = flac_of_length(path, samples, 0)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 9 // 10])
    audio = read_audio(path)[0]
    np.testing.assert_array_equal(audio, whole[:, : 3 * 4096])


def test_a_truncated_flac_says_how_many_seconds_are_there(tmp_path: Path, samples: np.ndarray) -> None:
    path = written(tmp_path / "a.flac", samples, subtype="PCM_16", format="FLAC")
    path.write_bytes(path.read_bytes()[:-800])
    with pytest.raises(AudioError, match=r"truncated, 0\.77 of the 1\.00 s"):
        audio_info(path)


def test_a_little_that_a_flac_lacks_is_said_and_the_rest_is_read(
    tmp_path: Path, samples: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "a.flac", np.tile(samples, (40, 1)), subtype="PCM_16")
    whole = read_audio(path)[0]
    path.write_bytes(path.read_bytes()[:-800])
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        audio = read_audio(path)[0]
    np.testing.assert_array_equal(audio, whole[:, : 156 * 4096])
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: the last 0.26 s that the header promises are not there; the rest is used"
    ]


def test_what_nobody_knows_after_a_healthy_flac_is_no_loss(
    tmp_path: Path, samples: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "a.flac", samples, subtype="PCM_16")
    path.write_bytes(path.read_bytes() + np.random.default_rng(0).bytes(5000))
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        assert read_audio(path)[0].shape == (4, LENGTH)
    assert caplog.records == []


def test_a_flac_without_sound_is_said_to_be_empty(tmp_path: Path, samples: np.ndarray) -> None:
    path = tmp_path / "a.flac"
    flac_of_length(path, samples, 0)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"\xff\xf8")])
    with pytest.raises(AudioError, match="holds no samples"):
        audio_info(path)


NOTES = b"LIST" + struct.pack("<I", 204) + b"INFO" + b"x" * 200


@pytest.mark.parametrize("trailer", [b"", NOTES], ids=["bare", "with notes"])
def test_a_wav_beyond_four_gigabytes_is_read_to_its_end(tmp_path: Path, trailer: bytes) -> None:
    # A sparse file: 128 channels at 48 kHz reach 4 GiB after 350 s, and the size begins again at 0.
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros((0, 128)), 48_000, subtype="PCM_16")
    header = path.read_bytes()
    length = 2**32 + 256 * 48_000
    path.write_bytes(with_size(header, "WAV", length % 2**32))
    with path.open("r+b") as file:
        file.seek(len(header) + length - 256)
        file.write(b"\1\0" * 128 + trailer)
    try:
        assert audio_info(path).num_samples == length // 256
    finally:
        path.unlink()


@pytest.mark.parametrize(
    "trailer",
    [
        NOTES,
        NOTES + NOTES,
        b"ID3\x04\0\0" + b"\x55" * 3000,
        b"TAG" + b"y" * 125,
        b"\0" * 4096,
        b"<?xpacket" * 30,
    ],
)
def test_what_follows_the_samples_of_a_healthy_file_is_no_sound(
    tmp_path: Path, samples: np.ndarray, trailer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "a.wav", samples, subtype="PCM_16")
    path.write_bytes(path.read_bytes() + trailer)
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        assert read_audio(path)[0].shape == (4, LENGTH)
    assert caplog.records == []


ODD_NOTES = b"note" + struct.pack("<I", 75) + b"x" * 75


@pytest.mark.parametrize("padding", [b"", b"\0"], ids=["bare", "padded"])
@pytest.mark.parametrize(
    "trailer", [NOTES, NOTES + NOTES, ODD_NOTES + NOTES, b"ID3\x04\0\0" + b"\x55" * 3000]
)
def test_what_follows_an_odd_number_of_bytes_is_no_sound(
    tmp_path: Path,
    samples: np.ndarray,
    trailer: bytes,
    padding: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The byte that fills them up is the standard's, but not every recorder writes it."""
    path = written(tmp_path / "a.wav", samples[:, :3], subtype="PCM_24")
    content = path.read_bytes()
    size = 9 * LENGTH
    content = content[: content.index(b"data") + 8 + size]
    assert size % 2
    path.write_bytes(content + padding + trailer)
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        assert read_audio(path)[0].shape == (3, LENGTH)
    assert caplog.records == []


@pytest.mark.parametrize("container", [*CONTAINERS, "FLAC"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_a_healthy_file_gets_no_warning(
    tmp_path: Path, samples: np.ndarray, container: str, subtype: str, caplog: pytest.LogCaptureFixture
) -> None:
    for count in (1, 3, 4):
        path = written(tmp_path / "a", samples[:, :count], format=container, subtype=subtype)
        with caplog.at_level(logging.WARNING, logger="anydoa"):
            assert read_audio(path)[0].shape == (count, LENGTH)
    assert caplog.records == []


def test_an_empty_file_with_notes_is_still_empty(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", np.zeros((0, 4)), subtype="PCM_16")
    path.write_bytes(path.read_bytes() + NOTES)
    with pytest.raises(AudioError, match="holds no samples"):
        audio_info(path)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_little_that_is_missing_is_said_in_seconds_and_the_rest_is_read(
    tmp_path: Path, samples: np.ndarray, container: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "a", samples, format=container, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:-800])
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        audio = read_audio(path)[0]
    assert LENGTH - 100 <= audio.shape[1] <= LENGTH - 90
    assert "the last 0.006" in caplog.text
    assert len(caplog.records) == 1


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_truncated_file_says_how_many_seconds_are_there(
    tmp_path: Path, samples: np.ndarray, container: str
) -> None:
    path = written(tmp_path / "a", samples, format=container, subtype="PCM_16")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(AudioError, match=r"truncated, 0\.(49|50) of the 1\.00 s"):
        audio_info(path)


def ogg_of_another_writer(path: Path, old: bytes, new: bytes) -> None:
    """Put another writer of the same length into the comments, and mend the check sum of the page."""
    content = path.read_bytes()
    assert len(old) == len(new)
    assert content.count(old) == 1
    content = bytearray(content.replace(old, new))
    start = content.rindex(b"OggS", 0, content.index(new))
    num_parts = content[start + 26]
    end = start + 27 + num_parts + sum(content[start + 27 : start + 27 + num_parts])
    content[start + 22 : start + 26] = bytes(4)
    content[start + 22 : start + 26] = struct.pack("<I", ogg_check_sum(bytes(content[start:end])))
    path.write_bytes(content)


def ogg_check_sum(page: bytes) -> int:
    remainder = 0
    for byte in page:
        remainder ^= byte << 24
        for _ in range(8):
            remainder = (remainder << 1 ^ 0x04C11DB7 if remainder & 2**31 else remainder << 1) & 2**32 - 1
    return remainder


def likest(audio: np.ndarray, original: np.ndarray) -> list[int]:
    """The channel of the original that each channel is."""
    length = min(audio.shape[1], original.shape[0])
    cross = np.fft.rfft(audio[:, None, :length]) * np.conj(np.fft.rfft(original.T[None, :, :length]))
    return [int(c) for c in np.abs(np.fft.irfft(cross)).max(axis=-1).argmax(axis=1)]


PLACES = {
    3: [0, 2, 1],
    5: [0, 2, 1, 3, 4],
    6: [0, 2, 1, 4, 5, 3],
    7: [0, 2, 1, 5, 6, 4, 3],
    8: [0, 2, 1, 6, 7, 4, 5, 3],
}
"""What ffmpeg, oggenc and opusenc put where: measured on files that they wrote."""


@pytest.mark.parametrize("num_channels", [3, 5, 6, 7, 8])
def test_vorbis_by_ffmpeg_comes_in_the_order_of_the_wav(
    tmp_path: Path, num_channels: int, caplog: pytest.LogCaptureFixture
) -> None:
    original = noise_of(num_channels)
    path = written(tmp_path / "a.ogg", original[:, PLACES[num_channels]], format="OGG", subtype="VORBIS")
    ogg_of_another_writer(path, b"ENCODER=libsndfile", b"encoder=Lavc59.37.")
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        audio = read_audio(path)[0]
    heard = likest(audio, original)
    assert heard == list(range(num_channels))
    assert "ffmpeg puts" in caplog.text
    assert ("channel 3 holds nothing but bass" in caplog.text) == (num_channels == 6)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("num_channels", [1, 2, 3, 4, 5, 7, 9])
def test_what_libsndfile_wrote_stays_in_its_order(
    tmp_path: Path, subtype: str, num_channels: int, caplog: pytest.LogCaptureFixture
) -> None:
    original = noise_of(num_channels)
    path = written(tmp_path / "a.ogg", original, format="OGG", subtype=subtype)
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        assert likest(read_audio(path)[0], original) == list(range(num_channels))
    assert "order" not in caplog.text


def test_vorbis_by_an_unknown_writer_is_said_to_have_two_readings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "a.ogg", noise_of(5), format="OGG", subtype="VORBIS")
    ogg_of_another_writer(path, b"ENCODER=libsndfile", b"ENCODER=some thing")
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        read_audio(path)
    assert "they are taken as they come" in caplog.text
    assert "channels 0 1 2 ... of that are 0 2 1 3 4 here" in caplog.text


def test_the_bass_channel_of_opus_is_said_to_be_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "a.opus", noise_of(6), format="OGG", subtype="OPUS")
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        audio = read_audio(path)[0]
    power = np.abs(np.fft.rfft(audio)[:, RATE // 4 : RATE // 2]).mean(axis=1)
    assert power[5] < 0.1 * power[:5].min()
    assert "channel 5 holds nothing but bass" in caplog.text


def test_a_truncated_ogg_is_said_to_be_one(
    tmp_path: Path, samples: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path / "a.ogg", np.tile(samples, (4, 1)), format="OGG", subtype="VORBIS")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 10])
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        audio = read_audio(path)[0]
    assert 0 < audio.shape[1] < 2 * LENGTH
    assert "ends without its last page" in caplog.text


AMBISONIC_GUID = bytes.fromhex("2107d3118644c8c1ca000000")


@pytest.mark.parametrize("container", ["WAVEX", "W64", "RF64"])
def test_a_wav_that_calls_itself_ambisonic_is_refused(
    tmp_path: Path, samples: np.ndarray, container: str
) -> None:
    path = written(tmp_path / "a.wav", samples, format="WAVEX", subtype="PCM_16")
    content = path.read_bytes()
    plain = bytes.fromhex("000010008000 00aa00389b71".replace(" ", ""))
    assert content.count(plain) == 1
    path.write_bytes(content.replace(plain, AMBISONIC_GUID))
    with pytest.raises(AudioError, match=r"Ambisonics \(B-format\), not microphones"):
        audio_info(path)


@pytest.mark.parametrize("tag", [107 << 16 | 4, 190 << 16 | 4, 191 << 16 | 4])
@pytest.mark.parametrize(("container", "name"), [("CAF", b"chan"), ("AIFF", b"CHAN")])
def test_an_apple_file_with_an_ambisonic_layout_is_refused(
    tmp_path: Path, samples: np.ndarray, container: str, name: bytes, tag: int
) -> None:
    path = written(tmp_path / "a", samples, format=container, subtype="PCM_16")
    content = path.read_bytes()
    size = struct.pack(">q" if container == "CAF" else ">I", 12)
    part = name + size + struct.pack(">III", tag, 0, 0)
    place = content.index(b"data" if container == "CAF" else b"SSND")
    path.write_bytes(content[:place] + part + content[place:])
    with pytest.raises(AudioError, match="Ambisonics"):
        audio_info(path)


@pytest.mark.parametrize("family", [2, 3])
def test_opus_with_an_ambisonic_mapping_is_refused(tmp_path: Path, samples: np.ndarray, family: int) -> None:
    path = written(tmp_path / "a.opus", samples, format="OGG", subtype="OPUS")
    content = bytearray(path.read_bytes())
    content[content.index(b"OpusHead") + 18] = family
    path.write_bytes(content)
    with pytest.raises(AudioError, match="Ambisonics"):
        audio_info(path)


def mpeg(tmp_path: Path, samples: np.ndarray) -> Path:
    return written(tmp_path / "a.mp3", samples[:, :2], format="MP3", subtype="MPEG_LAYER_III")


def without_length(path: Path) -> None:
    """Take the first frame out, which says how long an MP3 is."""
    content = path.read_bytes()
    start = content.index(b"\xff\xf3" if b"\xff\xf3" in content[:4096] else b"\xff\xfb")
    second = content.index(content[start : start + 2], start + 4)
    path.write_bytes(content[second:])


def test_an_mp3_that_does_not_say_how_long_it_is_is_not_cut_silently(tmp_path: Path) -> None:
    # Loud at first and faint later: the guess from the first frames is too short by far.
    loud = np.random.default_rng(0).standard_normal((2 * RATE, 2)) * 0.2
    loud[RATE // 4 :] *= 1e-4
    path = mpeg(tmp_path, loud)
    without_length(path)
    with pytest.raises(AudioError, match=r"of its 2\.\d s, .* convert it to WAV with ffmpeg"):
        read_audio(path)


def test_an_mp3_is_read_whole_without_a_warning(
    tmp_path: Path, samples: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        audio = read_audio(mpeg(tmp_path, samples))[0]
    assert audio.shape[0] == 2
    assert abs(audio.shape[1] - LENGTH) < 4 * 1152
    assert caplog.records == []


def test_a_damaged_mp3_writes_nothing_to_the_terminal(
    tmp_path: Path, samples: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    path = mpeg(tmp_path, samples)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 300] = bytes(range(256)) + bytes(44)
    path.write_bytes(content)
    with contextlib.suppress(AudioError):
        read_audio(path)
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names there are always text")
def test_a_name_that_is_no_text_is_read_and_shown_in_one_line(tmp_path: Path, samples: np.ndarray) -> None:
    plain = written(tmp_path / "a.wav", samples, subtype="PCM_16")
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\x1b[31m.wav"))
    plain.rename(odd)
    assert read_audio(odd)[0].shape == (4, LENGTH)
    name = audio_info(odd).name
    assert name.endswith(r"caf\xe9\x1b[31m.wav")
    assert name.isprintable()


@pytest.mark.parametrize("name", ["a" * 300 + ".wav", "b/" * 3000 + "a.wav"])
def test_a_name_too_long_for_the_system_is_one_short_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioError, match=r"no possible file name \(File name too long\)") as caught:
        audio_info(tmp_path / name)
    assert len(str(caught.value)) < 200


DAMAGED = [
    *((container, "PCM_16") for container in CONTAINERS),
    ("WAVEX", "PCM_24"), ("AIFF", "ULAW"), ("WAV", "ULAW"), ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"), ("OGG", "OPUS"),
]  # fmt: skip


@pytest.mark.parametrize(("container", "subtype"), DAMAGED)
def test_a_damaged_header_is_read_or_refused_in_one_line(
    tmp_path: Path, samples: np.ndarray, container: str, subtype: str
) -> None:
    rng = np.random.default_rng(0)
    path = written(tmp_path / "a", samples[:4000], format=container, subtype=subtype)
    whole = path.read_bytes()
    for _ in range(25):
        path.write_bytes(damaged(whole, rng))
        for read in (read_audio, pushed):
            try:
                read(path)
            except AudioError as error:
                line = str(error)
                assert len(line) < 300 + len(str(path))
                assert "\n" not in line


def pushed(path: Path) -> np.ndarray:
    """What a pipe makes of a file."""
    return PcmDecoder(PcmFormat(RATE, 4), "a pipe").push(path.read_bytes())


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """One to four bytes, sizes or the end of a file changed, mostly in its header."""
    mended = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        place = int(rng.integers(0, min(len(mended), 120)))
        what = rng.integers(0, 3)
        if what == 0:
            mended[place] = int(rng.integers(0, 256))
        elif what == 1:
            size = int(rng.choice([0, 1, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]))
            mended[place : place + 4] = struct.pack("<I", size)
        else:
            mended = mended[: rng.integers(1, len(mended) + 1)]
    return bytes(mended)
