"""Folding: what an array cannot tell apart becomes one direction, what it can stays."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg
from anydoa.geometry.folded_grid import fold_grid
from anydoa.geometry.folding import fold_directions
from anydoa.geometry.grid import cap_grid, fibonacci_grid
from anydoa.geometry.rotation import random_rotation, rotate

LINE = np.array([[x, 0, 0] for x in (-0.1, -0.03, 0.02, 0.1)])
PLANE = np.array([[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0], [0, -0.04, 0]])
VOLUME = np.array([[0.05, 0, 0], [-0.05, 0, 0], [0, 0.05, 0], [0, 0, 0.05]])
seeds = st.integers(0, 2**32 - 1)


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
    for positions in (LINE, PLANE, VOLUME):
        array = MicrophoneArray(rotate(positions, turn))
        folded = fold_directions(directions, array)
        np.testing.assert_allclose(delays(array, folded), delays(array, directions), atol=1e-12)
        np.testing.assert_allclose(np.linalg.norm(folded, axis=1), 1)
        np.testing.assert_allclose(fold_directions(folded, array), folded, atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_directions_with_the_same_delays_fold_onto_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    directions = unit_vectors(rng, 10)
    mirrored = directions * [1, 1, -1]
    flat = MicrophoneArray(PLANE)
    np.testing.assert_allclose(fold_directions(directions, flat), fold_directions(mirrored, flat), atol=1e-12)
    turn = rng.uniform(0, 2 * np.pi)
    about_x = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    straight = MicrophoneArray(LINE)
    spun = directions @ about_x.T
    np.testing.assert_allclose(
        fold_directions(directions, straight), fold_directions(spun, straight), atol=1e-7
    )


def test_an_array_in_space_keeps_the_grid() -> None:
    grid = fibonacci_grid(100)
    assert fold_grid(grid, MicrophoneArray(VOLUME)) is grid


def test_half_a_sphere_is_left_to_a_flat_array() -> None:
    grid = fibonacci_grid(2048)
    folded = fold_grid(grid, MicrophoneArray(PLANE))
    assert 1024 <= len(folded) < 1100
    assert folded.directions[:, 2].min() >= 0
    nearest = great_circle_distance_deg(
        folded.directions[:, None], fold_directions(grid.directions, MicrophoneArray(PLANE))
    )
    assert nearest.min(axis=0).max() < 2 * np.rad2deg(grid.spacing)


def test_a_patch_below_a_flat_array_is_looked_for_above() -> None:
    below = cap_grid(30.0, -60.0, 10.0, 50)
    folded = fold_grid(below, MicrophoneArray(PLANE))
    assert len(folded) == 50
    centre = angles_deg_to_direction(30.0, 60.0)
    assert great_circle_distance_deg(folded.directions, centre).max() <= 10.0 + 1e-6


def test_a_straight_array_is_asked_for_its_cones() -> None:
    folded = fold_grid(fibonacci_grid(500), MicrophoneArray(LINE))
    cosine = folded.directions[:, 0]
    np.testing.assert_allclose(np.rad2deg(np.arccos(np.clip(cosine, -1, 1))), np.arange(181), atol=1e-5)
