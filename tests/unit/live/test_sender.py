"""Messages to a port: whoever comes late hears what is new, and the end arrives."""

import logging
import queue
import socket
import threading
import time
from contextlib import closing

import pytest

from anydoa.errors import ConfigError
from anydoa.live.sender import Sender


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def test_a_listener_that_comes_late_hears_all_that_is_new_and_nothing_of_the_past(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = free_port()
    with closing(Sender("127.0.0.1", port, listener="listener", most_waiting=50)) as sender:
        while "looking for one" not in caplog.text:
            time.sleep(0.01)
        for _ in range(50):
            sender.send(b"p")
        with closing(socket.create_server(("127.0.0.1", port))) as server:
            server.settimeout(60)
            with server.accept()[0] as listener:
                listener.settimeout(60)
                sender.send(b"n")
                assert listener.recv(65_536) == b"n"


def test_a_listener_at_the_first_look_hears_all_however_long_the_look_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect = socket.create_connection

    def connect_slowly(*args, **kwargs) -> socket.socket:
        time.sleep(1.2)
        return connect(*args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", connect_slowly)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(60)
        with closing(Sender("127.0.0.1", server.getsockname()[1], listener="listener")) as sender:
            sender.send(b"first")
            with server.accept()[0] as listener:
                listener.settimeout(60)
                assert listener.recv(5) == b"first"


def test_messages_that_somebody_takes_too_slowly_are_counted_and_said_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(60)
        port = server.getsockname()[1]
        with (
            caplog.at_level(logging.WARNING),
            closing(Sender("127.0.0.1", port, listener="listener", most_waiting=2)) as sender,
            server.accept()[0] as listener,
        ):
            sender.send(b"first")
            listener.settimeout(60)
            assert listener.recv(5) == b"first"  # it is known that somebody listens
            for _ in range(20):
                sender.send(bytes(2**22))  # more than the sockets hold
    assert f"the listener at 127.0.0.1:{port} takes too little; 1 messages left out so far" in caplog.text
    assert caplog.text.count("takes too little") == 1


def test_what_waits_still_arrives_if_somebody_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(10)
        sender = Sender("127.0.0.1", server.getsockname()[1], listener="listener", most_waiting=50)
        heard: queue.Queue[bytes] = queue.Queue()

        def listen() -> None:
            with server.accept()[0] as listener:
                time.sleep(0.2)
                heard.put(b"".join(iter(lambda: listener.recv(65_536), b"")))

        thread = threading.Thread(target=listen)
        thread.start()
        for _ in range(40):
            sender.send(bytes(2**18))
        sender.close(patience_s=10.0)
        assert len(heard.get(timeout=10)) == 40 * 2**18
        thread.join()


def test_nobody_is_waited_for_who_is_not_there() -> None:
    sender = Sender("127.0.0.1", free_port(), listener="listener")
    time.sleep(0.3)
    sender.send(b"x")
    begin = time.monotonic()
    sender.close(patience_s=30.0)
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
def test_a_host_that_no_machine_can_be_called_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match=r"name or an address of a machine, got .*; give one, as"):
        Sender(host, 5000, listener="listener")
