"""Zones: what they hold, also across the back, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.errors import GeometryError
from anydoa.geometry import Zone, zone_of
from anydoa.geometry.coordinates import angles_deg_to_direction
from typechecking import unchecked

DESK = Zone("desk", (20, 60), (-10, 40))
BEHIND = Zone("behind", (150, -150))


def at(azimuth_deg: float, elevation_deg: float = 0) -> np.ndarray:
    return angles_deg_to_direction(azimuth_deg, elevation_deg)


@pytest.mark.parametrize(
    ("zone", "azimuth_deg", "elevation_deg", "inside"),
    [
        (DESK, 40, 0, True), (DESK, 61, 0, False), (DESK, 19, 0, False), (DESK, 40, 41, False),
        (DESK, 40, -11, False), (DESK, -140, 0, False), (BEHIND, 180, 0, True), (BEHIND, -160, 80, True),
        (BEHIND, 149, 0, False), (BEHIND, 0, 0, False), (Zone("all"), -179, -89, True),
        (Zone("right", (270, 300)), -75, 0, True), (Zone("around", (0, 360)), -91, 0, True),
        (Zone("left", (-180, 360)), 90, 0, True),
    ],
)  # fmt: skip
def test_a_zone_holds_what_lies_between_its_edges(
    zone: Zone, azimuth_deg: float, elevation_deg: float, inside: bool
) -> None:
    assert zone.holds(at(azimuth_deg, elevation_deg)) is inside


@pytest.mark.parametrize("edge_deg", [-150.0, -75.0, 0.0, 10.0, 30.0, 60.0, 110.0, 179.0])
def test_an_edge_belongs_to_its_zone_whatever_rounding_makes_of_it(edge_deg: float) -> None:
    for zone in (Zone("from", (edge_deg, edge_deg + 30)), Zone("to", (edge_deg - 30, edge_deg))):
        assert zone.holds(at(edge_deg))
    for edge in (20.0, 40.0, -25.0):
        assert Zone("low", (-180, 180), (edge, 90)).holds(at(edge_deg, edge))
        assert Zone("high", (-180, 180), (-90, edge)).holds(at(edge_deg, edge))


def test_straight_up_lies_in_every_azimuth() -> None:
    assert Zone("above", (30, 60), (45, 90)).holds(np.array([0.0, 0.0, 1.0]))
    assert Zone("below", (30, 60), (-90, 0)).holds(at(-170, -90))
    assert not DESK.holds(np.array([0.0, 0.0, 1.0]))


@settings(deadline=None)
@given(
    st.floats(-180, 180),
    st.floats(0.01, 350),
    st.floats(-179.9, 180),
    st.floats(0, 360).filter(lambda x: x < 359),
)
def test_turning_zone_and_direction_together_changes_nothing(
    begin: float, width: float, azimuth: float, turn: float
) -> None:
    def wrapped(angle: float) -> float:
        return (angle + 180) % 360 - 180

    zone = Zone("here", (begin, wrapped(begin + width)))
    turned = Zone("there", (wrapped(begin + turn), wrapped(begin + width + turn)))
    gap = min(abs(wrapped(azimuth - begin)), abs(wrapped(azimuth - begin - width)))
    if gap > 1e-6:  # at an edge rounding decides
        assert zone.holds(at(azimuth)) == turned.holds(at(azimuth + turn))


def test_a_margin_holds_a_little_more_on_every_side() -> None:
    for azimuth, elevation in ((18, 0), (62, 0), (40, 42), (40, -12)):
        assert not DESK.holds(at(azimuth, elevation))
        assert DESK.holds(at(azimuth, elevation), margin_deg=3)


def test_the_first_zone_counts_and_mirrors_come_last() -> None:
    wide = Zone("room")
    assert zone_of((DESK, wide), at(40)) == "desk"
    assert zone_of((wide, DESK), at(40)) == "room"
    assert zone_of((DESK,), at(90)) is None
    assert zone_of((DESK,), at(90), [at(30)]) == "desk"
    assert zone_of((BEHIND, DESK), at(40), [at(180)]) == "desk"
    assert zone_of((), at(40)) is None


@pytest.mark.parametrize(
    ("name", "azimuth", "elevation", "told"),
    [
        ("", (0, 1), (0, 1), "printable name"),
        (" a", (0, 1), (0, 1), "printable name"),
        ("a\n", (0, 1), (0, 1), "printable name"),
        ("a", (-181, 0), (0, 1), "-181 to 0"),
        ("a", (float("nan"), 0), (0, 1), "nan to 0"),
        ("a", (180, -180), (0, 1), "got 180 to -180, which is one; give -180 to 180 for all around"),
        ("a", (0, 0), (0, 1), "got 0 to 0, which is one"),
        ("a", (20, 20), (0, 1), "got 20 to 20, which is one"),
        ("a", (360, 0), (0, 1), "got 360 to 0, which is one"),
        ("a", (0, 1), (10, 10), "10 to 10"),
        ("a", (0, 1), (0, 91), "0 to 91"),
    ],
)
def test_what_can_be_no_zone_is_refused(
    name: str, azimuth: tuple[float, float], elevation: tuple[float, float], told: str
) -> None:
    with pytest.raises(GeometryError, match=told):
        Zone(name, azimuth, elevation)


@pytest.mark.parametrize("ends", [(20,), 20.0, None, ("20", "60"), (20, 60, 80)])
def test_a_range_has_two_ends(ends: object) -> None:
    with (
        unchecked(),
        pytest.raises(GeometryError, match=r"azimuth_deg has two ends in degrees, got .*; give"),
    ):
        Zone("a", ends)  # type: ignore[arg-type] # what is refused
