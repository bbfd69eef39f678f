"""`anydoa calibrate`, run as a user runs it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
from click.testing import Result
from free_field import plane_wave, talker
from typer.testing import CliRunner

from anydoa.cli.calibrate import calibrate
from anydoa.errors import AnydoaError, AudioError, ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io.array_file import load_array, save_array

RATE = 16_000
CUBE = 0.03 * np.array([[x, y, z] for x in (1, -1) for y in (1, -1) for z in (1, -1)], dtype=np.float64)
BENT = 0.005 * np.array([1.0, 0, 0]) * (np.arange(8) == 0)[:, None]

app = typer.Typer()
app.command()(calibrate)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def error_of(result: Result) -> AnydoaError:
    assert isinstance(result.exception, AnydoaError)
    return result.exception


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An array file, and a walk around an array one of whose microphones is 5 mm off."""
    folder = tmp_path_factory.mktemp("walk")
    save_array(MicrophoneArray(CUBE, "cube", source="a ruler"), folder / "cube.toml")
    rng = np.random.default_rng(0)
    bent = MicrophoneArray(CUBE + BENT)
    parts = [
        plane_wave(
            bent, angles_deg_to_direction(18.0 * step, 40.0 * (-1) ** step), talker(rng, RATE * 3 // 4)
        )
        for step in range(20)
    ]
    audio = np.concatenate(parts, axis=1)
    audio += 0.02 * rng.standard_normal(audio.shape)
    soundfile.write(folder / "walk.wav", 0.1 * audio.T, RATE, subtype="FLOAT")
    soundfile.write(folder / "stand.wav", 0.1 * parts[0].T, RATE, subtype="FLOAT")
    return folder


def test_a_walk_around_the_array_gives_a_refined_file_and_a_picture(folder: Path, tmp_path: Path) -> None:
    out, plot = tmp_path / "refined.toml", tmp_path / "refined.png"
    result = run(folder / "walk.wav", "--array", folder / "cube.toml", "-o", out, "--plot", plot)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("experimental: ")
    rows = {line.split()[0]: [float(cell) for cell in line.split()[1:]] for line in lines[2:10]}
    assert list(rows) == [str(number) for number in range(8)]
    assert max(np.abs(rows["0"][:3])) > 2.5
    assert "sounds from 18 directions; at those held out, misfit 0." in result.output
    assert f"wrote {out}: 8 microphones" in lines
    assert plot.read_bytes().startswith(b"\x89PNG")
    refined = load_array(out)
    assert refined.source.startswith("Positions refined by anydoa calibrate (experimental) from walk.wav.")
    assert refined.source.endswith("Before: a ruler")
    # What no motion of the whole array can hide: distances from the microphone that is off.
    truth = np.linalg.norm((CUBE + BENT)[0] - (CUBE + BENT)[1:], axis=1)
    found = np.linalg.norm(refined.positions[0] - refined.positions[1:], axis=1)
    nominal = np.linalg.norm(CUBE[0] - CUBE[1:], axis=1)
    scale = (found * truth).sum() / np.square(truth).sum()  # size stays open while delays may have a factor
    assert np.abs(found / scale - truth).max() < 0.25 * np.abs(nominal - truth).max()


def test_a_recording_of_one_place_writes_nothing(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "refined.toml"
    error = error_of(run(folder / "stand.wav", "--array", folder / "cube.toml", "-o", out))
    assert isinstance(error, AudioError)
    assert str(error).startswith(
        f"{folder / 'stand.wav'}: refining 18 coordinates takes sounds from at least"
    )
    assert not out.exists()


def test_mistakes_are_named(folder: Path, tmp_path: Path) -> None:
    known = (folder / "walk.wav", "--array", folder / "cube.toml")
    assert "there is nothing to do; give --output" in str(error_of(run(*known)))
    assert "arrays are written as" in str(error_of(run(*known, "-o", tmp_path / "a.json")))
    assert "pictures are written as" in str(error_of(run(*known, "--plot", tmp_path / "a.gif")))
    wide = error_of(run(*known, "-o", tmp_path / "a.toml", "--position-sd-mm", 500))
    assert isinstance(wide, ConfigError)
    assert "position_sd_m must be" in str(wide)
    other = error_of(run(folder / "walk.wav", "--array", "linear-4", "-o", tmp_path / "a.toml"))
    assert "recording has 8 channels but array 'linear-4' uses 4" in str(other)
    assert run(folder / "walk.wav").exit_code == 2
