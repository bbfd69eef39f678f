"""Files of deployment: the unit of systemd is sound, and the server runs and stops in what it is given."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "anydoa-serve.service"
# What a container with a read-only root gives a process: nothing to write but /tmp, and no capability.
LOCKED_IN = (
    "mount --make-rprivate / && mount -o remount,bind,ro / && mount -t tmpfs tmpfs /tmp && "
    'exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"'
)


def can_lock_in() -> bool:
    if os.name != "posix" or os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv"))):
        return False
    command = ["unshare", "--mount", "sh", "-c", LOCKED_IN, "sh", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/anydoa/bin/anydoa", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_starts_a_command_that_there_is() -> None:
    text = UNIT.read_text(encoding="utf-8")
    (command,) = re.findall(r"^ExecStart=\S+ (.*)$", text, re.MULTILINE)
    named = dict(line.split("=") for line in (DEPLOY / "serve.env").read_text().splitlines() if "=" in line)
    words = [named.get(word.strip("${}"), word) for word in command.split()]
    assert words[0] == "serve"
    # The array is there, and the address is one of this machine; a sound card is not looked for.
    words = [word for word in words if word not in ("--device", "auto", "--end-with-sound")]
    words[words.index("8765")] = "0"
    check_server([sys.executable, "-m", "anydoa", *words])


@pytest.mark.skipif(not can_lock_in(), reason="needs root, unshare and setpriv")
def test_a_server_works_with_a_read_only_root_and_no_capability() -> None:
    command = [sys.executable, "-B", "-m", "anydoa", "serve", "--port", "0", "--host", "0.0.0.0"]
    check_server(["unshare", "--mount", "sh", "-c", LOCKED_IN, "sh", *command])


def check_server(command: list[str]) -> None:
    """It says where it listens, is healthy, and ends within five seconds of SIGTERM."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        found = re.search(r":(\d+)/", line)
        assert found, (line, server.stderr.read() if server.stderr else "")
        with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/healthz", timeout=20) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        _, complaints = server.communicate(timeout=20)
    finally:
        server.kill()
        server.wait()
    assert time.monotonic() - begun < 5
    assert "Traceback" not in complaints
