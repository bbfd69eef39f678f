"""Who enters and leaves zones: once each, not in every frame at an edge, and not in a pause."""

import numpy as np

from anydoa.geometry import Zone
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io.results import ZoneEvent
from anydoa.live import LiveResult, ZoneWatch
from anydoa.tracking import Track

DESK, DOOR = Zone("desk", (20, 60)), Zone("door", (60, 100))


def heard(*places: tuple[int, float], activity: float = 0.9) -> LiveResult:
    tracks = [
        Track(id, angles_deg_to_direction(azimuth, 0), 0.0, 0.5, activity, 1.0) for id, azimuth in places
    ]
    return LiveResult(
        time_s=1.0, latency_s=0.02, processing_s=0.01, tracks=tuple(tracks), sources=(), spectrum=np.zeros(4),
        levels_db=np.zeros(2), peaks_db=np.zeros(2), dropped_s=0.0, speech=True,
    )  # fmt: skip


def test_a_talker_enters_moves_on_and_is_gone() -> None:
    watch = ZoneWatch([DESK, DOOR])
    assert watch.push(heard((0, 0.0))) == []
    assert watch.push(heard((0, 30.0), (1, 90.0))) == [ZoneEvent("desk", 0, True), ZoneEvent("door", 1, True)]
    assert watch.inside == {0: "desk", 1: "door"}
    assert watch.push(heard((0, 80.0), (1, 90.0))) == [
        ZoneEvent("desk", 0, False),
        ZoneEvent("door", 0, True),
    ]
    assert watch.push(heard((1, 90.0))) == [ZoneEvent("door", 0, False)]
    assert watch.inside == {1: "door"}


def test_nobody_enters_and_leaves_again_and_again_at_an_edge() -> None:
    watch = ZoneWatch([DESK])
    events = [event for azimuth in (21, 19, 21, 18, 22, 19) for event in watch.push(heard((0, azimuth)))]
    assert events == [ZoneEvent("desk", 0, True)]
    assert watch.push(heard((0, 15.0))) == [ZoneEvent("desk", 0, False)]


def test_an_inner_zone_that_comes_first_is_entered_from_the_outer_one() -> None:
    watch = ZoneWatch([DESK, Zone("room", (-180, 180))])
    assert watch.push(heard((0, 100.0))) == [ZoneEvent("room", 0, True)]
    assert watch.push(heard((0, 40.0))) == [ZoneEvent("room", 0, False), ZoneEvent("desk", 0, True)]
    assert watch.push(heard((0, 61.0))) == []  # within the margin of the desk
    assert watch.push(heard((0, 70.0))) == [ZoneEvent("desk", 0, False), ZoneEvent("room", 0, True)]


def test_who_pauses_neither_leaves_nor_enters() -> None:
    watch = ZoneWatch([DESK])
    assert watch.push(heard((0, 30.0), activity=0.1)) == []
    assert watch.push(heard((0, 30.0))) == [ZoneEvent("desk", 0, True)]
    assert watch.push(heard((0, 90.0), activity=0.1)) == []
