"""Who talks where, published to a broker of MQTT, in the form by which Home Assistant finds devices.

Under the topic of the address: ``status`` (``online`` or ``offline``) and ``state`` (JSON). Both are kept by
the broker, so whoever subscribes later knows at once. If the connection is lost, it says ``offline``.

Reference:
    OASIS (2014), MQTT 3.1.1: will and retained messages. Home Assistant: MQTT discovery, MQTT sensor.
"""

import contextlib
import json
import logging
import re
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from anydoa.errors import ConfigError, MissingExtraError
from anydoa.geometry import Zone
from anydoa.io.angles import round_angles_deg
from anydoa.live.listener import LiveResult
from anydoa.live.outputs import tracked_frame
from anydoa.live.zone_watch import ZoneWatch

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessageInfo

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PATIENCE_S = 2.0  # for the last word to the broker
_ESCAPES = "write / # ? @ of a password as %2F %23 %3F %40"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MqttAddress:
    """Where to publish.

    Args:
        host: name or address of the broker.
        port: port of it.
        topic: everything is published under it.
        encrypted: whether the connection is one of TLS.
        user: name to log in with; empty for none.
        password: what proves it.
    """

    host: str
    port: int
    topic: str
    encrypted: bool = False
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, address: str) -> "MqttAddress":
        """Read ``mqtt://USER:PASSWORD@HOST:PORT/TOPIC``, ``mqtts`` for TLS; user and port may be missing.

        In a user, a password and a topic ``%2F`` stands for ``/``, ``%23`` for ``#``, ``%3F`` for ``?`` and
        ``%40`` for ``@``.

        Raises:
            ConfigError: if it is no such address; a password in it is not repeated.
        """
        rule = "an MQTT address is mqtt://HOST/TOPIC or mqtts://USER:PASSWORD@HOST:PORT/TOPIC"
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:  # it names what it took for the port, which may be the begin of a password
            raise ConfigError(
                f"{rule}, got a host or a port that cannot be (a port is 0..65535); {_ESCAPES}"
            ) from None
        # The host ends at the first / # or ?, so one of them in a password leaves its rest and the @ behind.
        if "@" in parts.path + parts.query + parts.fragment:
            raise ConfigError(f"{rule}, got an @ behind the host; {_ESCAPES}")
        topic = unquote(parts.path).strip("/")
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ConfigError(
                f"{rule}, got {_without_password(address)!r}; give one such as mqtt://localhost/anydoa"
            )
        if not topic or any(sign in topic for sign in "+#\0") or parts.query or parts.fragment:
            raise ConfigError(f"a topic has no +, # or ?, and is not empty, got {topic!r}; {rule}")
        return cls(
            parts.hostname,
            port or _PORTS[parts.scheme],
            topic,
            parts.scheme == "mqtts",
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.topic}"


class MqttOutput:
    """Publishes live results; never waits for the broker, and looks for it while it is away.

    Args:
        address: where to publish.
        array: title of the array, which becomes the model of the device.
        zones: zones, each of which becomes a sensor that says whether somebody is there.
        every_s: least time between two messages about the same talkers; news of who talks is told at once.
        discovery: topic under which Home Assistant looks for devices.

    Raises:
        MissingExtraError: without paho-mqtt.
    """

    def __init__(
        self,
        address: MqttAddress,
        array: str,
        zones: Sequence[Zone] = (),
        *,
        every_s: float = 0.5,
        discovery: str = "homeassistant",
    ) -> None:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise MissingExtraError("publishing by MQTT", "mqtt", error) from None
        self._address, self._every_s = address, every_s
        self._watch = ZoneWatch(zones)
        names = [zone.name for zone in zones]
        self._device = tuple(discovery_messages(address.topic, array, names, discovery))
        self._told_s = float("-inf")
        self._state: dict[str, Any] = {"talking": False}
        self._missed = False
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.will_set(f"{address.topic}/status", "offline", qos=1, retain=True)
        if address.user:
            self._client.username_pw_set(address.user, address.password or None)
        if address.encrypted:
            self._client.tls_set_context(ssl.create_default_context())
        self._client.reconnect_delay_set(1, 30)
        self._client.on_connect = self._greet
        self._client.on_connect_fail = lambda client, data: self._miss("does not answer")
        self._client.on_disconnect = self._lose
        self._client.connect_async(address.host, address.port, keepalive=30)
        self._client.loop_start()

    def write(self, result: LiveResult) -> None:
        """Publish one result, if it says something new."""
        has_news = bool(self._watch.push(result))
        state = state_message(result, self._watch.inside)
        now = time.monotonic()
        has_news |= any(state[key] != self._state.get(key) for key in ("talking", "talkers"))
        if not has_news and (now - self._told_s < self._every_s or state == self._state):
            return
        self._told_s, self._state = now, state
        self._publish("state", json.dumps(state))

    def close(self) -> None:
        """Say that nobody listens any more, and leave."""
        last = self._publish("status", "offline")
        if last is not None:
            with contextlib.suppress(RuntimeError, ValueError):  # the connection was lost meanwhile
                last.wait_for_publish(_PATIENCE_S)
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self, leaf: str, text: str) -> "MQTTMessageInfo | None":
        """Publish under the topic; what cannot be sent now is told anew with the next connection."""
        if self._client.is_connected():
            # A state that is not acknowledged must not be sent again after a newer one: no connection is
            # without the newest, so it need not be.
            qos = 0 if leaf == "state" else 1
            return self._client.publish(f"{self._address.topic}/{leaf}", text, qos=qos, retain=True)
        return None

    def _greet(self, client: "Client", data: object, flags: object, reason: Any, more: object) -> None:
        """Say who this is and what is known, with every new connection."""
        if reason.is_failure:
            self._miss(f"refuses ({reason})")
            return
        self._missed = False
        for topic, content in self._device:
            client.publish(topic, json.dumps(content), qos=1, retain=True)
        self._publish("status", "online")
        self._publish("state", json.dumps(self._state))

    def _lose(self, client: "Client", data: object, flags: object, reason: Any, more: object) -> None:
        if reason.is_failure:
            self._miss(f"is gone ({reason})")

    def _miss(self, what: str) -> None:
        if not self._missed:
            _logger.warning("the MQTT broker at %s %s; looking for it", self._address, what)
        self._missed = True


