"""No command writes over a file that it has read, whatever the option that names it."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.cli import main
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import circular_positions
from anydoa.io.array_file import save_array
from properties.strategies import make_scene

RING = MicrophoneArray(circular_positions(4, 0.0325), "ring")
ARRAY = ("--array", "a.toml")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a recording, two array files, a grid, and the same recording by other names."""
    monkeypatch.chdir(tmp_path)
    save_array(RING, tmp_path / "a.toml")
    save_array(RING, tmp_path / "talk.csv")
    (tmp_path / "g.csv").write_text("azimuth_deg,elevation_deg\n0,0\n90,0\n180,0\n-90,0\n40,20\n")
    audio = make_scene(np.random.default_rng(0), RING, angles_deg_to_direction(40, 20), seconds=1.0).audio
    soundfile.write("talk.wav", audio.T, 16_000)
    source = {"azimuth_deg": 40, "elevation_deg": 20, "spans_s": [[0, 1]]}
    simulated = {"schema": 1, "recording": "talk.wav", "array": "a.toml", "sources": [source]}
    (tmp_path / "talk.truth.json").write_text(json.dumps(simulated))
    real = {"array": "a.toml", "kind": "azimuth", "tolerance_deg": 5, "source": "here"}
    recordings = {"talk.wav": {"sources": [{"azimuth": 40}]}}
    (tmp_path / "truth.json").write_text(json.dumps({**real, "recordings": recordings}))
    os.link("talk.wav", "talk.jsonl")
    (tmp_path / "soft.png").symlink_to("talk.wav")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ["locate", "talk.wav", "--array", "talk.csv", "--format", "csv"],
        ["locate", "talk.wav", *ARRAY, "--format", "json"],
        ["locate", "talk.wav", *ARRAY, "--format", "json", "--output", "a.toml"],
        ["locate", "talk.wav", *ARRAY, "--grid", "g.csv", "--format", "csv", "-o", "g.csv"],
        ["locate", "talk.wav", *ARRAY, "--plot", "soft.png"],
        ["live", "--replay", "talk.wav", "--fast", "--array", "talk.csv", "-o", "talk.csv"],
        ["live", "--replay", "talk.wav", "--fast", *ARRAY, "-o", "talk.jsonl"],
        ["card", "save", "talk.wav", *ARRAY, "-o", "a.toml"],
        ["doctor", "talk.wav", *ARRAY, "--fix", "a.toml"],
        ["doctor", "talk.wav", *ARRAY, "--plot", "soft.png"],
        ["card", "save", "talk.wav", *ARRAY, "--output", "talk.wav"],
        ["calibrate", "talk.wav", *ARRAY, "-o", "a.toml"],
        ["array", "convert", "a.toml", "-o", "a.toml"],
        ["array", "convert", "talk.csv", "-o", "./talk.csv"],
        ["evaluate", "--suite", "array:a.toml", "--speech", ".", "--causes-json", "a.toml", "--quiet"],
        ["evaluate", "--suite", "real:.", "--record", "truth.json"],
        ["evaluate", "--suite", "real:.", "--jobs", "2", "--causes-json", "a.toml"],
        ["evaluate", "--suite", ".", "--record", "talk.truth.json"],
        ["evaluate", "--suite", ".", "--jobs", "2", "--record", "talk.wav"],
        ["evaluate", "--suite", "array:a.toml", "--speech", ".", "--grid", "g.csv", "--causes-json", "g.csv"],
    ],
)
def test_no_command_writes_over_what_it_reads(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(words) == 2
    err = capsys.readouterr().err
    assert "would be overwritten; choose another output" in err
    assert err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_folder_of_results_is_not_merged_into_itself(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "locate",
        "talk.wav",
        *ARRAY,
        "--estimator",
        "srp-phat",
        "--format",
        "parts",
        "-o",
        "parts",
        "-q",
    ]
    assert main([*words, "--merge", "parts/failures.jsonl"]) == 2  # there is none yet
    assert "would be overwritten; choose another output" in capsys.readouterr().err
    assert main(words) == 0
    before = {path: path.read_bytes() for path in (folder / "parts").iterdir()}
    for path in before:
        if path.suffix == ".jsonl":
            assert main([*words, "--merge", str(path)]) == 2
            assert "would be overwritten; choose another output" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (folder / "parts").iterdir()} == before


