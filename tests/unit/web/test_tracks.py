"""Tracks of a live stream as files, its sound as a recording, and figures for programs that watch."""

import csv
import io
import json
import re
import time
import tracemalloc
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anydoa.errors import ConfigError
from anydoa.geometry import Zone
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.live import LiveResult
from anydoa.live.feeds import FileFeed
from anydoa.tracking import Track
from anydoa.web.server import PageServer
from anydoa.web.sound_recorder import RecordedFeed, RecordingLimits, SoundRecorder
from anydoa.web.track_log import MAX_FRAMES, TrackLog
from unit.web.served import RECORDING, serving
from unit.web.test_listening import request

ZONES = (Zone("desk", (20, 60)), Zone("door", (-90, -60)))


@pytest.fixture(scope="module")
def over() -> Iterator[PageServer]:
    """A server whose stream is heard to its end."""
    with serving(replay=RECORDING, pace=None, repeat=False, zones=ZONES) as server:
        for _ in range(600):
            if request(server, "GET", "/healthz")[0] == 503:
                break
            time.sleep(0.1)
        yield server


def fetch(server: PageServer, path: str) -> tuple[str, bytes]:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=30) as answer:
        return answer.headers.get("content-disposition", ""), answer.read()


def test_tracks_come_as_json_lines_csv_and_rttm_with_the_names_of_zones(over: PageServer) -> None:
    name, text = fetch(over, "/api/tracks?form=json")
    assert name == 'attachment; filename="live_tracks.jsonl"'
    header, *frames, last = map(json.loads, text.decode().splitlines())
    assert header["array"] == "two_talkers"
    assert {event["zone"] for frame in frames for event in frame.get("events", [])} == {"desk", "door"}
    assert {source["zone"] for source in last["summary"]["sources"]} == {"desk", "door"}
    rows = list(csv.DictReader(io.StringIO(fetch(over, "/api/tracks?form=csv")[1].decode())))
    assert len(rows) == sum(len(frame["sources"]) for frame in frames)
    assert {row["zone"] for row in rows} == {"desk", "door"}
    turns = [line.split() for line in fetch(over, "/api/tracks?form=rttm")[1].decode().splitlines()]
    assert {turn[7].split("_")[0] for turn in turns} == {"desk", "door"}
    assert all(0 < float(turn[4]) < 10 for turn in turns)


def test_tracks_of_a_part_and_of_no_time(over: PageServer) -> None:
    lines = fetch(over, "/api/tracks?form=json&begin=1&end=2")[1].decode().splitlines()
    times = [json.loads(line)["time_s"] for line in lines[1:-1]]
    assert 1 <= min(times) < max(times) <= 2
    for query, message in (
        ({"begin": "1e9"}, "nothing was heard from"),
        ({"form": "xml"}, "tracks are written as json, csv, rttm, got 'xml'"),
        ({"begin": "noon"}, "times are seconds from the start of the stream, got 'noon'"),
    ):
        status, answer = request(over, "GET", "/api/tracks", **query)
        assert status == 400
        assert message in answer["error"]


def test_four_hours_of_tracks_take_little_memory_and_stay_exact(over: PageServer) -> None:
    stream = over._listening.hub.stream
    assert stream is not None
    localizer = stream.pipeline.localizer
    log = TrackLog(localizer.header("talk.wav"), (), localizer.finder)
    places = [angles_deg_to_direction(40.123, 10), angles_deg_to_direction(-74.567, 0)]
    tracks = tuple(Track(id, place, 0.0, 0.51234, 0.876, 2.0) for id, place in enumerate(places, 70_001))
    result = LiveResult(
        time_s=0.0, latency_s=0.0, processing_s=0.0, tracks=tracks, sources=(), spectrum=np.zeros(4),
        levels_db=np.zeros(6), peaks_db=np.zeros(6), dropped_s=0.0, speech=True,
    )  # fmt: skip
    tracemalloc.start()
    try:
        for step in range(2000):
            log.push(replace(result, time_s=step / 10))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / 2000 * MAX_FRAMES < 30e6
    (row, *_) = csv.DictReader(io.StringIO("".join(log.text("csv"))))
    assert (row["id"], row["azimuth_deg"], row["score"], row["activity"]) == (
        "70001", "40.12", "0.5123", "0.876",
    )  # fmt: skip


