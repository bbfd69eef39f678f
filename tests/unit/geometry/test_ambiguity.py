"""What arrays cannot tell apart, proved by the delays they would measure."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import (
    angles_deg_to_direction,
    great_circle_distance,
    great_circle_distance_deg,
    random_rotation,
    rotate,
)
from anydoa.geometry.grid import cap_grid, fibonacci_grid
from anydoa.geometry.layouts import (
    circular_positions,
    linear_positions,
)
from shaped_arrays import HEARING_AIDS, LINE, RING, TETRAHEDRON, random_direction, time_differences, turned

seeds = st.integers(0, 2**31 - 1)
STRAIGHT = np.array([[x, 0, 0] for x in (-0.1, -0.03, 0.02, 0.1)])
FLAT = np.array([[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0], [0, -0.04, 0]])
SPATIAL = np.array([[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0], [0, 0, 0.05]])


@pytest.mark.parametrize(("array", "rank"), [(LINE, "line"), (RING, "plane"), (TETRAHEDRON, "volume")])
def test_the_rank_is_seen_whatever_way_the_array_is_turned_and_scaled(
    array: MicrophoneArray, rank: str
) -> None:
    assert array.ambiguity.rank == rank
    for seed in range(20):
        assert turned(array, seed).ambiguity.rank == rank
    assert array.replace(body_positions=array.body_positions * 10).ambiguity.rank == rank


@pytest.mark.parametrize(("thickness", "rank"), [(0.0, "plane"), (0.0008, "plane"), (0.0012, "volume")])
def test_one_per_cent_of_the_span_counts_as_flat(thickness: float, rank: str) -> None:
    positions = circular_positions(4, 0.05)
    positions[::2, 2] = thickness
    assert MicrophoneArray(positions).ambiguity.rank == rank


@pytest.mark.parametrize(("width", "rank"), [(0.0, "line"), (0.0008, "line"), (0.003, "plane")])
def test_one_per_cent_of_the_span_counts_as_straight(width: float, rank: str) -> None:
    positions = linear_positions(4, 0.1 / 3)
    positions[1, 0] = width
    assert MicrophoneArray(positions).ambiguity.rank == rank


def test_two_microphones_are_a_line_and_three_a_plane() -> None:
    assert MicrophoneArray([[0, 0, 0], [0.1, 0.2, 0.3]]).ambiguity.rank == "line"
    assert MicrophoneArray([[0, 0, 0], [0.1, 0.2, 0.3], [0.1, 0, 0]]).ambiguity.rank == "plane"


def test_principal_extents_measure_a_box() -> None:
    corners = np.array([[x, y, z] for x in (0, 0.3) for y in (0, 0.2) for z in (0, 0.1)])
    np.testing.assert_allclose(turned(MicrophoneArray(corners), 1).extents, [0.3, 0.2, 0.1])


def test_the_axis_is_the_line_or_the_normal_of_the_plane() -> None:
    np.testing.assert_allclose(LINE.ambiguity.axis, [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(RING.ambiguity.axis, [0, 0, 1], atol=1e-12)
    assert TETRAHEDRON.ambiguity.axis is None


@pytest.mark.parametrize("yaw_deg", [45.0, 135.0, -45.0, -135.0])
def test_the_order_of_microphones_does_not_turn_the_axis(yaw_deg: float) -> None:
    wall = MicrophoneArray(circular_positions(6, 0.05)[:, [2, 0, 1]], mount_rpy_deg=(0.0, 0.0, yaw_deg))
    rng = np.random.default_rng(0)
    for _ in range(60):
        shuffled = wall.select_microphones(rng.permutation(6).tolist())
        np.testing.assert_allclose(shuffled.ambiguity.axis, wall.ambiguity.axis, atol=1e-9)


def test_the_mount_turns_the_axis() -> None:
    upright = RING.replace(mount_rpy_deg=(0.0, 90.0, 0.0))
    np.testing.assert_allclose(upright.ambiguity.axis, [1, 0, 0], atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([LINE, RING, TETRAHEDRON, HEARING_AIDS]), seeds)
def test_mirror_directions_give_the_array_the_same_delays(array: MicrophoneArray, seed: int) -> None:
    array, direction = turned(array, seed), random_direction(seed)
    twins = array.ambiguity.sounds_like(direction)
    delays = time_differences(array, twins)
    np.testing.assert_allclose(delays, np.broadcast_to(delays[0], delays.shape), atol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(twins, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(twins[0], direction, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seeds, seeds)
def test_no_other_direction_gives_a_plane_the_same_delays(seed: int, other_seed: int) -> None:
    direction, other = random_direction(seed), random_direction(other_seed)
    assume(great_circle_distance(RING.ambiguity.sounds_like(direction), other).min() > 0.1)
    difference = time_differences(RING, direction) - time_differences(RING, other)
    assert np.abs(difference).max() > 1e-7


def test_each_rank_has_its_number_of_twins() -> None:
    direction = angles_deg_to_direction(30, 20)
    assert TETRAHEDRON.ambiguity.sounds_like(direction).shape == (1, 3)
    assert RING.ambiguity.sounds_like(direction).shape == (2, 3)
    assert LINE.ambiguity.sounds_like(direction, num_directions=12).shape == (12, 3)


def test_a_flat_array_swaps_up_and_down() -> None:
    twins = RING.ambiguity.sounds_like(angles_deg_to_direction(30, 20))
    np.testing.assert_allclose(twins[1], angles_deg_to_direction(30, -20), atol=1e-12)


def test_a_line_across_the_front_takes_front_for_back() -> None:
    twins = LINE.ambiguity.sounds_like(angles_deg_to_direction(30, 0), num_directions=2)
    np.testing.assert_allclose(twins[1], angles_deg_to_direction(150, 0), atol=1e-12)


def test_directions_in_the_plane_or_along_the_line_have_no_twin() -> None:
    assert len(RING.ambiguity.sounds_like(angles_deg_to_direction(77, 0))) == 1
    assert len(LINE.ambiguity.sounds_like(angles_deg_to_direction(90, 0))) == 1
    assert len(LINE.ambiguity.sounds_like(angles_deg_to_direction(-90, 0))) == 1


def test_the_cone_angle_is_measured_from_the_axis() -> None:
    cones = LINE.ambiguity.cones
    assert cones is not None
    assert cones.angles(angles_deg_to_direction(90, 0)) == pytest.approx(0, abs=1e-9)
    assert cones.angles(angles_deg_to_direction(0, 35)) == pytest.approx(np.pi / 2)
    assert cones.angles(angles_deg_to_direction(-60, 0)) == pytest.approx(np.deg2rad(150))
    assert RING.ambiguity.cones is None


def unit_vectors(rng: np.random.Generator, count: int) -> np.ndarray:
    vectors = rng.standard_normal((count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def delays(array: MicrophoneArray, directions: np.ndarray) -> np.ndarray:
    return directions @ array.centred_positions.T


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_folding_changes_no_delay_and_folds_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn, directions = random_rotation(rng), unit_vectors(rng, 20)
    for positions in (STRAIGHT, FLAT, SPATIAL):
        array = MicrophoneArray(rotate(positions, turn))
        folded = array.ambiguity.fold(directions)
        np.testing.assert_allclose(delays(array, folded), delays(array, directions), atol=1e-12)
        np.testing.assert_allclose(np.linalg.norm(folded, axis=1), 1)
        np.testing.assert_allclose(array.ambiguity.fold(folded), folded, atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_directions_with_the_same_delays_fold_onto_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    directions = unit_vectors(rng, 10)
    mirrored = directions * [1, 1, -1]
    flat = MicrophoneArray(FLAT)
    np.testing.assert_allclose(flat.ambiguity.fold(directions), flat.ambiguity.fold(mirrored), atol=1e-12)
    turn = rng.uniform(0, 2 * np.pi)
    about_x = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    straight = MicrophoneArray(STRAIGHT)
    spun = directions @ about_x.T
    np.testing.assert_allclose(straight.ambiguity.fold(directions), straight.ambiguity.fold(spun), atol=1e-7)


def test_an_array_in_space_keeps_the_grid() -> None:
    grid = fibonacci_grid(100)
    assert MicrophoneArray(SPATIAL).ambiguity.distinct(grid) is grid


def test_half_a_sphere_is_left_to_a_flat_array() -> None:
    grid = fibonacci_grid(2048)
    folded = MicrophoneArray(FLAT).ambiguity.distinct(grid)
    assert 1024 <= len(folded) < 1100
    assert folded.directions[:, 2].min() >= 0
    nearest = great_circle_distance_deg(
        folded.directions[:, None], MicrophoneArray(FLAT).ambiguity.fold(grid.directions)
    )
    assert nearest.min(axis=0).max() < 2 * np.rad2deg(grid.spacing)


def test_a_patch_below_a_flat_array_is_looked_for_above() -> None:
    below = cap_grid(30.0, -60.0, 10.0, 50)
    folded = MicrophoneArray(FLAT).ambiguity.distinct(below)
    assert len(folded) == 50
    centre = angles_deg_to_direction(30.0, 60.0)
    assert great_circle_distance_deg(folded.directions, centre).max() <= 10.0 + 1e-6


def test_a_straight_array_is_asked_for_its_cones() -> None:
    folded = MicrophoneArray(STRAIGHT).ambiguity.distinct(fibonacci_grid(500))
    cosine = folded.directions[:, 0]
    np.testing.assert_allclose(np.rad2deg(np.arccos(np.clip(cosine, -1, 1))), np.arange(181), atol=1e-5)


@pytest.mark.parametrize(
    ("positions", "rank"),
    [(STRAIGHT, 1), (circular_positions(6, 0.05), 2), (SPATIAL, 3)],
)
def test_what_is_left_makes_all_the_delays_and_no_more(positions: np.ndarray, rank: int) -> None:
    array = MicrophoneArray(rotate(positions, random_rotation(np.random.default_rng(0))), "turned")
    projection = array.ambiguity.projection
    directions = fibonacci_grid(50).directions
    np.testing.assert_allclose(
        directions @ projection @ array.centred_positions.T, directions @ array.centred_positions.T, atol=1e-9
    )
    assert np.linalg.matrix_rank(projection, tol=1e-6) == rank


@pytest.mark.parametrize("array", [LINE, RING, TETRAHEDRON])
def test_a_mirror_image_sounds_alike_and_is_its_own_inverse(array: MicrophoneArray) -> None:
    directions = fibonacci_grid(60).directions
    mirrored = array.ambiguity.mirror(directions)
    np.testing.assert_allclose(
        time_differences(array, mirrored), time_differences(array, directions), atol=1e-15
    )
    np.testing.assert_allclose(array.ambiguity.mirror(mirrored), directions, atol=1e-12)


def test_closeness_is_the_cosine_of_the_angle_unless_the_array_hears_less() -> None:
    directions = fibonacci_grid(40).directions
    np.testing.assert_allclose(
        TETRAHEDRON.ambiguity.closeness(directions, directions), directions @ directions.T
    )
    for array in (LINE, RING):
        closeness = array.ambiguity.closeness(directions, array.ambiguity.mirror(directions))
        np.testing.assert_allclose(np.diagonal(closeness), 1, atol=1e-12)
        assert (closeness >= directions @ array.ambiguity.mirror(directions).T - 1e-9).all()


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (LINE, "hears only the angle to its line: all directions of a cone around it sound alike"),
        (RING, "cannot tell above and below apart: a direction and its mirror image sound alike"),
        (
            RING.replace(mount_rpy_deg=(0.0, 45.0, 0.0)),
            "cannot tell the two sides of its plane apart: a direction and its mirror image sound alike",
        ),
        (TETRAHEDRON, "tells all directions apart"),
    ],
)
def test_one_sentence_says_what_sounds_alike(array: MicrophoneArray, sentence: str) -> None:
    assert array.ambiguity.sentence == sentence


@pytest.mark.parametrize("array", [LINE, RING, TETRAHEDRON])
def test_a_sweep_comes_near_to_all_that_the_array_hears(array: MicrophoneArray) -> None:
    projection = array.ambiguity.projection
    swept = array.ambiguity.sweep(0.1, fewest=10, most=3000)
    np.testing.assert_allclose(np.linalg.norm(swept, axis=1), 1, atol=1e-12)
    heard = fibonacci_grid(300).directions @ projection
    distance = np.linalg.norm(heard[:, None] - swept @ projection, axis=-1).min(axis=1)
    assert distance.max() < 0.15
    assert len(array.ambiguity.sweep(1e-6, fewest=10, most=50)) == 50


def test_representatives_are_fewer_the_less_an_array_hears() -> None:
    sphere = fibonacci_grid(1000)
    counts = [len(array.ambiguity.representatives(sphere)) for array in (LINE, RING, TETRAHEDRON)]
    assert counts[0] < 150
    assert 500 < counts[1] < 600
    assert counts[2] == 1000
