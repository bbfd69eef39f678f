"""A real server on loopback, and clients that speak to it byte by byte."""

import base64
import os
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from anydoa.io.array_file import load_array
from anydoa.web.catalogue import Catalogue, Choice
from anydoa.web.hub import Hub
from anydoa.web.listening import Listening, ListeningOptions
from anydoa.web.server import PageServer, ServerOptions
from anydoa.web.sounds import LiveChoice, Sounds

EXAMPLES = Path(__file__).parents[3] / "examples"
RECORDING = EXAMPLES / "two_talkers.wav"
ARRAY = load_array(EXAMPLES / "two_talkers.array.toml")
GRID = "fibonacci:512"
ESTIMATOR = "srp-phat"  # the quickest


@contextmanager
def serving(
    options: ServerOptions | None = None,
    *,
    replay: Path | None = None,
    pace: float | None = 1.0,
    repeat: bool = True,
    grid: str | None = None,
    estimator: str | None = None,
    array: str = ARRAY.name,
    catalogue: Catalogue | None = None,
    max_clients: int = 100,
    **listening: Any,
) -> Iterator[PageServer]:
    """A server in a thread, on a free port; with a recording to replay it has a live stream.

    Other arguments are those of :class:`ListeningOptions`.
    """
    catalogue = catalogue or shared_catalogue()
    # A busy machine may be late here, but drops nothing: what is heard does not depend on it.
    heard = Listening(
        catalogue,
        Sounds([] if replay is None else [replay], pace=pace, repeat=repeat),
        ListeningOptions(**{"vad": False, "max_queue_s": 600.0, **listening}),
        Hub(max_clients=max_clients),
    )
    if replay is not None:
        heard.prepare(LiveChoice(Choice(array, estimator, grid), replay=replay.name))
    server = PageServer(options or ServerOptions(port=0), catalogue, heard)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(20)
    assert not thread.is_alive()


@cache
def shared_catalogue() -> Catalogue:
    """One for all servers: reading all arrays takes its time."""
    return Catalogue(ARRAY, ESTIMATOR, GRID)


def exchange(port: int, message: bytes, *, timeout_s: float = 5.0, leave: bool = False) -> bytes:
    """Send bytes as they are, and read until the server closes; ``leave`` says at once that no more come."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        return send_and_read(connection, message, leave=leave)


def send_and_read(connection: socket.socket, message: bytes, *, leave: bool = False) -> bytes:
    """The same on a connection that is there already."""
    answer = b""
    try:
        connection.sendall(message)
        if leave:
            connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            answer += chunk
    except (TimeoutError, ConnectionError):
        pass
    return answer


def upgrade_request(port: int, *headers: str, path: str = "/live") -> bytes:
    """The request that opens a WebSocket."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def stalled_listener(port: int) -> socket.socket:
    """A client that opens the live stream and then takes nothing of it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    connection.connect(("127.0.0.1", port))
    connection.sendall(upgrade_request(port))
    return connection


def is_cut(connection: socket.socket, *, within_s: float) -> bool:
    """Whether the server has given up a connection: reading it to the end must then succeed."""
    connection.settimeout(within_s)
    try:
        with connection:
            while connection.recv(1 << 20):
                pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def malformed_request(dice: random.Random) -> bytes:
    """HTTP that is wrong in one of many ways, some of it almost right."""
    noise = dice.randbytes(dice.randrange(1, 400))
    return dice.choice(
        [
            noise,
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: " + noise + b"\r\n\r\n",
            b"GET /" + noise + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /static/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /static/\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /api/options HTTP/9.9\r\nHost: localhost\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01" + noise,
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + noise,
            b"POST /api/locate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
            b"POST /api/locate HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            b"POST /api/locate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + noise,
            b"POST /api/locate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz" + noise,
            b"POST /api/locate?array=" + noise.hex().encode() + b" HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: %d\r\n\r\n" % len(noise) + noise,
            b"POST /api/locate?sources=%ff&grid HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx",
            b"POST /api/locate?array=two_talkers HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
            % (len(noise) + 4) + b"RIFF" + noise,
            b"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: " + noise.hex().encode() + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: [::1\r\nOrigin: http://[\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + noise.replace(b"\n", b"") + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * dice.randrange(5000),
        ]
    )  # fmt: skip


def malformed_frames(dice: random.Random) -> bytes:
    """What may follow the opening of a WebSocket and should not."""
    noise = dice.randbytes(dice.randrange(1, 200))
    mask = dice.randbytes(4)
    return dice.choice(
        [
            noise,
            b"\x81" + struct.pack("!B", len(noise) % 126) + noise,  # not masked
            b"\x81\xff" + struct.pack("!Q", 1 << dice.randrange(13, 63)) + mask,  # far too long
            b"\x81\xff" + b"\xff" * 8 + mask,  # a negative length
            b"\x81\x82" + mask + bytes(byte ^ key for byte, key in zip(b"\xc3\x28", mask, strict=False)),
            b"\xf1\x80" + mask,  # reserved bits
            b"\x83\x80" + mask,  # an opcode that does not exist
            b"\x80\x80" + mask,  # the continuation of nothing
            b"\x88\x81" + mask + b"\x00",  # a close code cut short
            b"\x89\xfe\x10\x00" + mask + bytes(4096),  # a ping that is too long
            (b"\x81\x84" + mask + b"abcd") * dice.randrange(1, 50),  # chatter
        ]
    )
