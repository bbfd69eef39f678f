"""However a server ends, it ends soon and leaves no recording behind."""

import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.web.upload import Spool
from unit.web.served import EXAMPLES

ARRAY = EXAMPLES / "two_talkers.array.toml"


@cache
def long_recording(*, minutes: int) -> bytes:
    """Silence, so that a small file takes long to locate."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 16000, 6, "PCM_16", format="FLAC") as sound:
        for _ in range(minutes):
            sound.write(np.zeros((16000 * 60, 6), dtype=np.int16))
    return file.getvalue()


def start_server(spool_parent: Path) -> "tuple[subprocess.Popen[str], int]":
    command = [sys.executable, "-m", "anydoa", "serve", "--array", str(ARRAY), "--port", "0"]
    server = subprocess.Popen(
        [*command, "--estimator", "srp-phat", "--max-minutes", "1000"],
        env={**os.environ, "TMPDIR": str(spool_parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job ignores Ctrl-C; a person's program does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert server.stdout is not None
    line = server.stdout.readline()
    return server, int(line.split(":")[2].split("/")[0])


def send_recording(port: int, body: bytes) -> None:
    lines = ["POST /api/locate?array=two_talkers HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    head = "\r\n".join(lines) + "\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head.encode() + body)
        while connection.recv(65536):
            pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_server_that_locates_two_recordings(number: int, tmp_path: Path) -> None:
    server, port = start_server(tmp_path)
    body = long_recording(minutes=60)
    clients = [threading.Thread(target=send_recording, args=(port, body)) for _ in range(2)]
    for client in clients:
        client.start()
    deadline = time.monotonic() + 20
    while len(list(tmp_path.glob("anydoa-serve-*/*/*"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.0)  # by now one is located and one waits
    server.send_signal(number)
    begin = time.monotonic()
    _, complaints = server.communicate(timeout=20)
    assert time.monotonic() - begin < 5
    assert "Traceback" not in complaints
    assert list(tmp_path.iterdir()) == []
    for client in clients:
        client.join(10)
        assert not client.is_alive()


def test_a_server_removes_what_a_killed_one_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, _ = start_server(tmp_path)
    deadline = time.monotonic() + 20
    while not (left := list(tmp_path.iterdir())):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    server.kill()
    server.communicate()
    assert left[0].exists()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spool = Spool()
    assert not left[0].exists()
    other = Spool()  # leaves alone what belongs to the living
    assert len(list(tmp_path.iterdir())) == 2
    for each in (spool, other):
        each.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a\x1b[31mb.wav", "", "...", "x" * 400, "caf\udce9.wav", "\U00020000" * 80 + ".wav"],
)
def test_no_name_leaves_the_folder_or_reaches_the_terminal_as_it_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spool = Spool()
    with spool.place(name) as path:
        path.write_bytes(b"sound")
        assert path.resolve().is_relative_to(tmp_path.resolve())
        assert path.name.isprintable()
    assert not path.exists()
    spool.close()
