"""What the ROS 2 example makes of results, without ROS."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

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


def test_a_stamp_is_the_time_of_the_sound(node: ModuleType) -> None:
    assert node.stamp(10_000_000_000, 0.25) == (9, 750_000_000)
