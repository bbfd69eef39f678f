"""Clients that take nothing, or leave in the middle, keep no place for ever."""

import asyncio
import gc
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from anydoa.errors import AudioError
from anydoa.web.catalogue import Choice
from anydoa.web.inbox import Inbox
from anydoa.web.listening import Listening, ListeningOptions
from anydoa.web.locating import LocateEndpoint
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
