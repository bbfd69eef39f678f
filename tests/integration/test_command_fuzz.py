"""Every option of every command with values nobody should give: one line and a code, or a right result.

The options are found, not listed, so a new one is tried as well. A few cases a command run with the suite,
hundreds with `make fuzz`. The same number is always the same case.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import typer

from anydoa.cli import app, main
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import circular_positions
from anydoa.io.array_file import save_array
from properties.strategies import make_scene

CASES = int(os.environ.get("ANYDOA_FUZZ_CASES", "2"))  # of each command
MOST_S = 60.0
LONGEST_LINE = 1200
RING = MicrophoneArray(circular_positions(4, 0.0325), "ring")

ARRAY, GRID = ("--array", "a.toml"), ("--grid", "fibonacci:64")
COMMANDS: dict[str, tuple[str, ...]] = {
    "locate": ("locate", "talk.wav", *ARRAY, *GRID),
    "live": ("live", "--replay", "talk.wav", "--fast", *ARRAY, *GRID),
    "serve": ("serve", "--replay", "missing.wav", *ARRAY),  # what ends by itself
    "devices": ("devices",),
    "doctor": ("doctor", "talk.wav", *ARRAY),
    "calibrate": ("calibrate", "talk.wav", *ARRAY),
    "card save": ("card", "save", "talk.wav", *ARRAY, "--output", "out.json"),
    "card check": ("card", "check", "talk.wav", *ARRAY, "--profile", "card.json"),
    "array list": ("array", "list"),
    "array show": ("array", "show", "a.toml"),
    "array check": ("array", "check", "a.toml"),
    "array convert": ("array", "convert", "a.toml", "--output", "out.csv"),
    "model list": ("model", "list"),
    "model info": ("model", "info", "steered"),
    "model bins": ("model", "bins", "agg-rl", "--output", "out.png"),
    "model map": ("model", "map", "agg-rl", "--grid", "fibonacci:20", "--output", "out.png"),
    "model export": ("model", "export", "a.toml", "--output", "out"),
    "model import": ("model", "import", "talk.wav", "--output", "out.safetensors"),
    "evaluate": ("evaluate", "--suite", "clips", "--estimator", "srp-phat", *GRID, "--quiet"),
    "simulate": ("simulate", "--output", "out", "--speech", "missing", "--count", "1"),
    "rooms": ("rooms", "--output", "out", "--count", "1", "--array", "random:3", "--rt60", "0.2"),
    "train": ("train", "a.toml"),
}  # fmt: skip
LEFT_OUT = (
    "--jobs",
    "--engine",
    "--scheduler",
    "--threads",
    "--odas",
    "--tcp",
    "--stdin",
    "--device",
    "--help",
)
"""Options that take the machine, the network or a sound card."""

LONG = "x" * 5000
VALUES = (
    "", " ", "0", "-1", "1", "3", "1e9", "1e-9", "nan", "inf", "-inf", "9" * 30, "1:2", "2:1", "auto", "-",
    "--", "true", "[/x]", "[bold]", "a b", "\x1b[31m", "caf\udce9", "\u202e", "..", ".", "/", "~", LONG,
    "x" * 300,
    "a.toml", "talk.wav", "linked.wav", "linked.png", "soft.csv", "g.csv", "clips", "clips/one.truth.json",
    "missing", "missing/x.json", "missing/x.png", "talk.wav/x", "out.json", "out.toml", "out.png", "out.csv",
    "empty", "noise.bin", "noise.toml", "noise.csv", "noise.npy", "noise.wav", "secret", "secret/x.json",
    "/dev/null", "/dev/full", "/proc/x", "/proc/x.json", "/dev/full/x", "em32", "fibonacci:1", "fibonacci:3",
    "cap:0,0,1,5", "azimuth:0", "steered", "music", "steered+music", "agg-rl", "hub:x", "6,7", "0", "-1,2",
    "random:4",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with what commands take, linked, damaged and forbidden files among it."""
    monkeypatch.chdir(tmp_path)
    save_array(RING, tmp_path / "a.toml")
    audio = make_scene(np.random.default_rng(0), RING, angles_deg_to_direction(40, 20), seconds=0.5).audio
    soundfile.write("talk.wav", audio.T, 16_000)
    (tmp_path / "clips").mkdir()
    os.link("talk.wav", "clips/one.wav")
    save_array(RING, tmp_path / "clips" / "one.toml")
    (tmp_path / "clips" / "one.truth.json").write_text(
        '{"schema": 1, "recording": "one.wav", "array": "one.toml", "sources": '
        '[{"azimuth_deg": 40, "elevation_deg": 20, "spans_s": [[0, 0.5]]}]}'
    )
    (tmp_path / "g.csv").write_text("azimuth_deg,elevation_deg\n0,0\n40,20\n90,0\n180,0\n")
    os.link("talk.wav", "linked.wav")
    os.link("talk.wav", "linked.png")
    (tmp_path / "soft.csv").symlink_to("a.toml")
    (tmp_path / "empty").touch()
    for suffix in ("bin", "toml", "csv", "npy", "wav"):
        (tmp_path / f"noise.{suffix}").write_bytes(np.random.default_rng(1).bytes(300))
    (tmp_path / "secret").mkdir(0o000)
    return tmp_path