def test_a_stream_is_recorded_as_it_sounds() -> None:
    with serving(replay=RECORDING) as server:
        assert request(server, "GET", "/api/recording")[0] == 404
        status, answer = request(server, "POST", "/api/recording", name="evening")
        assert (status, answer["recording"]["on"]) == (200, True)
        status, answer = request(server, "POST", "/api/recording")
        assert (status, "is being recorded already" in answer["error"]) == (400, True)
        time.sleep(0.5)
        answer = request(server, "DELETE", "/api/recording")[1]
        assert not answer["recording"]["on"]
        name, sound = fetch(server, "/api/recording")
        assert name == 'attachment; filename="evening.wav"'
        before = answer["recording"]
        status, answer = request(server, "DELETE", "/api/listening")
        assert (status, answer["recording"]) == (200, before)
        assert fetch(server, "/api/recording")[1] == sound  # who stops to listen still has it
        assert request(server, "DELETE", "/api/recording")[1]["recording"] == before
        status, answer = request(server, "POST", "/api/recording")
        assert (status, "there is nothing to record" in answer["error"]) == (400, True)
        # Another stream begins without a recording, and the one before is still the newest.
        choice = {"array": "two_talkers", "replay": RECORDING.name}
        assert request(server, "POST", "/api/listening", **choice)[1]["recording"] == before
        assert fetch(server, "/api/recording")[1] == sound
        request(server, "POST", "/api/recording", name="night")
        assert request(server, "GET", "/api/recording")[0] == 404
        answer = request(server, "DELETE", "/api/listening")[1]
        assert not answer["recording"]["on"]
        assert fetch(server, "/api/recording")[0] == 'attachment; filename="night.wav"'
    heard, rate = soundfile.read(io.BytesIO(sound))
    said, said_rate = soundfile.read(RECORDING)
    assert rate == said_rate
    starts = np.flatnonzero((said[: len(said) - 32] == heard[0]).all(axis=1))
    assert any(np.array_equal(said[at : at + 320], heard[:320]) for at in starts)


def test_a_recording_ends_at_its_limits(tmp_path: Path) -> None:
    feed = FileFeed(RECORDING, pace=None)
    second = RecordingLimits(max_minutes=1 / 60, spare_mb=0)
    recorder = SoundRecorder(feed, second)
    recorder.start(tmp_path / "a.wav")
    for _ in RecordedFeed(feed, recorder):
        pass
    assert soundfile.info(tmp_path / "a.wav").duration == 1.0
    assert recorder.content is not None
    assert "has reached its limit; download it" in recorder.content["problem"]
    full = SoundRecorder(feed, RecordingLimits(spare_mb=1e12))
    with pytest.raises(ConfigError, match="MB of the disk free, got"):
        full.start(tmp_path / "b.wav")
    with pytest.raises(ConfigError, match=r"0\.\.4000 MB, got 5000"):
        RecordingLimits(max_mb=5000)


def test_figures_are_in_the_format_of_prometheus(over: PageServer) -> None:
    lines = fetch(over, "/metrics")[1].decode().splitlines()
    figures = dict(line.split(" ") for line in lines if not line.startswith("#"))
    assert {float(value) >= 0 for value in figures.values()} == {True}
    assert float(figures["anydoa_sound_seconds_total"]) == pytest.approx(soundfile.info(RECORDING).duration)
    assert figures["anydoa_live"] == "0"
    assert {"anydoa_listeners", "anydoa_latency_seconds", "anydoa_talkers"} <= set(figures)
    for name in figures:
        assert re.fullmatch(r"anydoa_[a-z_]+", name)
        assert f"# TYPE {name} " in "\n".join(lines)
