"""The server as a whole: its address, its limits, and what it survives."""

import http.client
import json
import random
import socket
import time
from contextlib import closing

import numpy as np
import pytest

from anydoa.errors import ConfigError
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.live.feeds import FileFeed
from anydoa.live.pipeline import LivePipeline
from anydoa.web.catalogue import Catalogue, Choice
from anydoa.web.server import PageServer, ServerOptions
from unit.web.served import (
    ARRAY,
    RECORDING,
    exchange,
    is_cut,
    malformed_frames,
    malformed_request,
    send_and_read,
    serving,
    shared_catalogue,
    upgrade_request,
)


def options_of(port: int) -> dict[str, object]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/api/options")
        content: dict[str, object] = json.loads(connection.getresponse().read())
        return content


def test_a_port_that_is_taken_is_named_with_the_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"127.0.0.1 port {port} cannot be had .*give another --port"):
            PageServer(ServerOptions(port=port), Catalogue(ARRAY))


def test_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a port is 0..65535, got 70000"):
        ServerOptions(port=70000)


def test_the_page_may_choose_presets_and_what_the_command_line_gave() -> None:
    with serving() as server:
        options = options_of(server.port)
    names = [array["name"] for array in options["arrays"]]  # type: ignore[attr-defined]
    assert names[0] == "two_talkers"
    assert "respeaker-usb-4" in names
    assert options["grids"][0] == "fibonacci:512"  # type: ignore[index]
    assert options["live"] is False


def test_dropped_recordings_are_judged_by_all_later_sound_and_the_stream_by_none() -> None:
    located = shared_catalogue().localizer(Choice(array="two_talkers"))
    assert located.estimator.look_ahead_s == SrpPhat().with_look_ahead(np.inf).look_ahead_s > 0
    with closing(LivePipeline(located, FileFeed(RECORDING), vad=False)) as pipeline:
        assert pipeline.localizer.estimator.look_ahead_s == 0


def test_static_files_and_nothing_beside_them_are_served() -> None:
    with serving() as server:
        assert exchange(server.port, request("/static/main.js")).startswith(b"HTTP/1.1 200")
        for path in (
            "/static/../app.py",
            "/static/..%2fapp.py",
            "/static/%2e%2e/app.py",
            "/static/",
            "/app.py",
        ):
            assert exchange(server.port, request(path)).startswith(b"HTTP/1.1 404"), path


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def test_a_connection_that_never_asks_anything_is_cut() -> None:
    with serving(ServerOptions(port=0, request_within_s=1.0)) as server:
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        silent[1].sendall(b"GET / HTTP/1.1\r\nHost: local")
        silent[2].sendall(request("/").replace(b"close", b"keep-alive") + b"GET /")
        assert all(is_cut(connection, within_s=3.0) for connection in silent)


def test_malformed_messages_do_not_stop_the_server() -> None:
    dice = random.Random(0)
    with serving(replay=RECORDING) as server:
        for _ in range(60):
            exchange(server.port, malformed_request(dice), timeout_s=1.0, leave=True)
        for _ in range(40):
            with socket.create_connection(("127.0.0.1", server.port), timeout=0.3) as connection:
                connection.sendall(upgrade_request(server.port))
                send_and_read(connection, malformed_frames(dice), leave=True)
        begin = time.monotonic()
        assert options_of(server.port)["live"] is True
        assert time.monotonic() - begin < 2