def options_of(words: tuple[str, ...]) -> dict[str, bool]:
    """Long names of the options of a command, and whether each takes a value."""
    command: Any = typer.main.get_command(app)
    for word in words:
        if not hasattr(command, "get_command"):
            break
        command = command.get_command(None, word)
    return {
        option: not parameter.is_flag
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and option not in LEFT_OUT
    }


def cases(name: str) -> Iterator[tuple[str, ...]]:
    """Words of one case after the other: a value in the place of a right one, up to three options more."""
    base = COMMANDS[name]
    options = options_of(base)
    rng = np.random.default_rng(sum(name.encode()))
    for _ in range(CASES):
        words = list(base)
        if rng.random() < 0.3 and len(words) > 1:
            words[int(rng.integers(1, len(words)))] = str(rng.choice(VALUES))
        others = sorted(set(options) - set(base))
        for option in map(str, rng.permutation(others)[: rng.integers(4)]):
            words += [option, str(rng.choice(VALUES))] if options[option] else [option]
        yield tuple(words)


def read_by(name: str, words: tuple[str, ...]) -> dict[str, bytes]:
    """What a case may not change: the files it names where its command reads."""
    given = [word for word, right in zip(words, COMMANDS[name], strict=False) if not right.startswith("out")]
    files = [Path(word) for word in given if len(word) < 100 and os.path.isfile(word)]
    return {
        str(path): path.read_bytes() for path in files if os.access(path, os.R_OK) and path.stat().st_size
    }


def test_every_command_is_fuzzed() -> None:
    group = typer.main.get_group(app)
    assert {name.split()[0] for name in COMMANDS} == set(group.list_commands(typer.Context(group)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_ends_well_whatever_its_options(
    folder: Path, name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "out-cache"))
    for words in cases(name):
        given = read_by(name, words)
        start_s = time.process_time()  # a test that waits is ended by its time limit
        code = main(words)
        duration_s = time.process_time() - start_s
        err = capfd.readouterr().err
        problems = [line for line in err.splitlines() if line.startswith("error: ")]
        assert code in (0, 2, 3), (words, code, err)
        assert len(problems) == (code == 2), (words, err)
        assert "Traceback" not in err, (words, err)
        assert "Warning" not in err, (words, err)
        assert max(map(len, err.splitlines()), default=0) <= LONGEST_LINE, words
        assert duration_s < MOST_S, (words, duration_s)
        assert read_by(name, words) == given, words
        assert not list(folder.rglob("*.part")), words
