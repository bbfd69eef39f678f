"""Recordings sent to the server: located, refused with the package's own words, never too large."""

import errno
import http.client
import io
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
import soundfile

from anydoa.web.locating import LINES
from anydoa.web.server import PageServer, ServerOptions
from anydoa.web.upload import UploadLimits
from unit.web.served import RECORDING, serving


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with serving() as running:
        yield running


def locate(server: PageServer, body: bytes, **query: str) -> tuple[int, dict[str, Any]]:
    path = "/api/locate?" + urlencode({"array": "two_talkers", "name": "meeting.wav", **query})
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("POST", path, body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def locate_in_lines(server: PageServer, body: bytes, **query: str) -> list[dict[str, Any]]:
    path = "/api/locate?" + urlencode({"array": "two_talkers", "name": "meeting.wav", **query})
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("POST", path, body, {"Accept": LINES})
        answer = connection.getresponse()
        assert answer.getheader("content-type") == LINES
        return [json.loads(line) for line in answer.read().splitlines()]


def make_wav(num_channels: int, *, seconds: float = 0.5) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).normal(0, 0.1, (round(16000 * seconds), num_channels))
    soundfile.write(file, noise, 16000, format="WAV")
    return file.getvalue()


def test_an_upload_gives_the_directions_that_the_command_line_gives(server: PageServer) -> None:
    status, found = locate(server, RECORDING.read_bytes(), name="<b>two</b>.wav")
    assert status == 200
    assert sorted(round(source["azimuth_deg"] / 5) * 5 for source in found["sources"]) == [-75, 40]
    assert found["file"] == "<b>two</b>.wav"
    assert found["grid"]["name"] == "fibonacci:512"
    assert 10 < len(found["trace"]) < 1600


def test_the_number_of_talkers_can_be_said(server: PageServer) -> None:
    assert len(locate(server, RECORDING.read_bytes(), sources="1")[1]["sources"]) == 1


@pytest.mark.parametrize(
    ("body", "query", "message"),
    [
        (b"no sound at all", {}, "meeting.wav: not audio that can be read"),
        (b"", {}, "an upload is one audio file, got nothing"),
        (make_wav(3), {}, "meeting.wav: recording has 3 channels but array 'two_talkers' uses 6"),
        (RECORDING.read_bytes()[:90000], {}, "meeting.wav: truncated,"),
        (make_wav(6, seconds=0.01), {}, "meeting.wav: a recording must last at least"),
        (make_wav(6), {"array": "respeaker"}, "no array 'respeaker'; did you mean"),
        (make_wav(6), {"array": "/etc/array.toml"}, "no array '/etc/array.toml'"),
        (make_wav(6), {"grid": "/etc/grid.csv"}, "no grid '/etc/grid.csv'"),
        (make_wav(6), {"estimator": "hub:some/one"}, "no estimator 'hub:some/one'"),
        (make_wav(6), {"sources": "9" * 30}, "the number of sources must be auto or a number from 1 to 16"),
        (make_wav(6), {"ignore": "six"}, "channels to ignore are numbers from 0"),
        (make_wav(6), {"ignore": "9"}, "channels count from 0 without gaps"),
    ],
)
def test_a_bad_upload_gets_rule_value_and_cure(
    server: PageServer, body: bytes, query: dict[str, str], message: str
) -> None:
    status, answer = locate(server, body, **query)
    assert status == 400
    assert message in answer["error"]
    assert "Traceback" not in answer["error"]
    assert "/tmp" not in answer["error"]


def test_an_upload_that_does_not_say_its_array_is_told_so(server: PageServer) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("POST", "/api/locate", make_wav(6))
        answer = connection.getresponse()
        assert (answer.status, b"needs the array that heard it" in answer.read()) == (400, True)


def test_too_large_an_upload_is_refused_whether_it_says_its_length_or_not() -> None:
    with serving(ServerOptions(port=0, uploads=UploadLimits(max_mb=0.1))) as server:
        status, answer = locate(server, bytes(200_000))
        assert (status, "0.1 MB, got more" in answer["error"]) == (413, True)
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
            chunks = iter([bytes(50_000)] * 4)
            connection.request("POST", "/api/locate?array=two_talkers", chunks, encode_chunked=True)
            assert connection.getresponse().status == 413


