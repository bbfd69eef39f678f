"""Patterns of microphones by their definition, and what an array makes of them."""

import numpy as np
import pytest

from anydoa.errors import GeometryError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.pattern import PATTERN_SHARES, MicrophonePattern

SQUARE = np.array([[0.03, 0, 0], [0, 0.03, 0], [-0.03, 0, 0], [0, -0.03, 0]])
LEFT = MicrophonePattern.named("cardioid", (0, 5, 0))


def directional(name: str, axes: np.ndarray, positions: np.ndarray = SQUARE) -> MicrophoneArray:
    patterns = [MicrophonePattern.named(name, tuple(axis)) for axis in axes]
    return MicrophoneArray(positions, "directional", patterns=patterns)


def test_a_cardioid_hears_nothing_behind_and_half_across() -> None:
    array = MicrophoneArray(SQUARE[:2], patterns=[LEFT, MicrophonePattern(1)])
    directions = angles_deg_to_direction([90, 0, -90], [0, 0, 0])
    np.testing.assert_allclose(array.gains(directions), [[1, 1], [0.5, 1], [0, 1]], atol=1e-12)


@pytest.mark.parametrize(
    ("name", "null_deg"),
    [("cardioid", 180.0), ("supercardioid", 125.3), ("hypercardioid", 109.5), ("figure-of-eight", 90.0)],
)
def test_patterns_are_deaf_where_books_say(name: str, null_deg: float) -> None:
    share = PATTERN_SHARES[name]
    assert np.degrees(np.arccos(-share / (1 - share))) == pytest.approx(null_deg, abs=0.2)


def test_patterns_turn_with_the_mount() -> None:
    array = MicrophoneArray(SQUARE, patterns=[LEFT] * 4, mount_rpy_deg=(0, 0, 90))
    assert array.gains(angles_deg_to_direction(180.0, 0.0)) == pytest.approx(1)


def test_omnidirectional_patterns_are_none() -> None:
    plain = MicrophoneArray(SQUARE)
    omni = MicrophoneArray(SQUARE, patterns=[MicrophonePattern.named("omni", (0, 0, 1))] * 4)
    assert (omni.patterns, omni.hash, omni.levels_are_equal) == ((), plain.hash, True)
    assert np.array_equal(omni.gains(SQUARE), np.ones((4, 4)))


def test_patterns_change_the_hash() -> None:
    arrays = [MicrophoneArray(SQUARE), directional("cardioid", SQUARE), directional("cardioid", -SQUARE)]
    assert len({array.hash for array in arrays}) == 3


def test_of_some_microphones_their_own_patterns_are_kept() -> None:
    array = directional("cardioid", SQUARE)
    some = array.select_microphones([3, 1], channels=(1, 0))
    assert some.patterns == (array.patterns[3], array.patterns[1])
    assert some.channels == (1, 0)
    directions = angles_deg_to_direction([10, 100], [20, -30])
    assert np.array_equal(some.gains(directions), array.gains(directions)[:, [3, 1]])


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_of_two_sides_that_sound_alike_the_one_that_is_faced_counts(side: float) -> None:
    array = directional("cardioid", np.tile([0, 0, side], (4, 1)))
    assert array.ambiguity.rank == "plane"
    assert array.ambiguity.fold(np.array([0.6, 0, 0.8])) == pytest.approx([0.6, 0, side * 0.8])


def test_signs_tell_apart_what_levels_alone_do_not() -> None:
    outward = np.array([[0.6, 0, 0.8], [0, 1, 0], [-0.6, 0, 0.8], [0, -1, 0]])
    assert directional("cardioid", outward).ambiguity.rank == "plane"
    assert directional("figure-of-eight", SQUARE).ambiguity.rank == "plane"
    assert directional("figure-of-eight", outward).ambiguity.rank == "volume"
    line = np.array([[0.1, 0, 0], [0, 0, 0], [-0.1, 0, 0]])
    along, across = np.tile([1.0, 0, 0], (3, 1)), np.tile([0, 1.0, 0], (3, 1))
    assert directional("figure-of-eight", along, line).ambiguity.rank == "line"
    assert directional("figure-of-eight", across, line).ambiguity.rank == "line"  # all turn over at once
    around = np.array([[0, 1.0, 0], [0, 0, 1.0], [0, 1.0, 0]])
    assert directional("figure-of-eight", around, line).ambiguity.rank == "volume"
    assert directional("cardioid", across, line).ambiguity.rank == "line"


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_sign_that_all_microphones_share_tells_nothing(sign: float) -> None:
    up = np.tile([0, 0, 1.0], (4, 1))
    array = directional("supercardioid", sign * up)
    assert array.ambiguity.rank == "plane"
    assert array.ambiguity.is_on_kept_side(sign * up[:1]).all()
    both_ways = up * np.array([[1.0], [-1.0], [1.0], [-1.0]])
    assert directional("supercardioid", both_ways).ambiguity.rank == "plane"
    assert directional("supercardioid", np.concatenate([up[:2], SQUARE[2:]])).ambiguity.rank == "volume"


def test_only_negative_gains_change_phases() -> None:
    assert directional("cardioid", SQUARE).phases_are_delays
    assert not directional("supercardioid", SQUARE).phases_are_delays


@pytest.mark.parametrize(
    ("share", "axis", "message"),
    [
        (1.1, (1, 0, 0), r"must be 0\.\.1, got 1\.1"),
        (float("nan"), (1, 0, 0), r"must be 0\.\.1, got nan"),
        (0.5, (0, 0, 0), "3 numbers, not all 0"),
        (0.5, (1, 0, np.inf), "3 numbers, not all 0"),
    ],
)
def test_other_patterns_are_refused(share: float, axis: tuple[float, float, float], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        MicrophonePattern(share, axis)


def test_unknown_names_and_wrong_numbers_of_patterns_are_refused() -> None:
    with pytest.raises(GeometryError, match=r"one of omni, subcardioid, .*, got 'kidney'; take one"):
        MicrophonePattern.named("kidney")
    with pytest.raises(GeometryError, match="4 microphones but 2 patterns"):
        MicrophoneArray(SQUARE, patterns=[LEFT, LEFT])
    with pytest.raises(GeometryError, match="got rigid_sphere_radius and patterns; keep one"):
        MicrophoneArray(SQUARE, patterns=[LEFT] * 4, rigid_sphere_radius=0.03)
