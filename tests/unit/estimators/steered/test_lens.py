"""The maximum between the directions of a lens."""

import numpy as np
from numpy.testing import assert_allclose

from anydoa.estimators.steered.lens import Lens
from anydoa.geometry.coordinates import angles_deg_to_direction, great_circle_distance_deg

CENTRE = angles_deg_to_direction(50, -20)
LENS = Lens(CENTRE)
AXES = LENS.directions[[17, 13]] - CENTRE  # to the next directions along both sides


def hill(place: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """The top of a tilted hill, so many steps from the middle, and its heights in all directions."""
    top = CENTRE + np.array(place) @ AXES
    along, across = np.linalg.pinv(AXES.T) @ (LENS.directions - top).T
    height = 1 - 0.01 * (along**2 + 2 * across**2 + along * across)
    return top / np.linalg.norm(top), height.astype(np.float32)


def test_the_top_of_a_hill_is_found_beside_an_edge_and_at_the_rim_too() -> None:
    beyond = LENS.directions @ AXES[0] < (CENTRE - 1.5 * AXES[0]) @ AXES[0]
    for place, is_inside in (((0.3, -0.6), True), ((1.2, 0.7), True), ((2.3, -0.4), False)):
        top, height = hill(place)
        for shown in (height, np.where(beyond, np.float32(0.5), height)):
            seen = LENS.maximum(shown, int(shown.argmax()))
            assert great_circle_distance_deg(seen.direction, top) < 0.01
            assert seen.is_inside is is_inside
            assert not seen.is_narrow


def test_where_there_is_no_maximum_between_the_best_direction_is_taken() -> None:
    slope = np.repeat(np.linspace(0.9, 1, 5), 5).astype(np.float32)
    seen = LENS.maximum(slope, 22)
    assert_allclose(seen.direction, LENS.directions[22])
    assert not seen.is_inside
    alone = np.full(25, 0.1, dtype=np.float32)
    alone[12] = 1
    seen = LENS.maximum(alone, 12)
    assert_allclose(seen.direction, CENTRE)
    assert seen.is_inside
    assert seen.is_narrow