@pytest.mark.parametrize("call", ["write", "mkdtemp"])
def test_a_full_disk_is_told_with_what_to_do(
    server: PageServer, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if call == "mkdtemp":
        monkeypatch.setattr("anydoa.web.upload.tempfile.mkdtemp", fail)
    else:
        monkeypatch.setattr("anydoa.web.upload.Path.open", fail)
    status, answer = locate(server, make_wav(6))
    assert status == 507
    assert "No space left on device; make room in" in answer["error"]


def test_uploads_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with serving() as server:
        assert locate(server, make_wav(6))[0] == 200
        assert locate(server, b"nonsense")[0] == 400
    assert list(tmp_path.iterdir()) == []


def test_more_uploads_than_are_taken_at_once_are_told_to_come_back() -> None:
    with serving(ServerOptions(port=0, uploads=UploadLimits(max_at_once=1))) as server:
        slow = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        slow.putrequest("POST", "/api/locate?array=two_talkers")
        slow.putheader("Content-Length", "1000")
        slow.endheaders(b"RIFF")
        time.sleep(0.3)
        assert locate(server, make_wav(6))[0] == 503
        slow.close()
        time.sleep(0.3)
        assert locate(server, make_wav(6))[0] == 200


def test_channels_without_a_microphone_can_be_left_out(server: PageServer) -> None:
    assert locate(server, make_wav(8))[0] == 400
    status, found = locate(server, make_wav(8), ignore="6, 7")
    assert (status, found["array"]["ignore_channels"]) == (200, [6, 7])


def test_a_recording_of_the_microphones_alone_can_be_located(server: PageServer) -> None:
    status, answer = locate(server, make_wav(4), array="respeaker-usb-4")
    assert status == 400
    assert "or 'none' if it holds the microphones alone" in answer["error"]
    assert "ignore_channels=" not in answer["error"]
    status, found = locate(server, make_wav(4), array="respeaker-usb-4", ignore="none")
    assert (status, found["array"]["channels"]) == (200, [0, 1, 2, 3])


def test_what_is_wrong_with_the_sound_is_told(server: PageServer) -> None:
    one = np.random.default_rng(0).normal(0, 0.1, 32000)
    file = io.BytesIO()
    soundfile.write(file, np.tile(one[:, None], 6), 16000, format="WAV")
    _, found = locate(server, file.getvalue())
    assert any("carry the same signal" in line for line in found["warnings"])


def test_a_client_that_asks_for_lines_hears_how_far_its_recording_is(server: PageServer) -> None:
    steps = locate_in_lines(server, make_wav(6, seconds=60), grid="icosphere:4")
    progress = [step for step in steps if step["type"] == "progress"]
    assert len(progress) > 1
    assert [step["done"] for step in progress] == sorted(step["done"] for step in progress)
    assert 0 < progress[-1]["done"] <= 1
    assert (steps[-1]["type"], steps[-1]["duration_s"]) == ("result", 60)


def test_a_mistake_is_the_last_line(server: PageServer) -> None:
    last = locate_in_lines(server, b"no sound at all")[-1]
    assert (last["type"], last["status"]) == ("error", 400)
    assert "meeting.wav: not audio" in last["error"]


def test_a_short_recording_does_not_wait_for_a_long_one() -> None:
    with serving(ServerOptions(port=0, uploads=UploadLimits(slice_s=0.1))) as server:
        first = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        first.request("POST", "/api/locate?array=two_talkers&grid=icosphere:4", make_wav(6, seconds=120))
        time.sleep(0.5)
        begin = time.monotonic()
        assert locate(server, make_wav(6))[0] == 200
        waited = time.monotonic() - begin
        answer = first.getresponse()
        assert (answer.status, json.loads(answer.read())["duration_s"]) == (200, 120)
        took = time.monotonic() - begin
        first.close()
    assert waited < took / 2


def test_a_recording_that_lasts_too_long_is_refused() -> None:
    with serving(ServerOptions(port=0, uploads=UploadLimits(max_minutes=0.5))) as server:
        status, answer = locate(server, make_wav(6, seconds=31))
    assert status == 400
    assert answer["error"].startswith("meeting.wav: a recording may last 0.5 minutes here, got 1; cut it")


def test_an_upload_that_crawls_is_given_up() -> None:
    with (
        serving(ServerOptions(port=0, uploads=UploadLimits(patience_s=0.5))) as server,
        closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection,
    ):
        connection.putrequest("POST", "/api/locate?array=two_talkers")
        connection.putheader("Content-Length", "100000")
        connection.endheaders()
        for _ in range(10):
            connection.send(b"RIFF")
            time.sleep(0.1)
        answer = connection.getresponse()
        assert (answer.status, b"kB a second at least" in answer.read()) == (400, True)


def test_a_recording_that_nobody_waits_for_is_given_up() -> None:
    long = make_wav(6, seconds=120)
    with serving() as server:
        impatient = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        impatient.request("POST", "/api/locate?array=two_talkers&grid=icosphere:4", long)
        time.sleep(1.0)
        impatient.close()
        begin = time.monotonic()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(locate(server, make_wav(6))))
        thread.start()
        thread.join(30)
        waited = time.monotonic() - begin
    assert answers[0][0] == 200
    assert waited < 5  # the long one takes ten times as long


def test_what_is_odd_about_a_file_is_told_by_its_owners_name(server: PageServer) -> None:
    content = RECORDING.read_bytes()[:-200]
    _, answer = locate(server, content)
    assert "that the header promises are not there" in answer["warnings"][0]
    assert "/tmp" not in answer["warnings"][0]
