"""`anydoa serve` as a user runs it: a line with the address, a page, and an end at Ctrl+C."""

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from anydoa.calibration import profile_channels, save_profile
from anydoa.cli import main
from anydoa.cli.serve import _order
from anydoa.io import load_array
from anydoa.io.audio import read_first_minute
from anydoa.live.feeds import FileFeed, OrderedFeed
from unit.web.served import ARRAY, EXAMPLES, RECORDING

ARRAY_FILE = EXAMPLES / "two_talkers.array.toml"


def test_the_command_prints_an_address_serves_and_stops_at_ctrl_c() -> None:
    words = ["serve", "--array", str(ARRAY_FILE), "--replay", str(RECORDING), "--port", "0"]
    command = [sys.executable, "-m", "anydoa", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.fullmatch(r"open (http://127\.0\.0\.1:\d+/) \(Ctrl\+C stops\)\n", line)
            assert address, line
            with urllib.request.urlopen(address[1], timeout=30) as page:
                assert b"<title>anydoa</title>" in page.read()
        finally:
            process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--replay", "a.wav"], "a live stream needs the array that hears it; add --array"),
        (["--replay", "a.wav", "--device", "0"], "--replay and --device exclude each other"),
        (["--array", "linear-4", "--replay", "missing.wav"], "missing.wav: no such file"),
        (["--array", "linear-4", "--profile", "a.json"], "--profile is for a live stream; add --device"),
        (
            ["--array", str(ARRAY_FILE), "--replay", str(RECORDING), "--profile", "a.json"],
            "a.json: cannot be read",
        ),
        (
            ["--array", "linear-4", "--replay", str(RECORDING)],
            "two_talkers.wav: recording has 6 channels but",
        ),
        (["--array", "linear"], "no array is called 'linear'"),
        (["--token", "short"], "a token has at least 8 characters, got 5"),
        (["--unit", "mm"], "--ignore-channels, --only-microphones and --unit change the array; add --array"),
        (["--port", "-1"], "a port is 0..65535, got -1"),
        (["--max-upload", "0"], "the upload limit is 0..100000 MB, got 0"),
        (["--max-minutes", "0"], "the longest recording is 0..1000000 minutes, got 0"),
        (["--host", "256.1.1.1"], "256.1.1.1 is no address of this machine"),
        (["--host", "a..b"], "--host: 'a..b' is no possible name of a machine"),
        (["--host", "x" * 300], "is no possible name of a machine"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["serve", *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("profile") / "card.json"
    audio, rate = read_first_minute(RECORDING)
    save_profile(profile_channels(audio, rate, ARRAY), path)
    return path


def test_a_start_is_checked_by_the_profile_also_with_a_refined_or_corrected_array(profile: Path) -> None:
    moved = ARRAY.body_positions + 0.001 * np.eye(6, 3)
    refined = ARRAY.replace(name=f"{ARRAY.name} refined", body_positions=moved)
    corrected = ARRAY.replace(name=f"{ARRAY.name} corrected", channels=(1, 0, 2, 3, 4, 5))
    order = _order(ARRAY, profile)
    for array in (ARRAY, refined, corrected):
        assert isinstance(order(FileFeed(RECORDING), array), OrderedFeed)


def test_a_start_that_is_not_checked_is_told(profile: Path, caplog: pytest.LogCaptureFixture) -> None:
    other, feed = load_array("linear-4"), FileFeed(RECORDING)
    assert _order(ARRAY, profile)(feed, other) is feed
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"is of array 'two_talkers' and {other.name!r} has other channels; choose 'two_talkers'" in line
    assert _order(ARRAY, None)(feed, other) is feed
    assert len(caplog.records) == 1
