"""The live stream: what it says, and that nobody waits for a slow client."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from anydoa.estimators.catalogue import DEFAULT_ESTIMATOR
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.io.grid_file import load_grid
from unit.web.served import GRID, RECORDING, is_cut, serving, stalled_listener

FIRST_TALKER, SECOND_TALKER = 40.0, -75.0


def messages(connection: ClientConnection) -> Iterator[dict[str, Any]]:
    while True:
        yield json.loads(connection.recv(60))  # tables are made first, on a machine that may be busy


def test_the_hello_says_what_listens_and_where_it_looks() -> None:
    with serving(replay=RECORDING) as server, connect(f"ws://127.0.0.1:{server.port}/live") as client:
        hello = next(messages(client))
    assert hello["schema"] == "anydoa-live-1"
    stream = {"name": "two_talkers.wav", "sample_rate": 16000, "num_channels": 6}
    assert {key: hello["stream"][key] for key in stream} == stream
    assert abs(hello["stream"]["began_s"] - time.time()) < 60
    assert hello["zones"] == []
    assert hello["array"]["channels"] == [0, 1, 2, 3, 4, 5]
    directions = np.frombuffer(base64.b64decode(hello["grid"]["directions"]), dtype="<f4").reshape(-1, 3)
    np.testing.assert_allclose(directions, load_grid(GRID).directions, atol=1e-6)


@pytest.mark.parametrize("estimator", ["srp-phat", DEFAULT_ESTIMATOR])
def test_a_replayed_recording_gives_both_talkers_and_then_the_end(estimator: str) -> None:
    with (
        serving(replay=RECORDING, pace=2.0, repeat=False, estimator=estimator) as server,
        connect(f"ws://127.0.0.1:{server.port}/live") as client,
    ):
        hello, *frames, end = listen_to_the_end(client)
    assert end == {"type": "end", "reason": "the stream has ended"}
    azimuths = [track["azimuth_deg"] for frame in frames for track in frame["tracks"]]
    for truth in (FIRST_TALKER, SECOND_TALKER):
        assert min(abs(azimuth - truth) for azimuth in azimuths) < 5
    times = [frame["time_s"] for frame in frames]
    assert times == sorted(times)
    assert {len(frame["levels_db"]) for frame in frames} == {6}
    loudest = max(frames, key=lambda frame: frame["spectrum"]["high"])
    steps = np.frombuffer(base64.b64decode(loudest["spectrum"]["values"]), dtype=np.uint8)
    directions = np.frombuffer(base64.b64decode(hello["grid"]["directions"]), dtype="<f4").reshape(-1, 3)
    assert (steps.min(), steps.max()) == (0, 255)
    peaks = [source["xyz"] for source in loudest["sources"]]
    peaks += [twin["xyz"] for source in loudest["sources"] for twin in source["mirror"]]
    assert (
        min(float(great_circle_distance_deg(directions[steps.argmax()], np.array(peak))) for peak in peaks)
        < 10
    )


def listen_to_the_end(client: ClientConnection) -> list[dict[str, Any]]:
    heard = []
    for message in messages(client):
        heard.append(message)
        if message["type"] == "end":
            break
    return heard


def test_a_client_that_takes_nothing_is_cut_and_the_others_hear_everything() -> None:
    with serving(replay=RECORDING, pace=None, grid="fibonacci:2048") as server:
        stalled = [stalled_listener(server.port) for _ in range(3)]
        with connect(f"ws://127.0.0.1:{server.port}/live") as prompt:
            stream = messages(prompt)
            assert next(stream)["type"] == "hello"
            times = [next(stream)["time_s"] for _ in range(150)]
        assert all(is_cut(connection, within_s=2.0) for connection in stalled)
    assert np.diff(times).max() < 0.2  # seconds of the recording; a frame is there every 0.096


def test_chatter_of_a_client_is_forgotten_and_a_long_message_ends_its_connection() -> None:
    with serving(replay=RECORDING) as server, connect(f"ws://127.0.0.1:{server.port}/live") as client:
        for _ in range(200):
            client.send("good morning")
        stream = messages(client)
        assert [next(stream)["type"] for _ in range(4)] == ["hello", "frame", "frame", "frame"]
        client.send("x" * 5000)
        with pytest.raises(ConnectionClosed, match="1009"):
            listen_to_the_end(client)


def test_more_clients_than_there_are_places_are_told_to_come_back() -> None:
    with serving(replay=RECORDING, max_clients=2) as server:
        url = f"ws://127.0.0.1:{server.port}/live"
        with connect(url) as first, connect(url) as second:
            assert first.recv(5)
            assert second.recv(5)
            with connect(url) as third, pytest.raises(ConnectionClosed, match="2 places are taken"):
                third.recv(5)
        time.sleep(0.3)
        with connect(url) as fourth:
            assert fourth.recv(5)


def test_a_server_without_a_stream_says_so() -> None:
    with serving() as server, connect(f"ws://127.0.0.1:{server.port}/live") as client:
        end = next(messages(client))
    assert end["type"] == "end"
    assert "no live stream; start one on the page" in end["reason"]
