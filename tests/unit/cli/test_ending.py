"""How commands end: an exit code, and one line whatever went wrong."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from anydoa.cli.ending import exit_code, one_line
from anydoa.errors import ConfigError

ANYDOA = [sys.executable, "-m", "anydoa"]


def failing(error: BaseException):
    def run() -> None:
        raise error

    return run


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConfigError("rule,\nvalue; cure"), 2, "error: rule, value; cure\n"),
        (
            PermissionError(13, "Permission denied", "a.wav"),
            2,
            "error: a.wav: Permission denied; give another",
        ),
        (OSError(28, "No space left"), 2, "error: standard output cannot be written (No space left)\n"),
        (MemoryError(), 2, "error: not enough memory; ask for fewer directions"),
        (KeyboardInterrupt(), 130, ""),
        (caused(typer.Abort(), KeyboardInterrupt()), 130, ""),
        (SystemExit(143), 143, ""),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_every_end_has_its_code_and_at_most_one_line(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(failing(error)) == code
    err = capsys.readouterr().err
    assert err.startswith(line)
    assert err.count("\n") == bool(line)


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), caused(typer.Abort(), EOFError("x"))])
def test_a_mistake_of_ours_is_one_line_that_asks_for_a_report(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert exit_code(failing(error)) == 1
    err = capsys.readouterr().err
    assert "Error: x; this is a mistake of anydoa: please report it with " in err
    assert err.count("\n") == 1
    (kept,) = tmp_path.glob("anydoa-bug-*.txt")
    assert str(kept) in err
    assert "Error: x" in kept.read_text()
    monkeypatch.setenv("ANYDOA_DEBUG", "1")
    assert exit_code(failing(error)) == 1
    assert "Error: x\n" in capsys.readouterr().err


def test_messages_are_one_line_of_readable_length() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("\x1b[31mred\x07") == "\\x1b[31mred\\x07"
    long = one_line("rule " + "1, " * 50_000 + "; pass the cure")
    assert len(long) < 1020
    assert long.startswith("rule 1, 1,")
    assert long.endswith("; pass the cure")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["--version"], ["array", "list"], ["array", "show", "em32"]])
def test_a_full_disk_behind_standard_output_is_one_line(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*ANYDOA, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: standard output cannot be written (No space left on device)\n"


def test_closed_streams_are_no_crash() -> None:
    closed = subprocess.run(
        f"{sys.executable} -m anydoa --version >&- <&-",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (closed.returncode, closed.stderr.count("\n")) == (2, 1)
    assert "standard output cannot be written" in closed.stderr
    mute = subprocess.run(f"{sys.executable} -m anydoa no-such-command 2>&-", shell=True, check=False)
    assert mute.returncode == 2


def test_a_name_that_is_no_text_is_shown(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.wav")
    done = subprocess.run(
        [*ANYDOA, "locate", name, "--array", "em32"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "error: caf\\xe9.wav: no such file; check the name\n"


def test_a_program_that_is_told_to_end_leaves_nothing_half_done(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from anydoa.cli.ending import exit_code\n"
        "from anydoa.io.output import whole_text\n"
        "def run():\n"
        "    with whole_text(sys.argv[1]) as stream:\n"
        "        stream.write('half'); print('begun', flush=True); time.sleep(60)\n"
        "sys.exit(exit_code(run))"
    )
    for number in (signal.SIGTERM, signal.SIGHUP):
        words = [sys.executable, "-c", program, str(tmp_path / "a.txt")]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            running.stdout.readline()
            time.sleep(0.05)
            running.send_signal(number)
            assert running.wait(30) == 128 + number
        assert os.listdir(tmp_path) == []
