"""`anydoa serve` as a user runs it: a line with the address, a page, and an end at Ctrl+C."""

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from anydoa.cli import main
from unit.web.served import EXAMPLES, RECORDING

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
