"""`anydoa doctor`, run as a user runs it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from click.testing import Result
from typer.testing import CliRunner

from anydoa.acoustics import plane_arrival_times
from anydoa.cli.doctor import doctor
from anydoa.errors import AnydoaError, AudioError, ConfigError
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io.array_file import load_array
from voices import SAMPLE_RATE, voice

ARRAY = "kinect-v1"


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(doctor)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def error_of(result: Result) -> AnydoaError:
    assert isinstance(result.exception, AnydoaError)
    return result.exception


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A talker at two places heard by four microphones in a line, channels 1 and 2 swapped."""
    rng = np.random.default_rng(1)
    turns = []
    for azimuth_deg in (-60.0, 35.0):
        said = voice(120.0, 1.5, rng)
        late = plane_arrival_times(load_array(ARRAY), angles_deg_to_direction([azimuth_deg], [0.0]))
        phase = -2j * np.pi * late * np.fft.rfftfreq(len(said), 1 / SAMPLE_RATE)
        turns.append(np.fft.irfft(np.fft.rfft(said) * np.exp(phase), len(said), axis=1))
    heard = np.concatenate(turns, axis=1)
    heard += 0.02 * heard.std() * rng.standard_normal(heard.shape)
    path = tmp_path_factory.mktemp("doctor") / "talk.wav"
    soundfile.write(path, 0.3 * heard[[0, 2, 1, 3]].T / np.abs(heard).max(), SAMPLE_RATE)
    return path


def test_a_wrong_order_is_told_first_and_ends_with_code_3(recording: Path, tmp_path: Path) -> None:
    fixed = tmp_path / "fixed.toml"
    result = run(recording, "--array", ARRAY, "--fix", fixed)
    assert result.exit_code == 3
    lines = result.stdout.splitlines()
    assert lines[0] == "kinect-v1: 1 problem found."
    assert "channels 1 and 2 are swapped" in lines[2]
    assert load_array(fixed).channels == (0, 2, 1, 3)


def test_the_corrected_array_is_healthy_and_ends_with_code_0(recording: Path, tmp_path: Path) -> None:
    run(recording, "--array", ARRAY, "--fix", tmp_path / "fixed.toml")
    again = tmp_path / "again.toml"
    result = run(recording, "--array", tmp_path / "fixed.toml", "--fix", again)
    assert result.exit_code == 0
    assert "healthy" in result.stdout.splitlines()[0]
    assert not again.exists()
    assert result.stderr == f"nothing to correct; {again} was not written\n"


def test_a_talker_heard_elsewhere_than_said_is_a_problem_that_writes_no_file(tmp_path: Path) -> None:
    array = load_array("respeaker-core-v2")
    rng = np.random.default_rng(2)
    said = voice(140.0, 3.0, rng)
    late = plane_arrival_times(array, angles_deg_to_direction([35.0], [10.0]))
    phase = -2j * np.pi * late * np.fft.rfftfreq(len(said), 1 / SAMPLE_RATE)
    heard = np.fft.irfft(np.fft.rfft(said) * np.exp(phase), len(said), axis=1)
    heard += 0.02 * heard.std() * rng.standard_normal(heard.shape)
    channels = np.zeros((array.num_recording_channels, heard.shape[1]))
    channels[list(array.channels)] = 0.3 * heard / np.abs(heard).max()
    soundfile.write(tmp_path / "talk.wav", channels.T, SAMPLE_RATE)
    known = (tmp_path / "talk.wav", "--array", "respeaker-core-v2", "--fix", tmp_path / "fixed.toml")
    result = run(*known, "--known-azimuth", 20)
    assert result.exit_code == 3
    assert "The talker is heard at 35°, but was said to be at 20°" in result.stdout
    assert "mount_rpy_deg = [0, 0, -15]" in result.stdout
    assert "wrong order" not in result.stdout
    assert result.stderr == (
        "whether the array is turned or the angle is off cannot be heard; "
        f"{tmp_path / 'fixed.toml'} was not written\n"
    )
    assert run(*known, "--known-azimuth", 35).exit_code == 0
    assert not (tmp_path / "fixed.toml").exists()


def test_a_recording_too_short_to_judge_is_the_users_mistake(tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, 0.1 * np.random.default_rng(0).standard_normal((3000, 4)), SAMPLE_RATE)
    error = error_of(run(short, "--array", ARRAY))
    assert isinstance(error, AudioError)
    assert "takes 2 s of sound or more, better 4, got 0.19 s" in str(error)


def test_json_holds_everything(recording: Path) -> None:
    result = run(recording, "--array", ARRAY, "--format", "json")
    assert result.exit_code == 3
    report = json.loads(result.stdout)
    assert report["healthy"] is False
    (finding,) = report["findings"]
    assert (finding["kind"], finding["channels"]) == ("order", [1, 2])
    assert report["order"]["channels"] == [0, 2, 1, 3]
    assert report["corrected"]["channels"] == [0, 2, 1, 3]
    assert report["delays"]["fit_after_repairs"] > report["delays"]["fit"]
    assert report["geometry"]["rank"] == "line"


def test_the_picture_shows_delays_before_and_after(recording: Path, tmp_path: Path) -> None:
    picture = tmp_path / "delays.svg"
    run(recording, "--array", ARRAY, "--plot", picture)
    texts = re.findall(r"<!-- (.*?) -->", picture.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert {"as the array file says", "after the repairs", "what sound in air can do (bars)", "0-1"} <= set(
        texts
    )


def test_geometry_alone_needs_no_recording(tmp_path: Path) -> None:
    picture = tmp_path / "alike.svg"
    result = run("--array", "respeaker-6", "--plot", picture)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == (
        "respeaker-6: it cannot tell above and below apart: a direction and its mirror image sound alike."
    )
    assert "12 orders" in result.stdout
    assert "--known-azimuth 15" in result.stdout
    assert "dark directions sound like the one marked" in picture.read_text(encoding="utf-8")


def test_sizes_that_look_like_another_unit_are_questioned(tmp_path: Path) -> None:
    tiny = tmp_path / "tiny.csv"
    tiny.write_text("x,y,z\n0,0,0\n0.007,0,0\n0,0.006,0\n")
    assert "that is tiny" in run("--array", tiny).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fix", "out.toml"), "--fix corrects what a recording shows; give a recording"),
        (("--known-azimuth", "10"), "give a recording"),
        (("talk.wav", "--known-azimuth", "400"), "--known-azimuth must be -180..360 degrees, got 400"),
        (("talk.wav", "--fix", "out.csv"), "--fix writes .toml"),
        (("talk.wav", "--plot", "out.txt"), "pictures are written as"),
    ],
)
def test_options_that_cannot_be_are_refused_before_any_work(arguments: tuple[str, ...], message: str) -> None:
    error = error_of(run(*arguments, "--array", ARRAY))
    assert isinstance(error, ConfigError)
    assert message in str(error)


def test_a_recording_with_too_few_channels_is_the_users_mistake(recording: Path) -> None:
    error = error_of(run(recording, "--array", "uma-16"))
    assert isinstance(error, AudioError)
    assert "recording has 4 channels" in str(error)
