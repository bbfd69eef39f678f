"""Feeds: what goes in comes out, at its pace, whatever way it is cut; and each can be ended at any time."""

import io
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import AudioError, ConfigError
from anydoa.live.feed import AudioFeed
from anydoa.live.feeds import FileFeed, RawFeed, TcpFeed
from anydoa.live.feeds.pcm import PcmDecoder, PcmFormat, SampleFormat

RATE = 16_000
STEREO = PcmFormat(RATE, 2)


def sound(seconds: float = 0.3, channels: int = 2) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (channels, round(seconds * RATE))).astype(np.float32)


def as_bytes(audio: np.ndarray, sample_format: SampleFormat = "s16le") -> bytes:
    interleaved = audio.T.astype(np.float64)
    if sample_format == "f32le":
        return audio.T.astype("<f4").tobytes()
    if sample_format == "s24le":
        wide = np.ascontiguousarray((interleaved * (2**23 - 1)).round().astype("<i4"))
        return wide.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    bits = 16 if sample_format == "s16le" else 32
    return (interleaved * (2 ** (bits - 1) - 1)).round().astype(f"<i{bits // 8}").tobytes()


def everything(feed: AudioFeed) -> np.ndarray:
    return np.concatenate(list(feed), axis=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "a.wav", sound().T, RATE, subtype="FLOAT")
    return tmp_path / "a.wav"


def test_a_file_comes_out_as_it_is_and_says_what_it_is(path: Path) -> None:
    feed = FileFeed(path, pace=None)
    assert isinstance(feed, AudioFeed)
    assert (feed.sample_rate, feed.num_channels, feed.can_wait, feed.lost_s) == (RATE, 2, True, 0.0)
    assert (feed.pace, feed.num_held, feed.num_starts) == (1.0, 0, 1)
    assert feed.name == str(path)
    np.testing.assert_array_equal(everything(feed), sound())


def test_a_replayed_file_takes_as_long_as_it_lasts(path: Path) -> None:
    start = time.monotonic()
    feed = FileFeed(path)
    assert not feed.can_wait
    everything(feed)
    assert time.monotonic() - start >= 0.3
    start = time.monotonic()
    everything(FileFeed(path, pace=3.0))
    assert time.monotonic() - start >= 0.1


def test_a_repeated_file_goes_on_until_it_is_closed(path: Path) -> None:
    feed, length = FileFeed(path, pace=None, repeat=True), 0
    for block in feed:
        length += block.shape[1]
        if length > 3 * 0.3 * RATE:
            feed.close()
    assert length < 4 * 0.3 * RATE


def test_closing_ends_a_file_that_waits_for_its_time(path: Path) -> None:
    feed = FileFeed(path, pace=0.001)
    reader = threading.Thread(target=lambda: list(feed))
    reader.start()
    feed.close()
    reader.join(10)
    assert not reader.is_alive()


@pytest.mark.parametrize("options", [{"pace": 0.0}, {"pace": -1.0}, {"pace": float("inf")}, {"block_s": 0.0}])
def test_impossible_paces_and_blocks_are_refused(path: Path, options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="above 0"):
        FileFeed(path, **options)


@pytest.mark.parametrize("sample_format", ["s16le", "s24le", "s32le", "f32le"])
def test_raw_samples_come_out_at_full_scale_one(sample_format: SampleFormat) -> None:
    feed = RawFeed(io.BytesIO(as_bytes(sound(), sample_format)), PcmFormat(RATE, 2, sample_format))
    np.testing.assert_allclose(everything(feed), sound(), atol=1e-4)


def test_the_loudest_integer_stays_below_full_scale() -> None:
    feed = RawFeed(io.BytesIO(np.array([[32767, -32768]], "<i2").tobytes()), STEREO)
    np.testing.assert_allclose(everything(feed)[:, 0], [32767 / 32768, -1])


