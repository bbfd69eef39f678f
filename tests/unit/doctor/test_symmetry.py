"""Reorderings that an array cannot notice."""

import numpy as np
import pytest

from anydoa.doctor.symmetry import (
    apparent_motion,
    best_known_talker,
    equivalents,
    moved_places,
    rarity,
    reordering_delay_s,
    shift_of,
    symmetries,
)
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.geometry.layouts import circular_positions, linear_positions, tetrahedral_positions
from anydoa.io.array_file import load_array


@pytest.mark.parametrize(
    ("positions", "count"),
    [
        (circular_positions(6, 0.05), 12),
        (circular_positions(4, 0.03), 8),
        (circular_positions(6, 0.05, centre=True), 12),
        (linear_positions(5, 0.03), 2),
        (tetrahedral_positions(0.04), 24),
        (np.array([[0, 0, 0], [0.02, 0, 0], [0.07, 0, 0], [0.1, 0.05, 0]]), 1),
    ],
)
def test_arrays_have_as_many_symmetries_as_their_shape(positions: np.ndarray, count: int) -> None:
    group = symmetries(MicrophoneArray(positions))
    assert len(group) == len(set(group)) == count
    assert group[0] == tuple(range(len(positions)))


def test_a_circle_takes_every_shift_for_itself() -> None:
    group = symmetries(MicrophoneArray(circular_positions(6, 0.05)))
    shifts = {tuple((mic + step) % 6 for mic in range(6)) for step in range(6)}
    assert shifts < set(group)


def test_equivalents_of_an_order_are_a_class() -> None:
    group = symmetries(MicrophoneArray(circular_positions(6, 0.05)))
    order = (1, 0, 2, 3, 4, 5)
    same = set(equivalents(order, group))
    assert all(set(equivalents(other, group)) == same for other in same)
    assert tuple(range(6)) not in same


def test_talkers_on_an_axis_of_symmetry_settle_less_than_the_best_one() -> None:
    array = MicrophoneArray(circular_positions(6, 0.05))
    group = symmetries(array)
    best = best_known_talker(array, group)
    assert best is not None
    assert (best.num_ruled_out, best.num_reorderings) == (11, 11)
    front = reordering_delay_s(array, [list(order) for order in group[1:]], np.array([[1.0, 0.0, 0.0]]))
    assert (front < 1e-9).sum() == 1  # the mirror image through the front
    clearest = reordering_delay_s(
        array, [list(order) for order in group[1:]], angles_deg_to_direction([best.azimuth_deg], [0.0])
    )
    assert clearest.min() > 15e-6


def test_an_irregular_array_has_nothing_to_settle() -> None:
    array = load_array("kinect-v1")
    assert best_known_talker(array, symmetries(array)) is None


def test_swaps_are_likelier_than_shifts_and_those_likelier_than_chaos() -> None:
    orders = [(0, 1, 2, 3, 4), (1, 0, 2, 3, 4), (1, 2, 3, 4, 0), (1, 2, 0, 3, 4), (1, 0, 4, 2, 3)]
    assert [rarity(order) for order in orders] == sorted(rarity(order) for order in orders)
    assert [shift_of(order) for order in orders[:3]] == [0, None, 1]
    assert len(moved_places(orders[3])) == 3


@pytest.mark.parametrize(
    ("order", "change"),
    [((2, 3, 4, 5, 0, 1), "turned"), ((3, 2, 1, 0, 5, 4), "mirrored"), ((1, 0, 2, 3, 4, 5), "other")],
)
def test_a_reordering_of_a_circle_turns_or_mirrors_it(order: tuple[int, ...], change: str) -> None:
    circle = MicrophoneArray(circular_positions(6, 0.05))
    assert apparent_motion(circle, order) == change
    upright = circle.replace(mount_rpy_deg=(90.0, 0.0, 0.0))
    assert apparent_motion(upright, (2, 3, 4, 5, 0, 1)) == "other"


def test_the_reversal_of_a_level_line_turns_it() -> None:
    assert apparent_motion(MicrophoneArray(linear_positions(4, 0.05)), (3, 2, 1, 0)) == "turned"
