"""Live results at a real broker: what subscribers get, and what the broker says when a listener is gone."""

import json
import logging
import queue
import shutil
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from jinja2 import Template
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from anydoa.errors import ConfigError
from anydoa.geometry import Zone
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.live.listener import LiveResult
from anydoa.live.mqtt import MqttAddress, MqttOutput, discovery_messages, state_message
from anydoa.tracking import Track

BROKER = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
NODE = "anydoa_house_living_room_" + f"{zlib.crc32(b'house/living_room'):08x}"
DESK = Zone("desk", (20, 60))
needs_broker = pytest.mark.skipif(BROKER is None, reason="mosquitto is not installed")


def result(*azimuths_deg: float, activity: float = 0.9) -> LiveResult:
    tracks = [
        Track(id, angles_deg_to_direction(azimuth, 10), 0.0, 0.5 + 0.1 * id, activity, 2.0)
        for id, azimuth in enumerate(azimuths_deg)
    ]
    return LiveResult(
        time_s=1.0, latency_s=0.02, processing_s=0.01, tracks=tuple(tracks), sources=(), spectrum=np.zeros(4),
        levels_db=np.zeros(2), peaks_db=np.zeros(2), dropped_s=0.0, speech=True,
    )  # fmt: skip


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


@contextmanager
def broker(folder: Path, port: int, *, user: str = "", password: str = "") -> Iterator[None]:
    lines = [f"listener {port} 127.0.0.1", f"allow_anonymous {'false' if user else 'true'}", "user root"]
    if user:
        tool = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
        subprocess.run([tool, "-b", "-c", folder / "passwords", user, password], check=True)
        lines.append(f"password_file {folder / 'passwords'}")
    (folder / "broker.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    process = subprocess.Popen([str(BROKER), "-c", folder / "broker.conf"], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: answers(port))
        yield
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def subscribed(
    port: int, topic: str = "#", *, user: str = "", password: str = ""
) -> Iterator["queue.Queue[tuple[str, str]]"]:
    """What a subscriber gets from now on, and what the broker has kept."""
    heard: queue.Queue[tuple[str, str]] = queue.Queue()
    client = Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(user or None, password or None)
    client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
    client.on_message = lambda client, data, message: heard.put((message.topic, message.payload.decode()))
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


def until(heard: "queue.Queue[tuple[str, str]]", topic: str, wanted: Callable[[str], bool]) -> str:
    while True:
        found, text = heard.get(timeout=30)
        if found == topic and wanted(text):
            return text


def test_the_state_names_the_clearest_talker_and_leaves_out_pauses() -> None:
    assert state_message(result(40, -75), {0: "desk"}) == {
        "talking": True, "talkers": 2, "id": 1, "azimuth_deg": -75, "elevation_deg": 10, "zone": None,
        "tracks": [
            {"id": 1, "azimuth_deg": -75, "elevation_deg": 10, "zone": None},
            {"id": 0, "azimuth_deg": 40, "elevation_deg": 10, "zone": "desk"},
        ],
        "zones": ["desk"],
    }  # fmt: skip
    silent = state_message(result(40, activity=0.1), {})
    assert silent == state_message(result(), {})
    assert (silent["talking"], silent["talkers"], silent["tracks"]) == (False, 0, [])
    assert {silent[key] for key in ("id", "azimuth_deg", "elevation_deg", "zone")} == {None}


def test_discovery_names_topics_and_a_device_of_its_own() -> None:
    messages = dict(discovery_messages("house/living_room", "ReSpeaker", [], "homeassistant"))
    assert set(messages) == {
        f"homeassistant/{component}/{NODE}/{key}/config"
        for component, key in (
            ("binary_sensor", "talking"), ("sensor", "talkers"),
            ("sensor", "azimuth_deg"), ("sensor", "elevation_deg"),
        )
    }  # fmt: skip
    assert len({message["unique_id"] for message in messages.values()}) == 4
    for message in messages.values():
        assert message["state_topic"] == "house/living_room/state"
        assert message["availability_topic"] == "house/living_room/status"


@pytest.mark.parametrize("name", ["desk", 'a "desk"', "Küche", "dog \N{DOG FACE}"])
def test_a_zone_of_any_name_is_on_while_somebody_is_in_it(name: str) -> None:
    messages = json.loads(json.dumps(dict(discovery_messages("room", "card", [name], "homeassistant"))))
    sensor = next(content for content in messages.values() if content["name"] == name)
    template = Template(sensor["value_template"])
    for inside, said in (([name], "ON"), ([], "OFF")):
        state = json.loads(json.dumps({"zones": inside}))
        assert template.render(value_json=state) == said


@needs_broker
def test_subscribers_get_the_state_at_once_and_later_ones_what_is_kept(tmp_path: Path) -> None:
    port = free_port()
    with broker(tmp_path, port):
        with closing(
            MqttOutput(MqttAddress.parse(f"mqtt://127.0.0.1:{port}/room"), "card", [DESK])
        ) as output:
            with subscribed(port) as heard:
                until(heard, "room/status", lambda text: text == "online")
                output.write(result(40))
                assert json.loads(until(heard, "room/state", lambda text: "40" in text))["talkers"] == 1
                output.write(result(90))  # a talker who moves out of a zone is news, however soon
                assert json.loads(until(heard, "room/state", lambda text: "90" in text))["zones"] == []
                output.write(result(40))
                until(heard, "room/state", lambda text: "40" in text)
            with subscribed(port) as heard:  # everything is kept for those who come later
                late = dict(heard.get(timeout=30) for _ in range(7))
            assert json.loads(late["room/state"])["azimuth_deg"] == 40
            assert json.loads(late["room/state"])["zones"] == ["desk"]
            assert late["room/status"] == "online"
            desk = json.loads(late["homeassistant/binary_sensor/anydoa_room/zone_desk/config"])
            assert desk["value_template"] == "{{ 'ON' if \"desk\" in value_json.zones else 'OFF' }}"
            config = json.loads(late["homeassistant/binary_sensor/anydoa_room/talking/config"])
            assert config["device"]["model"] == "card"
        with subscribed(port, "room/status") as heard:
            assert heard.get(timeout=30) == ("room/status", "offline")


@needs_broker
def test_the_broker_says_offline_when_the_process_is_killed(tmp_path: Path) -> None:
    port = free_port()
    command = [
        "anydoa", "live", "--array", "two_talkers.array.toml", "--replay", "two_talkers.wav", "--estimator",
        "srp-phat", "--grid", "fibonacci:256", "--no-vad", "--mqtt", f"mqtt://127.0.0.1:{port}/room",
    ]  # fmt: skip
    examples = Path(__file__).parents[3] / "examples"
    with broker(tmp_path, port), subscribed(port, "room/#") as heard:
        process = subprocess.Popen([sys.executable, "-m", *command], cwd=examples, stdout=subprocess.DEVNULL)
        until(heard, "room/status", lambda text: text == "online")
        until(heard, "room/state", lambda text: json.loads(text)["talking"])
        process.send_signal(signal.SIGKILL)
        process.wait()
        until(heard, "room/status", lambda text: text == "offline")


@needs_broker
def test_a_broker_that_comes_back_gets_everything_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    address = MqttAddress.parse(f"mqtt://anydoa:secret word@127.0.0.1:{port}/room".replace(" ", "%20"))
    with caplog.at_level(logging.WARNING), closing(MqttOutput(address, "card")) as output:
        wait_for(lambda: "does not answer" in caplog.text)
        output.write(result(40))  # nobody is there, and nobody is waited for
        for _ in range(2):
            with (
                broker(tmp_path, port, user="anydoa", password="secret word"),
                subscribed(port, "room/state", user="anydoa", password="secret word") as heard,
            ):
                assert json.loads(heard.get(timeout=60)[1])["azimuth_deg"] == 40
        # Once each time it is gone, not once a try.
        wait_for(lambda: caplog.text.count("looking for it") == 3)
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("room", "mqtt://HOST/TOPIC"),
        ("http://host/room", "mqtt://HOST/TOPIC"),
        ("mqtt://host", "is not empty"),
        ("mqtt://host/rooms/+", "has no +"),
        ("mqtt://host:99999/room", "a port is 0..65535"),
        ("http://me:secret@host/room", "http://host/room"),
        ("mqtt://me:secret/x@host/room", "write / # ? @ of a password as %2F %23 %3F %40"),
        ("mqtt://me:secret#1@host/room", "write / # ? @ of a password as"),
        ("mqtt://me:12/secret@host/room", "an @ behind the host; write / # ? @"),
        ("mqtt://me:12/secret#x@host/room", "an @ behind the host"),
        ("mqtt://me:12?secret@host/room", "an @ behind the host"),
        ("http://me:12/secret@host/room", "an @ behind the host"),
        ("me:secret@host/room", "an @ behind the host"),
    ],
)
def test_a_wrong_address_is_told_with_rule_and_value_but_no_password(address: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MqttAddress.parse(address)
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_address_has_defaults_and_decodes_what_is_escaped() -> None:
    assert MqttAddress.parse("mqtt://box/a/b%20c/") == MqttAddress("box", 1883, "a/b c")
    encrypted = MqttAddress.parse("mqtts://me:a%40b@box:8884/a")
    assert encrypted == MqttAddress("box", 8884, "a", encrypted=True, user="me", password="a@b")
    assert MqttAddress.parse("mqtt://me:a%2Fb%23c%3Fd@box/a%40b") == MqttAddress(
        "box", 1883, "a@b", user="me", password="a/b#c?d"
    )
