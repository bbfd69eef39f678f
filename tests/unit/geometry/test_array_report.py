"""What arrays cannot tell apart, proved by the delays they would measure."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from anydoa.errors import GeometryError
from anydoa.geometry.ambiguity import (
    aliasing_frequency,
    aliasing_spacing,
    array_axis,
    array_report,
    cone_angle,
    geometry_rank,
    lowest_frequency,
    mirror_directions,
    principal_extents,
    smallest_resolvable_angle,
)
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance
from anydoa.geometry.layouts import (
    circular_positions,
    linear_positions,
    rectangular_positions,
    tetrahedral_positions,
)
from anydoa.geometry.rotation import random_rotation, rotate

LINE = MicrophoneArray(linear_positions(4, 0.03), "line")
RING = MicrophoneArray(circular_positions(6, 0.0463), "ring")
TETRAHEDRON = MicrophoneArray(tetrahedral_positions(0.04), "tetrahedron")
HEARING_AIDS = MicrophoneArray([[0.005, 0.08, 0], [-0.005, 0.08, 0], [0.005, -0.08, 0], [-0.005, -0.08, 0]])
seeds = st.integers(0, 2**31 - 1)


def turned(array: MicrophoneArray, seed: int) -> MicrophoneArray:
    rng = np.random.default_rng(seed)
    moved = rotate(array.body_positions, random_rotation(rng)) + rng.standard_normal(3)
    return array.replace(body_positions=moved)


def random_direction(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).standard_normal(3)
    return vector / np.linalg.norm(vector)


def time_differences(array: MicrophoneArray, directions: np.ndarray) -> np.ndarray:
    return -(directions @ array.centred_positions.T) / array.speed_of_sound


@pytest.mark.parametrize(("array", "rank"), [(LINE, "line"), (RING, "plane"), (TETRAHEDRON, "volume")])
def test_the_rank_is_seen_whatever_way_the_array_is_turned_and_scaled(
    array: MicrophoneArray, rank: str
) -> None:
    assert geometry_rank(array) == rank
    for seed in range(20):
        assert geometry_rank(turned(array, seed)) == rank
    assert geometry_rank(array.replace(body_positions=array.body_positions * 10)) == rank


@pytest.mark.parametrize(("thickness", "rank"), [(0.0, "plane"), (0.0008, "plane"), (0.0012, "volume")])
def test_one_per_cent_of_the_span_counts_as_flat(thickness: float, rank: str) -> None:
    positions = circular_positions(4, 0.05)
    positions[::2, 2] = thickness
    assert geometry_rank(MicrophoneArray(positions)) == rank


@pytest.mark.parametrize(("width", "rank"), [(0.0, "line"), (0.0008, "line"), (0.003, "plane")])
def test_one_per_cent_of_the_span_counts_as_straight(width: float, rank: str) -> None:
    positions = linear_positions(4, 0.1 / 3)
    positions[1, 0] = width
    assert geometry_rank(MicrophoneArray(positions)) == rank


def test_two_microphones_are_a_line_and_three_a_plane() -> None:
    assert geometry_rank(MicrophoneArray([[0, 0, 0], [0.1, 0.2, 0.3]])) == "line"
    assert geometry_rank(MicrophoneArray([[0, 0, 0], [0.1, 0.2, 0.3], [0.1, 0, 0]])) == "plane"


def test_principal_extents_measure_a_box() -> None:
    corners = np.array([[x, y, z] for x in (0, 0.3) for y in (0, 0.2) for z in (0, 0.1)])
    np.testing.assert_allclose(principal_extents(turned(MicrophoneArray(corners), 1)), [0.3, 0.2, 0.1])


def test_the_axis_is_the_line_or_the_normal_of_the_plane() -> None:
    np.testing.assert_allclose(array_axis(LINE), [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(array_axis(RING), [0, 0, 1], atol=1e-12)
    with pytest.raises(GeometryError, match="fills a volume"):
        array_axis(TETRAHEDRON)


def test_the_mount_turns_the_axis() -> None:
    upright = RING.replace(mount_rpy_deg=(0.0, 90.0, 0.0))
    np.testing.assert_allclose(array_axis(upright), [1, 0, 0], atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([LINE, RING, TETRAHEDRON, HEARING_AIDS]), seeds)
def test_mirror_directions_give_the_array_the_same_delays(array: MicrophoneArray, seed: int) -> None:
    array, direction = turned(array, seed), random_direction(seed)
    twins = mirror_directions(array, direction)
    delays = time_differences(array, twins)
    np.testing.assert_allclose(delays, np.broadcast_to(delays[0], delays.shape), atol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(twins, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(twins[0], direction, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seeds, seeds)
def test_no_other_direction_gives_a_plane_the_same_delays(seed: int, other_seed: int) -> None:
    direction, other = random_direction(seed), random_direction(other_seed)
    assume(great_circle_distance(mirror_directions(RING, direction), other).min() > 0.1)
    difference = time_differences(RING, direction) - time_differences(RING, other)
    assert np.abs(difference).max() > 1e-7


def test_each_rank_has_its_number_of_twins() -> None:
    direction = angles_deg_to_direction(30, 20)
    assert mirror_directions(TETRAHEDRON, direction).shape == (1, 3)
    assert mirror_directions(RING, direction).shape == (2, 3)
    assert mirror_directions(LINE, direction, num_directions=12).shape == (12, 3)


def test_a_flat_array_swaps_up_and_down() -> None:
    twins = mirror_directions(RING, angles_deg_to_direction(30, 20))
    np.testing.assert_allclose(twins[1], angles_deg_to_direction(30, -20), atol=1e-12)


def test_a_line_across_the_front_takes_front_for_back() -> None:
    twins = mirror_directions(LINE, angles_deg_to_direction(30, 0), num_directions=2)
    np.testing.assert_allclose(twins[1], angles_deg_to_direction(150, 0), atol=1e-12)


def test_directions_in_the_plane_or_along_the_line_have_no_twin() -> None:
    assert len(mirror_directions(RING, angles_deg_to_direction(77, 0))) == 1
    assert len(mirror_directions(LINE, angles_deg_to_direction(90, 0))) == 1
    assert len(mirror_directions(LINE, angles_deg_to_direction(-90, 0))) == 1


def test_the_cone_angle_is_measured_from_the_axis() -> None:
    assert cone_angle(LINE, angles_deg_to_direction(90, 0)) == pytest.approx(0, abs=1e-9)
    assert cone_angle(LINE, angles_deg_to_direction(0, 35)) == pytest.approx(np.pi / 2)
    assert cone_angle(LINE, angles_deg_to_direction(-60, 0)) == pytest.approx(np.deg2rad(150))
    with pytest.raises(GeometryError, match="no line"):
        cone_angle(RING, angles_deg_to_direction(0, 0))


@pytest.mark.parametrize(
    ("positions", "spacing"),
    [
        (linear_positions(4, 0.03), 0.03),
        (circular_positions(6, 0.0463), 0.0463),
        (circular_positions(6, 0.0463, centre=True), 0.0463),
        (rectangular_positions(4, 4, 0.042), 0.042),
        (tetrahedral_positions(0.04), 0.04),
        (HEARING_AIDS.body_positions, 0.16),  # across the head, not the centimetre at each ear
        ([[0, 0, 0], [0.04, 0, 0], [0.12, 0, 0], [0.28, 0, 0]], 0.04),  # the near pair settles a line
    ],
)
def test_the_spacing_that_counts_for_aliasing(positions: object, spacing: float) -> None:
    array = MicrophoneArray(positions)  # type: ignore[arg-type] # lists and arrays
    assert aliasing_spacing(array) == pytest.approx(spacing)
    assert aliasing_frequency(array) == pytest.approx(343 / (2 * spacing))


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_order_and_the_turn_of_microphones_change_no_spacing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    array = MicrophoneArray(0.1 * rng.standard_normal((6, 3)))
    shuffled = array.replace(body_positions=rng.permutation(array.body_positions))
    assert aliasing_spacing(shuffled) == pytest.approx(aliasing_spacing(array))
    assert aliasing_spacing(turned(array, seed)) == pytest.approx(aliasing_spacing(array))
    assert array.spacing <= aliasing_spacing(array) <= array.span


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_below_the_aliasing_frequency_a_line_never_repeats_its_phases(seed: int) -> None:
    frequency = 0.99 * aliasing_frequency(LINE)
    first, second = random_direction(seed), random_direction(seed + 1)
    assume(abs(cone_angle(LINE, first) - cone_angle(LINE, second)) > 0.05)
    phase = 2 * np.pi * frequency * time_differences(LINE, np.stack([first, second]))
    assert np.abs(np.exp(1j * phase[0]) - np.exp(1j * phase[1])).max() > 1e-3


def test_twice_the_aliasing_frequency_makes_the_ends_of_a_line_alike() -> None:
    phase = (
        2 * np.pi * aliasing_frequency(LINE) * time_differences(LINE, np.array([[0, 1.0, 0], [0, -1.0, 0]]))
    )
    relative = np.exp(1j * (phase - phase[:, :1]))
    np.testing.assert_allclose(relative[0], relative[1], atol=1e-9)


def test_the_lowest_frequency_gives_the_span_an_eighth_of_a_period() -> None:
    assert lowest_frequency(LINE) * LINE.span / 343 == pytest.approx(1 / 8)


def test_the_resolvable_angle_puts_one_period_between_two_waves() -> None:
    frequency = 8000.0
    half = smallest_resolvable_angle(LINE, frequency) / 2
    waves = np.array([[np.cos(half), np.sin(half), 0], [np.cos(half), -np.sin(half), 0]])
    first, second = time_differences(LINE, waves)
    assert np.ptp(first - second) * frequency == pytest.approx(1)


def test_the_resolvable_angle_shrinks_with_frequency_and_never_exceeds_half_a_turn() -> None:
    angles = [smallest_resolvable_angle(RING, f) for f in (10, 500, 2000, 4000, 8000)]
    assert angles[0] == pytest.approx(np.pi)
    assert angles == sorted(angles, reverse=True)
    for frequency in (0.0, -1.0, float("nan")):
        with pytest.raises(GeometryError, match="frequency must be positive"):
            smallest_resolvable_angle(RING, frequency)


def test_the_report_gathers_it_all() -> None:
    report = array_report(RING)
    assert (report.name, report.rank, report.num_microphones) == ("ring", "plane", 6)
    assert report.axis == pytest.approx((0, 0, 1))
    assert report.span == pytest.approx(0.0926)
    assert report.thickness == pytest.approx(0, abs=1e-12)
    assert report.aliasing_frequency == aliasing_frequency(RING)
    assert report.lowest_frequency == lowest_frequency(RING)
    assert [f for f, _ in report.resolvable_angles] == [500, 1000, 2000, 4000]
    assert array_report(TETRAHEDRON).axis is None
