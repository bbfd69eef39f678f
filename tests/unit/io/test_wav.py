"""A WAV that is whole after every block, however long it gets."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.io.audio import read_audio
from anydoa.io.wav import Pcm, WavWriter


def test_a_file_is_whole_after_every_block(tmp_path: Path) -> None:
    sound = np.linspace(-1, 1, 1000)
    with (tmp_path / "a.wav").open("w+b") as file:
        writer = WavWriter(file, 16_000)
        for end in (300, 300, 1000):
            writer.write(sound[soundfile.info(tmp_path / "a.wav").frames : end])
            assert soundfile.info(tmp_path / "a.wav").frames == end
    found, rate = soundfile.read(tmp_path / "a.wav")
    assert rate == 16_000
    np.testing.assert_allclose(found, sound, atol=1e-4)


def test_sound_beyond_four_gib_is_written_and_read(tmp_path: Path) -> None:
    with (tmp_path / "long.wav").open("w+b") as file:
        writer = WavWriter(file, 16_000)
        writer.write(np.full(1000, 0.5))
        writer._num_bytes = 2**32 - 100  # as after 37 hours
        writer.write(np.full(1000, 0.5))
    assert (tmp_path / "long.wav").stat().st_size == 44 + 4000
    audio, _ = read_audio(tmp_path / "long.wav")
    np.testing.assert_allclose(audio, 0.5, atol=1e-4)
    assert audio.shape == (1, 2000)


def test_sound_beyond_full_scale_is_clipped_and_said_so_once(caplog: pytest.LogCaptureFixture) -> None:
    loud = np.float32(3.0) * np.sin(np.arange(1000, dtype=np.float32))
    pcm = Pcm("the sound of somebody")
    for _ in range(2):
        samples = np.frombuffer(pcm.encode(loud), dtype="<i2")
        assert (samples.min(), samples.max()) == (-32768, 32767)
    (said,) = caplog.messages
    assert said.startswith("the sound of somebody is louder than full scale, and clipped there; lower")


def test_a_sample_or_two_beyond_full_scale_are_no_news(caplog: pytest.LogCaptureFixture) -> None:
    sound = np.full(4000, 0.5, dtype=np.float32)
    sound[:2] = 1.01
    assert np.frombuffer(Pcm("it").encode(sound), dtype="<i2")[:2].tolist() == [32767, 32767]
    assert caplog.messages == []
