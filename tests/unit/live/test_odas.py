"""Messages as ODAS prints them, to viewers that listen, go away and come back."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io.results import Source
from anydoa.live.listener import LiveResult
from anydoa.live.odas import OdasOutput, ssl_message, sst_message
from anydoa.tracking import Track

LEFT = angles_deg_to_direction(90, 0)
AHEAD_AND_UP = angles_deg_to_direction(0, 30)

SSL = """{
    "timeStamp": 7,
    "src": [
        { "x": 0.000, "y": 1.000, "z": 0.000, "E": 0.512 },
        { "x": 0.866, "y": 0.000, "z": 0.500, "E": 0.250 },
        { "x": 0.000, "y": 0.000, "z": 0.000, "E": 0.000 },
        { "x": 0.000, "y": 0.000, "z": 0.000, "E": 0.000 }
    ]
}
"""
SST = """{
    "timeStamp": 7,
    "src": [
        { "id": 1, "tag": "dynamic", "x": 0.000, "y": 1.000, "z": 0.000, "activity": 0.935 },
        { "id": 0, "tag": "", "x": 0.000, "y": 0.000, "z": 0.000, "activity": 0.000 },
        { "id": 0, "tag": "", "x": 0.000, "y": 0.000, "z": 0.000, "activity": 0.000 },
        { "id": 0, "tag": "", "x": 0.000, "y": 0.000, "z": 0.000, "activity": 0.000 }
    ]
}
"""


def track(id: int, direction: np.ndarray = LEFT) -> Track:
    return Track(id, direction, velocity_deg_s=0.0, score=0.6, activity=0.935, age_s=2.0)


def result(num_tracks: int = 1, num_sources: int = 1) -> LiveResult:
    return LiveResult(
        time_s=1.0,
        latency_s=0.02,
        processing_s=0.01,
        tracks=tuple(track(id) for id in range(num_tracks)),
        sources=tuple(Source(AHEAD_AND_UP, 0.5, id) for id in range(num_sources)),
        spectrum=np.zeros(4),
        levels_db=np.zeros(2),
        peaks_db=np.zeros(2),
        dropped_s=0.0,
        speech=True,
    )


def test_potential_sources_read_as_odas_prints_them() -> None:
    assert ssl_message(7, [Source(LEFT, 0.512), Source(AHEAD_AND_UP, 0.25, 1)]) == SSL


def test_tracks_read_as_odas_prints_them_with_ids_from_one() -> None:
    assert sst_message(7, [track(0)]) == SST


def test_there_are_four_places_whatever_there_is() -> None:
    for count in (0, 4, 9):
        assert len(json.loads(ssl_message(1, [Source(LEFT, 0.5)] * count))["src"]) == 4
        places = json.loads(sst_message(1, [track(id) for id in range(count)]))["src"]
        assert [place["id"] for place in places] == [*range(1, count + 1), 0, 0, 0, 0][:4]


class Viewer:
    """Listens on one port and cuts what comes into objects where odas_web does."""

    def __init__(self, port: int = 0) -> None:
        self.server = socket.create_server(("127.0.0.1", port))
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.server.settimeout(10)
        self.port: int = self.server.getsockname()[1]

    def accept(self) -> socket.socket:
        connection = self.server.accept()[0]
        connection.settimeout(10)
        return connection

    def close(self) -> None:
        self.server.close()


def read(connection: socket.socket, count: int) -> list[dict]:
    text = ""
    while text.count("}\n{") < count - 1 or not text.endswith("}\n"):
        received = connection.recv(65_536).decode()
        assert received, "the connection ended early"
        text += received
    return [
        json.loads("{" + part.strip().removeprefix("{").removesuffix("}") + "}")
        for part in text.split("}\n{")
    ]


@pytest.fixture
def viewers() -> Iterator[tuple[Viewer, Viewer]]:
    with closing(Viewer()) as tracks, closing(Viewer()) as potentials:
        yield tracks, potentials


def output_to(viewers: tuple[Viewer, Viewer]) -> OdasOutput:
    return OdasOutput("127.0.0.1", sst_port=viewers[0].port, ssl_port=viewers[1].port)


def test_each_port_gets_its_messages_with_time_stamps_in_steps_of_one(viewers: tuple[Viewer, Viewer]) -> None:
    with (
        closing(output_to(viewers)) as output,
        viewers[0].accept() as tracks,
        viewers[1].accept() as potentials,
    ):
        for _ in range(3):
            output.write(result(num_tracks=2))
        assert [message["timeStamp"] for message in read(tracks, 3)] == [1, 2, 3]
        assert [message["src"][0]["E"] for message in read(potentials, 3)] == [0.5, 0.5, 0.5]


def test_a_viewer_that_goes_away_and_comes_back_is_served_again(viewers: tuple[Viewer, Viewer]) -> None:
    with closing(output_to(viewers)) as output:
        viewers[0].accept().close()
        returned = threading.Event()

        def keep_writing() -> None:
            while not returned.wait(0.02):
                output.write(result())

        writer = threading.Thread(target=keep_writing)
        writer.start()
        try:
            with viewers[0].accept() as tracks:
                assert read(tracks, 1)[0]["src"][0]["id"] == 1
        finally:
            returned.set()
            writer.join()


def test_a_viewer_that_does_not_read_holds_nobody_up(viewers: tuple[Viewer, Viewer]) -> None:
    with closing(output_to(viewers)) as output, viewers[0].accept(), viewers[1].accept():
        for _ in range(1_000):
            output.write(result())


def test_without_a_viewer_there_is_one_line_and_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    viewers = (Viewer(), Viewer())
    for viewer in viewers:
        viewer.close()
    with caplog.at_level(logging.WARNING), closing(output_to(viewers)) as output:
        for _ in range(100):
            output.write(result())
    assert caplog.text.count("no ODAS viewer at") <= 2


def test_closing_leaves_no_thread() -> None:
    before = threading.active_count()
    with closing(Viewer()) as tracks, closing(Viewer()) as potentials:
        output_to((tracks, potentials)).close()
    assert threading.active_count() == before
