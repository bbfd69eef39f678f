"""The live stream over plain HTTP: the newest frame, who talks, events, and whether the server works."""

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from anydoa.web.server import PageServer, ServerOptions
from unit.web.served import RECORDING, serving

FIRST_TALKER = 40.0


def ask(server: PageServer, path: str, *, token: str | None = None) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def ask_until(server: PageServer, path: str, wanted: int) -> dict[str, Any]:
    for _ in range(600):
        status, answer = ask(server, path)
        if status == wanted:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{path} never had status {wanted}, last {status}: {answer}")


def events(server: PageServer) -> Iterator[dict[str, Any]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/events", timeout=60) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream:
            if line.startswith(b"data: "):
                yield json.loads(line.removeprefix(b"data: "))


def test_events_give_the_stream_without_spectra_and_answers_its_newest_frame() -> None:
    with serving(replay=RECORDING, pace=None, repeat=False) as server:
        ask_until(server, "/api/now", 200)
        told = list_until_end(events(server))
        assert told[0]["type"] == "hello"
        assert told[-1] == {"type": "end", "reason": "the stream has ended"}
        status, newest = ask(server, "/api/now")
        assert (status, newest["over"]) == (200, "the stream has ended")
        assert newest["type"] == "frame"
        assert "spectrum" not in newest
        status, talkers = ask(server, "/api/talkers")
        assert status == 200
        assert talkers == {key: newest[key] for key in ("time_s", "speech", "tracks", "over")}
        assert min(abs(track["azimuth_deg"] - FIRST_TALKER) for track in talkers["tracks"]) < 5
        # Whoever watches over the server learns that there is nothing to hear any more.
        assert ask(server, "/healthz") == (503, {"status": "over", "reason": "the stream has ended"})


def list_until_end(messages: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    told = []
    for message in messages:
        told.append(message)
        if message["type"] == "end":
            return told
    raise AssertionError("the stream of events was closed without an end")


def test_events_are_those_of_the_websocket_but_for_the_spectrum() -> None:
    with serving(replay=RECORDING) as server:
        frame = next(message for message in events(server) if message["type"] == "frame")
    assert {"time_s", "tracks", "sources", "levels_db"} <= set(frame)
    assert "spectrum" not in frame


def test_a_server_that_stops_ends_its_events() -> None:
    with serving(replay=RECORDING) as server:
        stream = events(server)
        assert next(stream)["type"] == "hello"
        begun = time.monotonic()
        server.stop()
        with contextlib.suppress(ConnectionError):
            for _ in stream:
                pass
    assert time.monotonic() - begun < 5


def test_without_a_live_stream_the_cure_is_named_and_the_server_is_well() -> None:
    with serving() as server:
        for path in ("/api/now", "/api/talkers", "/api/events"):
            status, answer = ask(server, path)
            assert status == 404
            assert "--replay or --device" in answer["error"]
        assert ask(server, "/healthz") == (200, {"status": "ok", "live": False})


def test_the_newest_frame_wants_the_token_and_health_does_not() -> None:
    with serving(ServerOptions(port=0, token="a-long-secret"), replay=RECORDING) as server:
        assert ask(server, "/healthz")[0] == 200
        assert {ask(server, path)[0] for path in ("/api/now", "/api/talkers", "/api/events")} == {401}
        assert ask(server, "/api/now", token="a-long-secret")[0] in (200, 503)


def test_events_are_refused_when_all_places_are_taken() -> None:
    with serving(replay=RECORDING, max_clients=1) as server:
        stream = events(server)
        next(stream)
        status, answer = ask(server, "/api/events")
        assert status == 503
        assert "all 1 places are taken" in answer["error"]
        stream.close()
