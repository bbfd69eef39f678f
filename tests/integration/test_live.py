"""`anydoa live` as a process of its own: every way it can end leaves complete files and no complaint."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.io.result_files import read_results

EXAMPLES = Path(__file__).parents[2] / "examples"
ARRAY = str(EXAMPLES / "two_talkers.array.toml")
RATE = 16_000
CHEAP = ["--estimator", "srp-phat", "--grid", "fibonacci:400"]
PROGRAM = [sys.executable, "-m", "anydoa", "live", "--array", ARRAY, *CHEAP]


def start(*words: str | Path, **pipes: object) -> subprocess.Popen[bytes]:
    command = [*PROGRAM, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **pipes)


@pytest.fixture
def replaying(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """In the middle of a long replay whose results go to standard output and to a file."""
    audio, rate = soundfile.read(EXAMPLES / "two_talkers.wav", dtype="float32")
    soundfile.write(tmp_path / "long.wav", np.tile(audio, (20, 1)), rate)
    # Nothing is dropped, and so nothing said, however busy the machine is.
    words = [
        "--replay",
        tmp_path / "long.wav",
        "--fast",
        "-o",
        tmp_path / "a.jsonl",
        "-o",
        "-",
        "--format",
        "csv",
    ]
    process = start(*words)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"time_s,id")
    assert b"," in process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_it_completes_its_files_and_says_nothing(
    replaying: subprocess.Popen[bytes], tmp_path: Path, end: signal.Signals
) -> None:
    replaying.send_signal(end)
    assert replaying.communicate(timeout=60)[1] == b""
    assert replaying.returncode == 128 + end
    result = read_results(tmp_path / "a.jsonl")
    assert result.frames[-1].time_s <= result.duration_s < 155


def test_a_reader_that_has_had_enough_is_no_error(replaying: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert replaying.stdout is not None
    assert replaying.stderr is not None
    replaying.stdout.close()
    assert replaying.wait(timeout=60) == 0
    assert replaying.stderr.read() == b""
    assert len(read_results(tmp_path / "a.jsonl").frames) > 1


def test_the_end_of_standard_input_is_the_end(tmp_path: Path) -> None:
    audio, _ = soundfile.read(EXAMPLES / "two_talkers.wav", dtype="int16")
    words = ["--stdin", "--sample-rate", RATE, "--fast", "-o", tmp_path / "a.jsonl"]
    process = start(*map(str, words), stdin=subprocess.PIPE)
    out, err = process.communicate(audio.tobytes(), timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert b"2 talkers" in out
    assert read_results(tmp_path / "a.jsonl").duration_s == pytest.approx(len(audio) / RATE)


def test_sound_over_tcp_survives_a_sender_that_starts_again(tmp_path: Path) -> None:
    second = (0.1 * np.random.default_rng(0).standard_normal((RATE, 6))).astype("<f4").tobytes()
    with socket.create_server(("127.0.0.1", 0)) as sender:
        sender.settimeout(60)
        address = f"127.0.0.1:{sender.getsockname()[1]}"
        words = ["--tcp", address, "--sample-rate", str(RATE), "--sample-format", "f32le", "-o", "-"]
        process = start(*words)
        try:
            assert process.stdout is not None
            times_s: list[float] = []
            for least_s in (0.5, 1.6):  # the second connection comes at least half a second after the first
                with sender.accept()[0] as connection:
                    connection.sendall(second)
                    while not times_s or times_s[-1] < least_s:
                        line = json.loads(process.stdout.readline())
                        times_s += [line["time_s"]] if "time_s" in line else []
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.communicate()
    assert process.returncode == 130
    assert b"connection lost" in err
    assert b"connected again" in err
    assert times_s == sorted(times_s)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_a_full_disk_is_one_clear_line() -> None:
    process = start("--replay", EXAMPLES / "two_talkers.wav", "--fast", "-o", "/dev/full")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    reason = b"cannot be written (No space left on device); choose another output, or make room"
    assert err == b"error: /dev/full: " + reason + b"\n"