@settings(deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=30))
def test_raw_samples_do_not_depend_on_how_the_pipe_cuts_them(cuts: list[int]) -> None:
    content = as_bytes(sound(0.05))
    reading, writing = os.pipe()

    def send() -> None:
        rest = content
        with open(writing, "wb", buffering=0) as sender:
            for cut in cuts:
                sender.write(rest[:cut])
                rest = rest[cut:]
            sender.write(rest)

    with open(reading, "rb") as stream:
        sender = threading.Thread(target=send)
        sender.start()
        received = everything(RawFeed(stream, STEREO))
        sender.join()
    np.testing.assert_allclose(received, sound(0.05), atol=1e-4)


def test_closing_ends_a_pipe_that_stays_quiet() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb"):
        feed = RawFeed(stream, STEREO)
        reader = threading.Thread(target=lambda: list(feed))
        reader.start()
        feed.close()
        reader.join(10)
        assert not reader.is_alive()


def test_a_broken_float_is_silence_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    audio = sound()
    audio[1, 1600:1603] = np.nan, np.inf, 1e30
    feed = RawFeed(io.BytesIO(as_bytes(audio, "f32le")), PcmFormat(RATE, 2, "f32le"), name="the pipe")
    with caplog.at_level(logging.WARNING):
        received = everything(feed)
    audio[1, 1600:1603] = 0
    np.testing.assert_array_equal(received, audio)
    assert [record.getMessage() for record in caplog.records] == [
        "the pipe: channel 1 holds no finite sample at 0.10 s; such are taken for silence, 3 so far"
    ]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("level", [0.3, 0.001])
@pytest.mark.parametrize("taken_for", ["s16le", "s32le"])
def test_integers_taken_for_floats_are_an_error_that_asks(level: float, taken_for: SampleFormat) -> None:
    feed = RawFeed(io.BytesIO(as_bytes(level * sound(), taken_for)), PcmFormat(RATE, 2, "f32le"))
    with pytest.raises(AudioError, match=r"samples .* is this really f32le\? Others are s16le, s24le"):
        everything(feed)


def test_a_glitch_on_many_channels_is_no_wrong_format() -> None:
    audio = sound(0.3, 8)
    audio[:, :160] = np.nan
    feed = RawFeed(io.BytesIO(as_bytes(audio, "f32le")), PcmFormat(RATE, 8, "f32le"))
    received = everything(feed)
    audio[:, :160] = 0
    np.testing.assert_array_equal(received, audio)


WAV_KINDS = [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE")]
OTHER_KINDS = [("RF64", "PCM_16"), ("W64", "PCM_24"), ("AIFF", "PCM_16"), ("CAF", "PCM_24"), ("AU", "PCM_32")]


def file_bytes(format: str, subtype: str, seconds: float = 0.3) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound(seconds).T, RATE, format=format, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize(("format", "subtype"), WAV_KINDS + OTHER_KINDS)
def test_the_header_of_a_file_in_a_pipe_is_read_and_not_heard(format: str, subtype: str) -> None:
    received = everything(RawFeed(io.BytesIO(file_bytes(format, subtype)), STEREO))
    np.testing.assert_allclose(received, sound(), atol=1e-4)


@settings(deadline=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=30))
def test_a_header_may_come_in_pieces(cuts: list[int]) -> None:
    content, decoder = file_bytes("WAV", "PCM_24", 0.05), PcmDecoder(STEREO, "a pipe")
    blocks, start = [], 0
    for cut in cuts:
        blocks.append(decoder.push(content[start : start + cut]))
        start += cut
    blocks.append(decoder.push(content[start:]))
    np.testing.assert_allclose(np.concatenate(blocks, axis=1), sound(0.05), atol=1e-4)


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFF000])
def test_a_length_that_the_sender_does_not_know_ends_nothing(size: int) -> None:
    content = bytearray(file_bytes("WAV", "PCM_16"))
    place = content.index(b"data") + 4
    content[place : place + 4] = size.to_bytes(4, "little")
    np.testing.assert_allclose(everything(RawFeed(io.BytesIO(content), STEREO)), sound(), atol=1e-4)


