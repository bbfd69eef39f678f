"""Runs the ROS 2 example for real: its node and a listener, two processes that talk by DDS, and who is heard.

Run by `make check-ros`. It needs a package index that has ROS 2 as wheels (`ros-rclpy`, Python 3.11 on x86-64
Linux), which it installs into an environment of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "check-ros"
ROS = ("ros-rclpy", "ros-geometry-msgs", "ros-std-msgs", "ros-rmw-fastrtps-cpp")
TALKERS = ROOT / "examples" / "two_talkers"
NEAR_DEG = 10.0
LISTENER = textwrap.dedent(
    """
    import json, time
    import rclpy
    from geometry_msgs.msg import PoseArray
    from std_msgs.msg import String

    rclpy.init()
    node, poses, talkers = rclpy.create_node("listener"), [], []
    node.create_subscription(PoseArray, "/anydoa/directions", poses.append, 10)
    node.create_subscription(String, "/anydoa/talkers", lambda told: talkers.append(json.loads(told.data)),
                             10)
    print("ready", flush=True)
    end = time.monotonic() + 60
    while time.monotonic() < end and sum(map(bool, talkers)) < 10:
        rclpy.spin_once(node, timeout_sec=0.2)
    sent = [(len(one.poses), one.header.frame_id, one.header.stamp.sec) for one in poses]
    print(json.dumps({"poses": sent, "talkers": talkers}))
    """
)


def main() -> None:
    python = install()
    listener = subprocess.Popen([python, "-c", LISTENER], stdout=subprocess.PIPE, text=True)
    assert listener.stdout is not None
    assert listener.stdout.readline() == "ready\n"
    parameters = [
        f"array:={TALKERS}.array.toml", f"replay:={TALKERS}.wav", "estimator:=srp-phat", "frame_id:=head",
    ]  # fmt: skip
    options = [word for parameter in parameters for word in ("-p", parameter)]
    node = [python, ROOT / "examples" / "ros2" / "anydoa_node.py", "--ros-args", *options]
    while listener.poll() is None:  # the recording takes seconds, and DDS a moment to find who listens
        subprocess.run(node, check=True, timeout=120)
    check(json.loads(listener.stdout.read()))


def install() -> Path:
    """An environment with ROS 2 and this source, and its Python."""
    shutil.rmtree(WORK, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", WORK], check=True)
    python = WORK / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *ROS, f"{ROOT}[live]"], check=True)
    return python


def check(heard: dict[str, list]) -> None:
    """Stop unless both topics told of talkers, in the frame asked for, at the places of the truth."""
    sounding = [talkers for talkers in heard["talkers"] if talkers]
    if not sounding or not any(count for count, _, _ in heard["poses"]):
        sys.exit(f"nobody was heard: {heard}")
    frames = {frame for _, frame, _ in heard["poses"]}
    late_s = max(abs(time.time() - sec) for _, _, sec in heard["poses"])
    if frames != {"head"} or late_s > 300:
        sys.exit(f"messages have the frames {frames} and are {late_s} s old; 'head' and now were asked for")
    truth = json.loads(TALKERS.with_suffix(".truth.json").read_text())
    angles = np.radians([[source["azimuth_deg"], source["elevation_deg"]] for source in truth["sources"]])
    azimuth, elevation = angles.T
    places = np.stack(
        [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)], axis=1
    )
    told = np.array([[one["x"], one["y"], one["z"]] for talkers in sounding for one in talkers])
    off_deg = np.degrees(np.arccos(np.clip((told @ places.T).max(axis=1), -1, 1)))
    if np.median(off_deg) > NEAR_DEG:
        sys.exit(f"talkers are told {np.median(off_deg):.0f} degrees off, {NEAR_DEG:g} are allowed")
    print(f"{len(heard['poses'])} messages on each topic; talkers {np.median(off_deg):.1f} degrees off")


if __name__ == "__main__":
    os.environ.setdefault("ROS_LOCALHOST_ONLY", "1")
    main()