def state_message(result: LiveResult, inside: Mapping[int, str]) -> dict[str, Any]:
    """Who talks now: how many, where the clearest of them is, each of them, and which zones somebody is in.

    Args:
        result: newest result.
        inside: names of the zones that talkers are in, by the talkers' numbers.
    """
    talking = [source for source in tracked_frame(result).sources if source.active]
    places = []
    for one in sorted(talking, key=lambda one: -one.score):
        azimuth_deg, elevation_deg = map(int, round_angles_deg(one.direction, 0))
        where = {"azimuth_deg": azimuth_deg, "elevation_deg": elevation_deg}
        places.append({"id": one.id, **where, "zone": inside.get(one.id)})
    clearest = places[0] if places else dict.fromkeys(("id", "azimuth_deg", "elevation_deg", "zone"))
    zones = sorted(set(inside.values()))
    return {"talking": bool(talking), "talkers": len(talking), **clearest, "tracks": places, "zones": zones}


def discovery_messages(
    topic: str, array: str, zones: Sequence[str], discovery: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Topics and messages by which Home Assistant makes a device with four sensors, and one for each zone.

    Args:
        topic: topic that everything is published under.
        array: title of the array.
        zones: names of zones.
        discovery: topic under which devices are looked for.
    """
    node = f"anydoa_{_identifier(topic)}"
    device = {
        "identifiers": [node],
        "name": topic,
        "manufacturer": "anydoa",
        "model": array,
        "sw_version": version("anydoa"),
    }
    degrees = {"unit_of_measurement": "°", "icon": "mdi:compass-outline"}
    sensors: dict[str, tuple[str, dict[str, Any]]] = {
        "talking": (
            "binary_sensor",
            {
                "name": "Talking",
                "device_class": "sound",
                "value_template": "{{ 'ON' if value_json.talking else 'OFF' }}",
            },
        ),
        "talkers": ("sensor", {"name": "Talkers", "icon": "mdi:account-voice"}),
        "azimuth_deg": ("sensor", {"name": "Azimuth", **degrees}),
        "elevation_deg": ("sensor", {"name": "Elevation", **degrees}),
    }
    for zone in zones:
        name = json.dumps(zone, ensure_ascii=False)  # Jinja does not join what JSON makes of an emoji
        template = f"{{{{ 'ON' if {name} in value_json.zones else 'OFF' }}}}"
        presence = {"name": zone, "device_class": "occupancy", "value_template": template}
        sensors[f"zone_{_identifier(zone)}"] = ("binary_sensor", presence)
    for key, (component, content) in sensors.items():
        yield (
            f"{discovery}/{component}/{node}/{key}/config",
            {
                "unique_id": f"{node}_{key}",
                "state_topic": f"{topic}/state",
                "availability_topic": f"{topic}/status",
                "value_template": f"{{{{ value_json.{key} }}}}",
                "device": device,
                **content,
            },
        )


def _identifier(name: str) -> str:
    """A name in letters and digits of ASCII, as topics of discovery want it; no two names become one."""
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return plain if plain == name else f"{plain}_{zlib.crc32(name.encode()):08x}".strip("_")


def _without_password(address: str) -> str:
    return re.sub(r"//.*@", "//", address)
