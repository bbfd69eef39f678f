"""Talkers as messages of ROS 2: a thin node around the live pipeline.

anydoa's frame is that of REP-103 (x front, y left, z up), so directions need no turning; angles are radians
here. The functions above ``ros_types`` need no ROS.
"""

import json
import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from anydoa.errors import ConfigError
from anydoa.estimators import DEFAULT_ESTIMATOR
from anydoa.geometry.coordinates import direction_to_angles
from anydoa.live import LivePipeline, LiveResult
from anydoa.tracking import Track

ACTIVE = 0.5  # activity from which a talker is published; in silence the messages are empty
PARAMETERS = {
    "array": "",
    "device": "",
    "replay": "",
    "estimator": DEFAULT_ESTIMATOR,
    "grid": "fibonacci:2048",
    "frame_id": "mic",
}


def declared(node: Any, descriptor: Any) -> dict[str, str]:
    """The parameters of a node as text; ROS reads ``device:=2`` as a number, and may others.

    Args:
        node: the node.
        descriptor: a ``ParameterDescriptor`` that lets a parameter be of another type than its default.

    Raises:
        ConfigError: if a parameter is neither text nor a whole number.
    """
    values = {name: node.declare_parameter(name, text, descriptor).value for name, text in PARAMETERS.items()}
    for name, value in values.items():
        if not isinstance(value, str) and type(value) is not int:
            raise ConfigError(
                f"the parameter {name} must be text or a whole number, got {value!r}; "
                f"put it in quotes twice, as in -p {name}:='\"on\"'"
            )
    return {name: str(value) for name, value in values.items()}


def sounding(result: LiveResult) -> tuple[Track, ...]:
    """The talkers heard now."""
    return tuple(track for track in result.tracks if track.activity >= ACTIVE)


def facing(direction: np.ndarray) -> tuple[float, float, float, float]:
    """Quaternion (x, y, z, w) that turns +x towards a unit vector, by yaw and pitch, without roll."""
    azimuth, elevation = (float(angle) / 2 for angle in direction_to_angles(direction))
    return (
        math.sin(azimuth) * math.sin(elevation),
        -math.cos(azimuth) * math.sin(elevation),
        math.sin(azimuth) * math.cos(elevation),
        math.cos(azimuth) * math.cos(elevation),
    )


def talkers_json(tracks: Sequence[Track]) -> str:
    """Everything known of each talker: id, unit vector, angles in radians, activity and score 0..1."""
    rows = []
    for track in tracks:
        azimuth, elevation = (float(angle) for angle in direction_to_angles(track.direction))
        x, y, z = map(float, track.direction)
        rows.append(
            {"id": track.id, "x": x, "y": y, "z": z, "azimuth": azimuth, "elevation": elevation}
            | {"activity": track.activity, "score": track.score}
        )
    return json.dumps(rows)


def stamp(now_ns: int, latency_s: float) -> tuple[int, int]:
    """Seconds and nanoseconds of the moment a result is about, from the clock when it was ready."""
    return divmod(now_ns - round(latency_s * 1e9), 1_000_000_000)


def open_pipeline(parameters: dict[str, str]) -> LivePipeline:
    """The pipeline of a sound card, or of a recording that is played in its place."""
    from anydoa.live.feeds import DeviceFeed, FileFeed
    from anydoa.localizer import Localizer

    localizer = Localizer(parameters["array"], parameters["grid"], parameters["estimator"])
    if parameters["replay"]:
        return LivePipeline(localizer, FileFeed(parameters["replay"]))
    named = parameters["device"]
    device = int(named) if named.isdecimal() else named or None
    array = localizer.array
    return LivePipeline(localizer, DeviceFeed(device, array.num_recording_channels, match=array.device_match))


def poses(types: Any, tracks: Sequence[Track], stamp: tuple[int, int], frame_id: str) -> Any:
    """A ``geometry_msgs/PoseArray`` that looks at each talker from the middle of the array.

    Args:
        types: what has the classes Header, Point, Pose, PoseArray, Quaternion and Time.
        tracks: talkers heard now.
        stamp: seconds and nanoseconds of the moment the result is about.
        frame_id: name of the frame of the array.
    """
    looks = []
    for track in tracks:
        x, y, z = map(float, track.direction)
        i, j, k, w = facing(track.direction)
        place, turn = types.Point(x=x, y=y, z=z), types.Quaternion(x=i, y=j, z=k, w=w)
        looks.append(types.Pose(position=place, orientation=turn))
    time = types.Time(sec=stamp[0], nanosec=stamp[1])
    return types.PoseArray(header=types.Header(stamp=time, frame_id=frame_id), poses=looks)


def ros_types() -> SimpleNamespace:
    """The classes of the messages, from the ROS that runs."""
    from builtin_interfaces.msg import Time
    from geometry_msgs.msg import Point, Pose, PoseArray, Quaternion
    from rcl_interfaces.msg import ParameterDescriptor
    from std_msgs.msg import Header, String

    return SimpleNamespace(
        Header=Header,
        ParameterDescriptor=ParameterDescriptor,
        Point=Point,
        Pose=Pose,
        PoseArray=PoseArray,
        Quaternion=Quaternion,
        String=String,
        Time=Time,
    )


def main() -> None:
    import rclpy

    types = ros_types()
    rclpy.init()
    node: Any = rclpy.create_node("anydoa")
    parameters = declared(node, types.ParameterDescriptor(dynamic_typing=True))
    directions = node.create_publisher(types.PoseArray, "~/directions", 10)
    talkers = node.create_publisher(types.String, "~/talkers", 10)
    pipeline = open_pipeline(parameters)
    try:
        for result in pipeline:
            tracks = sounding(result)
            heard_at = stamp(node.get_clock().now().nanoseconds, result.latency_s)
            directions.publish(poses(types, tracks, heard_at, parameters["frame_id"]))
            talkers.publish(types.String(data=talkers_json(tracks)))
            rclpy.spin_once(node, timeout_sec=0)
            if not rclpy.ok():
                break
    finally:
        pipeline.close()
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