def test_notes_after_the_samples_are_not_heard_and_a_second_file_is() -> None:
    one = file_bytes("WAV", "PCM_16")
    notes = b"LIST" + (7).to_bytes(4, "little") + b"INFOabc" + b"\0"
    received = everything(RawFeed(io.BytesIO(one + notes + file_bytes("WAV", "PCM_24") + notes), STEREO))
    np.testing.assert_allclose(received, np.tile(sound(), 2), atol=1e-4)


def test_odd_samples_are_filled_up_and_a_part_of_a_frame_is_left_out() -> None:
    content = bytearray(file_bytes("WAV", "PCM_24"))
    place = content.index(b"data") + 4
    size = 6 * 1000 + 3
    content[place : place + 4] = size.to_bytes(4, "little")
    notes = b"LIST" + (4).to_bytes(4, "little") + b"INFO"
    cut = bytes(content[: place + 4 + size]) + b"\0" + notes
    received = everything(RawFeed(io.BytesIO(cut + file_bytes("WAV", "PCM_16")), STEREO))
    np.testing.assert_allclose(received, np.concatenate([sound()[:, :1000], sound()], axis=1), atol=1e-4)


def with_size(content: bytes, num_bytes: int) -> bytes:
    """A WAV whose header promises so many bytes of samples."""
    place = content.index(b"data") + 4
    return content[:place] + num_bytes.to_bytes(4, "little") + content[place + 4 :]


@pytest.mark.parametrize("size", [2, 3])
def test_a_header_that_promises_less_than_a_frame_holds_nothing_up(size: int) -> None:
    begin = with_size(file_bytes("WAV", "PCM_16", 0), size) + bytes(size + size % 2)
    received = everything(RawFeed(io.BytesIO(begin + file_bytes("WAV", "PCM_24")), STEREO))
    np.testing.assert_allclose(received, sound(), atol=1e-4)


def test_four_letters_of_another_header_are_no_header() -> None:
    first, rest = with_size(file_bytes("WAV", "PCM_16", 0), 4) + bytes(4), b"riff" + as_bytes(sound(0.1))
    received = everything(RawFeed(io.BytesIO(first + rest), STEREO))
    np.testing.assert_allclose(received[:, 2:], sound(0.1), atol=1e-4)


@pytest.mark.parametrize("step", [100, 5000])
def test_a_long_remark_in_a_header_is_not_heard(step: int) -> None:
    content = file_bytes("AU", "PCM_16")
    longer = content[:4] + (24 + 3000).to_bytes(4, "big") + content[8:24] + b"x" * 3000 + content[24:]
    decoder = PcmDecoder(STEREO, "a pipe")
    blocks = [decoder.push(longer[start : start + step]) for start in range(0, len(longer), step)]
    np.testing.assert_allclose(np.concatenate(blocks, axis=1), sound(), atol=1e-4)


def test_sound_beyond_what_the_header_promises_is_heard() -> None:
    content = bytearray(file_bytes("WAV", "PCM_16"))
    place = content.index(b"data") + 4
    content[place : place + 4] = (4 * 1000).to_bytes(4, "little")
    np.testing.assert_allclose(everything(RawFeed(io.BytesIO(content), STEREO)), sound(), atol=1e-4)


