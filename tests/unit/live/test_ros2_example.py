"""What the ROS 2 example makes of results, with the message definitions of ROS 2 and without ROS."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.live.listener import LiveResult
from anydoa.tracking import Track

NODE = Path(__file__).parents[3] / "examples" / "ros2" / "anydoa_node.py"


@pytest.fixture(scope="module")
def node() -> ModuleType:
    spec = importlib.util.spec_from_file_location("anydoa_node", NODE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def track(id: int, azimuth_deg: float, elevation_deg: float = 0.0, *, activity: float = 0.9) -> Track:
    direction = angles_deg_to_direction(azimuth_deg, elevation_deg)
    return Track(id, direction, velocity_deg_s=0.0, score=0.5, activity=activity, age_s=1.0)


@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg"), [(0, 0), (90, 0), (-90, 0), (180, 0), (0, 90), (0, -90), (37, 21)]
)
def test_a_pose_looks_at_its_talker(node: ModuleType, azimuth_deg: float, elevation_deg: float) -> None:
    direction = angles_deg_to_direction(azimuth_deg, elevation_deg)
    x, y, z, w = node.facing(direction)
    assert x * x + y * y + z * z + w * w == pytest.approx(1)
    front = [1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)]
    np.testing.assert_allclose(front, direction, atol=1e-12)
    left = np.array([2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w)])
    assert left[2] == pytest.approx(0, abs=1e-12)  # no roll: its left stays level


def test_talkers_are_told_in_radians(node: ModuleType) -> None:
    left, above = json.loads(node.talkers_json([track(3, 90), track(4, 0, 45)]))
    assert (left["id"], left["azimuth"], left["y"]) == (3, pytest.approx(np.pi / 2), pytest.approx(1))
    assert (above["id"], above["elevation"]) == (4, pytest.approx(np.pi / 4))


def test_who_is_silent_is_not_published(node: ModuleType) -> None:
    result = LiveResult(
        time_s=1.0,
        latency_s=0.1,
        processing_s=0.1,
        tracks=(track(0, 10), track(1, 90, activity=0.1)),
        sources=(),
        spectrum=np.zeros(4),
        levels_db=np.zeros(2),
        peaks_db=np.zeros(2),
        dropped_s=0.0,
        speech=True,
    )
    assert [one.id for one in node.sounding(result)] == [0]
    assert node.talkers_json([]) == "[]"


class FakeNode:
    """Parameters as rclpy has them: of the type of their default, unless the descriptor says otherwise."""

    def __init__(self, **given: object) -> None:
        self._given = given

    def declare_parameter(self, name: str, default: str, descriptor: Any = None) -> SimpleNamespace:
        value = self._given.get(name, default)
        if type(value) is not type(default) and not getattr(descriptor, "dynamic_typing", False):
            raise TypeError(f"Trying to set parameter {name!r} to {value!r} of another type")
        return SimpleNamespace(value=value)


def test_a_parameter_that_ros_reads_as_a_number_is_taken_as_text(node: ModuleType) -> None:
    dynamic = SimpleNamespace(dynamic_typing=True)
    parameters = node.declared(FakeNode(device=2, array="respeaker-6", frame_id=7), dynamic)
    assert parameters == {**node.PARAMETERS, "device": "2", "array": "respeaker-6", "frame_id": "7"}
    with pytest.raises(ConfigError, match=r"frame_id must be text .*, got True; put it in quotes"):
        node.declared(FakeNode(frame_id=True), dynamic)


def test_a_stamp_is_the_time_of_the_sound(node: ModuleType) -> None:
    assert node.stamp(10_000_000_000, 0.25) == (9, 750_000_000)


def test_poses_travel_as_messages_of_ros_2(node: ModuleType) -> None:
    store = get_typestore(Stores.ROS2_JAZZY)
    packages = {
        "builtin_interfaces": ["Time"],
        "geometry_msgs": ["Point", "Pose", "PoseArray", "Quaternion"],
        "std_msgs": ["Header", "String"],
    }
    names = {name: f"{package}/msg/{name}" for package, listed in packages.items() for name in listed}
    types = SimpleNamespace(**{name: store.types[full] for name, full in names.items()})
    sent = node.poses(types, [track(3, 90), track(4, 0, 45)], (9, 750_000_000), "head")
    got = store.deserialize_cdr(store.serialize_cdr(sent, names["PoseArray"]), names["PoseArray"])
    assert (got.header.frame_id, got.header.stamp.sec, got.header.stamp.nanosec) == ("head", 9, 750_000_000)
    assert [pose.position.y for pose in got.poses] == [pytest.approx(1), pytest.approx(0)]
    assert got.poses[1].orientation.y == pytest.approx(-np.sin(np.pi / 8))
    text = types.String(data=node.talkers_json([track(3, 90)]))
    told = store.deserialize_cdr(store.serialize_cdr(text, names["String"]), names["String"])
    assert json.loads(told.data)[0]["id"] == 3


def test_the_node_asks_for_classes_that_ros_2_has(node: ModuleType) -> None:
    """The imports of the node, one by one, among the definitions of ROS 2 Jazzy."""
    imports = [
        (line.split()[1].removesuffix(".msg"), name.strip())
        for line in NODE.read_text().splitlines()
        if line.startswith("    from ") and ".msg import " in line
        for name in line.split(" import ")[1].split(",")
    ]
    assert len(imports) == 8
    known = get_typestore(Stores.ROS2_JAZZY).types
    assert all(f"{package}/msg/{name}" in known for package, name in imports)
