"""Random arrays stay within the sizes that were published, and have the shape they are asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from anydoa.errors import ConfigError
from anydoa.simulation.array_sampling import SHAPES, sample_array, sample_dynamic_array

counts = st.integers(2, 16)
seeds = st.integers(0, 2**31 - 1)
STRAY = 2 * np.sqrt(3) * 0.005  # by which the jitter can part two microphones


@settings(max_examples=40, deadline=None)
@given(counts, seeds)
def test_a_random_array_is_centred_and_no_wider_than_its_size_allows(num_mics: int, seed: int) -> None:
    array = sample_dynamic_array(num_mics, np.random.default_rng(seed))
    assert array.num_microphones == num_mics
    assert np.allclose(array.positions.mean(axis=0), 0, atol=1e-12)
    assert array.span <= max(0.07, 0.09 + 0.04 * (num_mics - 4) / 8) + STRAY


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_four_microphones_keep_the_distance_published_for_four(seed: int) -> None:
    array = sample_dynamic_array(4, np.random.default_rng(seed))
    assert pdist(array.positions).min() >= 0.04 - STRAY


def test_sixteen_microphones_are_wider_than_four_on_average() -> None:
    rng = np.random.default_rng(0)
    span = {count: np.mean([sample_dynamic_array(count, rng).span for _ in range(40)]) for count in (4, 16)}
    assert span[16] > 1.15 * span[4]


def test_the_same_seed_gives_the_same_array() -> None:
    first, second = (sample_dynamic_array(7, np.random.default_rng(5)) for _ in range(2))
    assert first.hash == second.hash


@pytest.mark.parametrize("num_mics", [1, 129])
def test_impossible_numbers_of_microphones_are_refused(num_mics: int) -> None:
    with pytest.raises(ConfigError, match=f"got {num_mics}"):
        sample_dynamic_array(num_mics, np.random.default_rng(0))


@pytest.mark.parametrize("num_mics", [2, 3, 4, 5, 8, 12, 20, 32, 128])
@pytest.mark.parametrize("seed", range(8))
def test_lines_are_straight_planes_flat_and_others_neither(num_mics: int, seed: int) -> None:
    enough = [shape for shape, fewest in SHAPES.items() if num_mics >= fewest]
    for shape in enough:
        array = sample_array(shape, num_mics, np.random.default_rng(seed))
        assert array.num_microphones == num_mics
        assert np.allclose(array.positions.mean(axis=0), 0, atol=1e-12)
        extents = np.linalg.svd(array.positions, compute_uv=False)
        if shape in ("line", "plane"):
            assert array.ambiguity.rank == shape
            assert extents[{"line": 1, "plane": 2}[shape] :].max(initial=0) < 1e-12
        elif num_mics > 4:
            assert array.ambiguity.rank == "volume"


@settings(max_examples=40, deadline=None)
@given(counts, seeds)
def test_shapes_keep_their_sizes_and_least_distances(num_mics: int, seed: int) -> None:
    line = sample_array("line", num_mics, np.random.default_rng(seed))
    assert max(0.06, 0.015 * (num_mics - 1)) - 1e-9 <= line.span <= 1.2 + 1e-9
    assert line.spacing >= 0.015 - 1e-9
    wide = sample_array("wide", num_mics, np.random.default_rng(seed))
    assert wide.spacing >= 0.05 * 0.15
    assert wide.span <= 0.6
    if num_mics >= 3:
        plane = sample_array("plane", num_mics, np.random.default_rng(seed))
        assert plane.span <= 0.25 + 1e-9
        if not is_circle(plane.positions):
            assert plane.spacing >= 0.01


def is_circle(positions: np.ndarray) -> bool:
    """Whether the microphones are on a regular circle, one of them perhaps in its middle."""
    radius = np.sort(np.linalg.norm(positions, axis=1))
    return bool(np.ptp(radius[1:]) < 1e-9)


def test_half_of_the_planes_are_circles_and_half_of_these_have_a_microphone_in_the_middle() -> None:
    rng = np.random.default_rng(1)
    planes = [sample_array("plane", 7, rng).positions for _ in range(200)]
    circles = [positions for positions in planes if is_circle(positions)]
    middles = [positions for positions in circles if np.linalg.norm(positions, axis=1).min() < 1e-9]
    assert len(circles) == pytest.approx(100, abs=25)
    assert len(middles) == pytest.approx(50, abs=20)


def test_half_of_the_lines_are_even_and_those_have_no_wide_gaps() -> None:
    rng = np.random.default_rng(2)
    gaps = []
    for _ in range(200):
        positions = sample_array("line", 5, rng).positions
        axis = np.linalg.svd(positions)[2][0]
        gaps.append(np.diff(np.sort(positions @ axis)))
    even = [gap for gap in gaps if np.ptp(gap) < 1e-9]
    assert len(even) == pytest.approx(100, abs=25)
    assert max(gap.max() for gap in even) <= 0.2 + 1e-9


def test_two_even_microphones_are_at_most_twenty_centimetres_apart_and_others_up_to_six_times_that() -> None:
    rng = np.random.default_rng(3)
    spans = np.array([sample_array("line", 2, rng).span for _ in range(200)])
    assert (spans <= 0.2).mean() > 0.5
    assert 1.0 < spans.max() <= 1.2 + 1e-9


def test_shapes_are_turned_in_all_ways() -> None:
    rng = np.random.default_rng(4)
    lines = [sample_array("line", 3, rng) for _ in range(100)]
    axes = np.array([line.positions[-1] / np.linalg.norm(line.positions[-1]) for line in lines])
    assert np.abs(axes.mean(axis=0)).max() < 0.25
    assert np.allclose(axes.T @ axes / 100, np.eye(3) / 3, atol=0.15)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_seed_gives_the_same_array_of_every_shape(shape: str) -> None:
    first, second = (sample_array(shape, 7, np.random.default_rng(5)) for _ in range(2))
    assert first.hash == second.hash


def test_balls_are_the_arrays_that_were_published() -> None:
    ball = sample_array("ball", 6, np.random.default_rng(5))
    assert np.array_equal(ball.positions, sample_dynamic_array(6, np.random.default_rng(5)).positions)
    # What seed 5 has always drawn, so that banks built before stay what they are.
    assert ball.hash == "a7d51bf84767"


@pytest.mark.parametrize(
    ("shape", "num_mics", "message"),
    [
        ("cube", 4, "shapes ball, plane, line, wide, got 'cube'"),
        ("plane", 2, "at least 3 microphones, got 2"),
        ("line", 1, "at least 2 microphones, got 1"),
        ("wide", 129, "2..128 microphones, got 129"),
    ],
)
def test_shapes_that_cannot_be_are_refused(shape: str, num_mics: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sample_array(shape, num_mics, np.random.default_rng(0))
