"""Clients that take nothing, or leave in the middle, keep no place for ever."""

import asyncio
import gc
import itertools
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from starlette.requests import Request

from anydoa.errors import AudioError
from anydoa.web.calibrating import CalibrateEndpoint
from anydoa.web.catalogue import Choice
from anydoa.web.examining import DoctorEndpoint
from anydoa.web.inbox import Inbox
from anydoa.web.listening import Listening, ListeningOptions
from anydoa.web.locating import LocateEndpoint
from anydoa.web.refusal import explained
from anydoa.web.server import PageServer, ServerOptions
from anydoa.web.sounds import LiveChoice, Sounds
from anydoa.web.turns import Turns
from anydoa.web.upload import UploadLimits
from unit.web.served import ARRAY, ESTIMATOR, GRID, RECORDING, serving, shared_catalogue

QUERY = urlencode({"array": ARRAY.name, "estimator": ESTIMATOR, "grid": GRID}).encode()


def test_a_listener_that_reads_nothing_is_cut() -> None:
    options = ServerOptions(port=0, request_within_s=1.0, send_buffer_bytes=4096)
    with (
        serving(options, replay=RECORDING, pace=None, estimator=ESTIMATOR, grid=GRID) as server,
        socket.socket() as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        hub = server._listening.hub
        until(lambda: hub.num_clients == 1)
        until(lambda: hub.num_clients == 0)


def test_the_upload_of_a_client_that_leaves_stays_until_the_work_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = []

    def locate(localizer: object, path: Path, name: str, *, on_progress: Any, **options: object) -> None:
        for step in range(200):
            time.sleep(0.02)
            there.append(path.exists())
            on_progress(step / 200)

    monkeypatch.setattr("anydoa.web.locating.locate_recording", locate)
    unheard = asyncio.run(leave_early())
    assert len(there) < 200
    assert all(there)
    assert unheard == []


async def leave_early() -> list[dict[str, Any]]:
    """Send a recording and leave while it is worked on; what goes wrong without anybody to hear of it."""
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unheard.append(context))
    inbox = Inbox(UploadLimits())
    inbox.open()
    endpoint = LocateEndpoint(shared_catalogue(), inbox, Turns(), lambda: False)
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    await messages.put({"type": "http.request", "body": b"abc", "more_body": False})

    async def send(message: object) -> None:
        pass

    scope = {
        "type": "http", "method": "POST", "path": "/api/locate", "query_string": QUERY,
        "headers": [(b"accept", b"application/x-ndjson")], "asgi": {"spec_version": "2.3"},
        "server": ("127.0.0.1", 1),
    }  # fmt: skip
    request = asyncio.create_task(endpoint(scope, messages.get, send))
    await asyncio.sleep(0.5)
    await messages.put({"type": "http.disconnect"})
    await request
    del request
    gc.collect()
    await asyncio.sleep(0)
    inbox.close()
    return unheard


def test_an_examination_that_nobody_waits_for_leaves_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    examined: list[object] = []

    def diagnose(*arguments: object, **options: object) -> None:
        examined.append(arguments)
        go_on.wait(30)
        raise AudioError("there is no talker")

    monkeypatch.setattr("anydoa.web.examining.diagnose", diagnose)

    async def examine() -> list[int]:
        inbox, turns = Inbox(UploadLimits()), Turns()
        inbox.open()
        endpoint = DoctorEndpoint(shared_catalogue(), inbox, turns, lambda: False)
        clients = [Client("/api/doctor", RECORDING.read_bytes()) for _ in range(3)]
        answers = []
        for number, client in enumerate(clients):
            answers.append(asyncio.create_task(explained(endpoint.answer)(client.request())))
            # One after the other: who comes first is worked on, and the others wait in their order.
            while not examined or len(turns.queue) <= number:
                await asyncio.sleep(0.05)
        clients[1].leave()
        await asyncio.wait({answers[1]}, timeout=20)
        assert len(turns.queue) == 2
        clients[0].leave()  # what is being worked on ends by itself
        go_on.set()
        status = [(await answer).status_code for answer in answers]
        inbox.close()
        return status

    assert asyncio.run(examine())[2] == 400
    assert len(examined) == 2


def test_one_walk_is_computed_at_a_time_and_ends_with_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []

    def calibrate(blocks: Iterable[object], *arguments: object) -> None:
        for block in blocks:  # a recording without end
            time.sleep(0.02)
            heard.append(block)

    monkeypatch.setattr("anydoa.web.calibrating.calibrate_blocks", calibrate)
    blocks = itertools.repeat(np.zeros((6, 160), dtype=np.float32))
    monkeypatch.setattr("anydoa.web.calibrating.read_blocks", lambda path: blocks)
    monkeypatch.setattr("anydoa.web.calibrating.audio_info", lambda path: SimpleNamespace(sample_rate=16_000))

    async def refine() -> None:
        turns = Turns()
        endpoint = CalibrateEndpoint(shared_catalogue(), Walked(shared_catalogue()), turns, lambda: False)
        first, second = Client("/api/calibrate"), Client("/api/calibrate")
        answer = asyncio.create_task(explained(endpoint.answer)(first.request()))
        while not heard:
            await asyncio.sleep(0.05)
        refused = await explained(endpoint.answer)(second.request())
        assert refused.status_code == 409
        assert b"are being computed already; try again in a minute" in refused.body
        first.leave()
        await asyncio.wait_for(answer, 20)
        assert not turns.queue

    asyncio.run(refine())


class Walked(Listening):
    """Has a recording of a walk."""

    @property
    def recorded(self) -> Path:
        return RECORDING


class Client:
    """Somebody who asks, and may leave before the answer."""

    def __init__(self, path: str, body: bytes = b"") -> None:
        self._path = path
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._messages.put_nowait({"type": "http.request", "body": body, "more_body": False})

    def request(self) -> Request:
        scope = {
            "type": "http", "method": "POST", "path": self._path, "query_string": QUERY, "headers": [],
            "server": ("127.0.0.1", 1),
        }  # fmt: skip
        return Request(scope, self._messages.get)

    def leave(self) -> None:
        self._messages.put_nowait({"type": "http.disconnect"})


def test_a_server_may_end_with_its_sound() -> None:
    listening = Listening(
        shared_catalogue(), Sounds([RECORDING], pace=None, repeat=False), ListeningOptions(vad=False)
    )
    listening.prepare(LiveChoice(Choice(ARRAY.name, ESTIMATOR, GRID), replay=RECORDING.name))
    server = PageServer(ServerOptions(port=0, ends_with_sound=True), shared_catalogue(), listening)
    with pytest.raises(AudioError, match="the stream has ended"):
        server.run()


def until(condition: Any, seconds: float = 30.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
