"""One file a microphone: joined they are the recording, if they are of one moment."""

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.errors import AudioError
from anydoa.io.audio import audio_info, read_audio, read_blocks
from anydoa.io.recording_file import RecordingFile

RATE = 16_000


@pytest.fixture
def audio() -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal((4, 2 * RATE + 77))).astype(np.float32)


def parts(folder: Path, channels: list[np.ndarray], rate: int = RATE) -> list[Path]:
    paths = [folder / f"mic{number}.wav" for number in range(len(channels))]
    for path, channel in zip(paths, channels, strict=True):
        soundfile.write(path, channel.T, rate, subtype="FLOAT")
    return paths


def test_joined_files_are_the_recording(tmp_path: Path, audio: np.ndarray) -> None:
    paths = parts(tmp_path, [audio[0], audio[1:3], audio[3]])
    info = audio_info(paths)
    assert (info.num_channels, info.num_samples, info.sample_rate) == (4, 2 * RATE + 77, RATE)
    assert info.name == f"{paths[0]} and 2 more"
    joined, rate = read_audio(paths)
    assert rate == RATE
    np.testing.assert_array_equal(joined, audio)


def test_files_that_end_a_little_apart_are_cut_and_said_so(
    tmp_path: Path, audio: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    paths = parts(tmp_path, [audio[0], audio[1, :-100]])
    with caplog.at_level(logging.WARNING, logger="anydoa"):
        joined = np.concatenate(list(read_blocks(paths, block_s=0.5)), axis=1)
    np.testing.assert_array_equal(joined, audio[:2, :-100])
    assert "differ by 0.0062 s in length and are cut to the shortest" in caplog.text
    assert len(caplog.records) == 1


def test_every_file_is_opened_once_for_its_length_and_once_for_its_sound(
    tmp_path: Path, audio: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    class Counted(RecordingFile):
        def __init__(self, path: Path) -> None:
            opened.append(path)
            super().__init__(path)

    monkeypatch.setattr("anydoa.io.audio.RecordingFile", Counted)
    paths = parts(tmp_path, [audio[0], audio[1, :-100]])
    assert len(list(read_blocks(paths, warn=False))) == 2
    assert opened == [*paths, *paths]


def test_files_of_two_moments_are_refused(tmp_path: Path, audio: np.ndarray) -> None:
    with pytest.raises(
        AudioError, match=r"of one moment, but .*mic0\.wav lasts 2\.00 s and .*mic1\.wav 1\.00 s"
    ):
        audio_info(parts(tmp_path, [audio[0], audio[1, :RATE]]))


def test_files_of_two_rates_are_refused(tmp_path: Path, audio: np.ndarray) -> None:
    first = parts(tmp_path, [audio[0]])
    (tmp_path / "other").mkdir()
    second = parts(tmp_path / "other", [audio[0]], 48_000)
    with pytest.raises(AudioError, match=r"must have one sample rate, but .* has 16000 Hz and .* 48000"):
        audio_info(first + second)