def test_a_result_that_cannot_be_finished_leaves_the_old_one(folder: Path) -> None:
    assert main(["locate", "talk.wav", *ARRAY, "--format", "csv", "-o", "r.csv", "-q"]) == 0
    before = (folder / "r.csv").read_bytes()
    content = (folder / "talk.wav").read_bytes()
    (folder / "cut.wav").write_bytes(content[: len(content) // 2])
    assert main(["locate", "cut.wav", *ARRAY, "--format", "csv", "-o", "r.csv", "-q"]) == 2
    assert (folder / "r.csv").read_bytes() == before
    assert not [name for name in os.listdir(folder) if name.endswith(".part")]


def test_recordings_with_results_are_passed_over_when_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write("next.wav", soundfile.read("talk.wav")[0], 16_000)
    (folder / "out").mkdir()
    (folder / "out" / "talk.csv").write_text("kept")
    words = ["locate", "talk.wav", "next.wav", *ARRAY, "--format", "csv", "-o", "out"]
    assert main([*words, "--skip-existing"]) == 0
    assert "1 of 2 were there already" in capsys.readouterr().err
    assert (folder / "out" / "talk.csv").read_text() == "kept"
    assert (folder / "out" / "next.csv").read_text().startswith("time_s,")
    assert main(["locate", "talk.wav", *ARRAY, "--skip-existing"]) == 2
    assert "--skip-existing looks for files" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["card", "save", "talk.wav", *ARRAY, "-o", "new/"],
        ["live", "--replay", "talk.wav", "--fast", *ARRAY, "-o", "new/"],
        ["live", "--replay", "talk.wav", "--fast", *ARRAY, "--beam", "loudest", "--beam-to", "new/"],
        ["evaluate", "--suite", "array:a.toml", "--record", "new/"],
        ["evaluate", "--suite", "array:a.toml", "--causes-json", "new/"],
        ["model", "import", "a.toml", "-o", "new/"],
        ["model", "bins", "agg-rl", "-o", "new.png/"],
        ["model", "map", "agg-rl", "-o", "new.png/"],
        ["array", "convert", "linear-4", "-o", "new.toml/"],
        ["array", "show", "linear-4", "-o", "new.png/"],
        ["calibrate", "talk.wav", *ARRAY, "-o", "new.toml/"],
        ["calibrate", "talk.wav", *ARRAY, "--plot", "new.png/"],
        ["doctor", "talk.wav", *ARRAY, "--fix", "new.toml/"],
        ["doctor", "talk.wav", *ARRAY, "--plot", "new.png/"],
        ["locate", "talk.wav", *ARRAY, "--format", "parts", "-o", "parts", "--merge", "new.jsonl/"],
    ],
)
def test_a_name_that_ends_in_a_slash_is_no_file(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "is a folder; name a file in it" in err
    assert not [path for path in folder.iterdir() if path.name.startswith("new")]


def test_outputs_that_cannot_be_written_are_found_before_any_work(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["doctor", "talk.wav", *ARRAY, "--plot", "no/a.png"],
        ["doctor", "talk.wav", *ARRAY, "--fix", "no/a.toml"],
        ["calibrate", "talk.wav", *ARRAY, "-o", "no/a.toml"],
        ["live", "--replay", "talk.wav", *ARRAY, "--fast", "-o", "a.toml/b"],
    ):
        assert main(words) == 2
        out, err = capsys.readouterr()
        assert "cannot be written" in err
        assert out == ""