@pytest.mark.parametrize(
    ("format", "message"),
    [
        (PcmFormat(RATE, 4), r"its WAV header says 2 channels, not 4; give 2"),
        (PcmFormat(48_000, 2), r"its WAV header says 16000 Hz, not 48000; give 16000"),
    ],
)
def test_a_header_that_contradicts_what_was_said_is_refused(format: PcmFormat, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        everything(RawFeed(io.BytesIO(file_bytes("WAV", "PCM_16")), format))


@pytest.mark.parametrize(
    ("format", "subtype", "kind"),
    [
        ("FLAC", "PCM_16", "FLAC"),
        ("OGG", "VORBIS", "OGG"),
        ("OGG", "OPUS", "OGG"),
        ("WAV", "MS_ADPCM", "compr"),
    ],
)
def test_compressed_sound_in_a_pipe_is_refused_with_the_cure(format: str, subtype: str, kind: str) -> None:
    with pytest.raises(AudioError, match=kind):
        everything(RawFeed(io.BytesIO(file_bytes(format, subtype)), STEREO))


@pytest.mark.parametrize(
    ("format", "message"),
    [
        (PcmFormat(800, 2), r"sample rate must be 8000\.\.768000 Hz, got 800"),
        (PcmFormat(RATE, 10**9), r"1\.\.1024 channels, got 1000000000"),
        (PcmFormat(RATE, 0), r"there must be 1\.\.1024 channels, got 0"),
    ],
)
def test_formats_no_recorder_has_are_refused(format: PcmFormat, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        RawFeed(io.BytesIO(), format)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server


def feed_to(listener: socket.socket) -> TcpFeed:
    return TcpFeed("127.0.0.1", listener.getsockname()[1], STEREO)


def test_a_lost_connection_is_made_again_and_the_pause_counts(
    listener: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    feed, blocks = feed_to(listener), []
    reader = threading.Thread(target=lambda: blocks.extend(feed))
    with caplog.at_level(logging.WARNING):
        reader.start()
        for quiet_s in (0.0, 0.7):
            with listener.accept()[0] as connection:
                time.sleep(quiet_s)  # until the first bytes, which counts as well
                # Half a sample too much: the next connection begins with a whole one.
                connection.sendall(as_bytes(sound(0.1)) + b"x")
        with listener.accept()[0]:
            feed.close()
            reader.join(10)
    assert not reader.is_alive()
    np.testing.assert_allclose(np.concatenate(blocks, axis=1), np.tile(sound(0.1), 2), atol=1e-4)
    assert feed.lost_s >= 0.5 + 0.7
    assert feed.num_starts == 2
    assert "connection lost" in caplog.text
    assert "connected again" in caplog.text


def test_every_connection_may_begin_with_a_header(listener: socket.socket) -> None:
    feed, blocks = feed_to(listener), []
    reader = threading.Thread(target=lambda: blocks.extend(feed))
    reader.start()
    for _ in range(2):
        with listener.accept()[0] as connection:
            connection.sendall(file_bytes("WAV", "PCM_24", 0.1))
    with listener.accept()[0]:
        feed.close()
        reader.join(10)
    np.testing.assert_allclose(np.concatenate(blocks, axis=1), np.tile(sound(0.1), 2), atol=1e-4)


def test_a_host_that_no_machine_can_be_called_is_an_error() -> None:
    with pytest.raises(AudioError, match="no possible name of a machine"):
        list(TcpFeed("a..b", 5000, STEREO))


def test_a_sender_that_falls_silent_for_long_counts_as_lost(listener: socket.socket) -> None:
    feed = TcpFeed("127.0.0.1", listener.getsockname()[1], STEREO, quiet_s=0.2)
    reader = threading.Thread(target=lambda: list(feed))
    reader.start()
    with listener.accept()[0], listener.accept()[0]:  # it calls again though nobody hung up
        feed.close()
        reader.join(10)
    assert not reader.is_alive()


def test_closing_ends_a_search_for_a_sender_that_is_gone(listener: socket.socket) -> None:
    feed = feed_to(listener)
    reader = threading.Thread(target=lambda: list(feed))
    reader.start()
    connection = listener.accept()[0]
    listener.close()
    connection.close()
    time.sleep(0.2)
    feed.close()
    reader.join(10)
    assert not reader.is_alive()


def test_a_sender_that_never_was_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(AudioError, match=rf"tcp://127\.0\.0\.1:{port}: a sender must listen there"):
        list(TcpFeed("127.0.0.1", port, STEREO))
