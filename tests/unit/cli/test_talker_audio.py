"""The sound of talkers as a user asks for it: `locate --talkers-audio`, `live --beam`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from free_field import plane_wave

from anydoa.cli import main
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import tetrahedral_positions
from anydoa.io import save_array
from voices import voice

RATE = 16_000
BALL = MicrophoneArray(tetrahedral_positions(0.1), "ball")
CHOICE = ["--array", "ball.toml", "--grid", "fibonacci:200", "--estimator", "srp-phat"]
LOCATE = ["locate", "ball.wav", *CHOICE]
LIVE = ["live", "--replay", "ball.wav", "--fast", "--no-vad", *CHOICE]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an array and a recording of two talkers, one after the other."""
    folder, rng = tmp_path_factory.mktemp("talkers"), np.random.default_rng(0)
    talks = [
        plane_wave(BALL, angles_deg_to_direction(*angles), voice(pitch, 1.0, rng))
        for angles, pitch in (((70, 15), 120.0), ((-50, 25), 200.0))
    ]
    audio = 0.3 * np.concatenate(talks, axis=1)
    save_array(BALL, folder / "ball.toml")
    soundfile.write(folder / "ball.wav", (audio + 0.002 * rng.standard_normal(audio.shape)).T, RATE)
    return folder


@pytest.fixture(autouse=True)
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with links to both, so that no test sees what another has written."""
    monkeypatch.chdir(tmp_path)
    for name in ("ball.toml", "ball.wav"):
        (tmp_path / name).symlink_to(made / name)
    return tmp_path


def test_recordings_of_one_name_do_not_write_over_each_others_talkers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "ball.wav").symlink_to(folder / "ball.wav")
    assert main(["locate", "ball.wav", "other/ball.wav", *CHOICE, "--talkers-audio", "out"]) == 2
    assert "two results would both be out/ball.talker-0.wav" in capsys.readouterr().err


def test_everyone_in_the_table_has_a_wav_as_long_as_the_recording(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*LOCATE, "--talkers-audio", "out"]) == 0
    out, err = capsys.readouterr()
    names = sorted(path.name for path in (folder / "out").iterdir())
    numbers = {line.split()[0] for line in out.split("who")[1].splitlines() if "°" in line}
    assert names == [f"ball.talker-{number}.wav" for number in sorted(numbers)]
    assert err.splitlines() == [f"wrote {Path('out') / name}" for name in names]
    for name in names:
        sound, rate = soundfile.read(folder / "out" / name)
        assert (sound.shape, rate) == ((2 * RATE,), RATE)
        assert np.abs(sound).max() > 0.05
    first, second = (soundfile.read(folder / "out" / name)[0][:RATE] for name in names[:2])
    assert np.std(first) > 5 * np.std(second)


def test_delay_and_sum_is_another_sound(folder: Path) -> None:
    sounds = []
    for beamformer in ("mvdr", "delay-and-sum"):
        words = ["--talkers-audio", beamformer, "--beamformer", beamformer, "--quiet"]
        assert main([*LOCATE, *words]) == 0
        sounds.append(soundfile.read(folder / beamformer / "ball.talker-0.wav")[0])
    assert not np.allclose(*sounds, atol=0.01)


def test_a_live_beam_grows_into_a_wav(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*LIVE, "--beam", "70,15", "--beam-to", "new/talk.wav"]) == 0
    sound, rate = soundfile.read(folder / "new" / "talk.wav")
    assert (sound.shape, rate) == ((2 * RATE,), RATE)
    assert np.std(sound[:RATE]) > 2 * np.std(sound[RATE:])
    assert "talker  azimuth" in capsys.readouterr().out


def test_standard_output_holds_nothing_but_the_beam(folder: Path) -> None:
    command = [sys.executable, "-m", "anydoa", *LIVE, "--beam", "loudest", "--beam-to", "-"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=True)
    assert len(ran.stdout) == 2 * 2 * RATE
    assert ran.stderr == b""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*LOCATE, "--beamformer", "delay-and-sum"], "--beamformer is for the sound of talkers; add"),
        ([*LOCATE, "--talkers-audio", "ball.wav"], "ball.wav: no folder can be made there"),
        ([*LOCATE, "--talkers-audio", "x", "--format", "parts", "-o", "y"], "is for single recordings"),
        ([*LOCATE, "--beamformer", "music"], "'music' is not one of 'mvdr', 'delay-and-sum'"),
        ([*LIVE, "--beam", "loudest"], "--beam needs a place for the sound; add --beam-to talk.wav"),
        ([*LIVE, "--beam-to", "a.wav"], "--beam-to needs to know whose sound; add --beam loudest"),
        ([*LIVE, "--beamformer", "delay-and-sum"], "--beamformer is for a beam; add --beam loudest"),
        ([*LIVE, "--beam", "me", "--beam-to", "a.wav"], "a beam goes to loudest, a talker's number or"),
        ([*LIVE, "--beam", "0", "--beam-to", "ball.wav"], "ball.wav is the recording and would be"),
        ([*LIVE, "--beam", "0", "--beam-to", "-", "-o", "-"], "would run into each other"),
        ([*LIVE, "--beam", "0", "--beam-to", "tcp://here"], "--beam-to takes HOST:PORT"),
        ([*LIVE, "--beam", "0", "--beam-to", "a.wav", "-o", "a.wav"], "two results would both be a.wav"),
    ],
)
def test_what_cannot_be_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1
