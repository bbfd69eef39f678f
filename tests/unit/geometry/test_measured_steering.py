"""Measured steering as a part of an array."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from anydoa.errors import GeometryError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, normalize_direction
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.measured_steering import MeasuredSteering
from body_scenes import measured, measured_ball

DIRECTIONS = fibonacci_grid(5).directions
RESPONSES = np.random.default_rng(0).standard_normal((5, 3, 40))
STEERING = MeasuredSteering(DIRECTIONS, RESPONSES, 48_000)
PLACES = np.array([[0.05, 0, 0], [0, 0.05, 0], [0, 0, 0.05]])


def test_of_some_microphones_their_own_responses_are_kept() -> None:
    chosen = STEERING.select([2, 0]).select([1])
    assert np.array_equal(chosen.responses, RESPONSES[:, :1].astype(np.float32))
    assert chosen.receivers == (0,)
    some = measured_ball(0).select_microphones([4, 1])
    assert some.steering is not None
    assert (some.num_microphones, some.steering.receivers) == (2, (4, 1))


def test_it_changes_the_hash_of_the_array_and_says_that_all_may_differ() -> None:
    free = MicrophoneArray(PLACES)
    array = free.replace(steering=STEERING)
    louder = free.replace(steering=MeasuredSteering(DIRECTIONS, 2 * RESPONSES, 48_000))
    turned = array.replace(mount_rpy_deg=(0, 0, 360))
    assert len({one.hash for one in (free, array, louder, turned)}) == 4
    assert (free.ambiguity.rank, array.ambiguity.rank) == ("plane", "volume")
    assert "as far as its measured responses differ" in array.ambiguity.sentence
    assert not array.phases_are_delays
    assert not array.levels_are_equal


def test_what_it_prints_is_short() -> None:
    assert len(repr(MicrophoneArray(PLACES, steering=STEERING))) < 600


@pytest.mark.parametrize(
    ("directions", "responses", "sample_rate", "message"),
    [
        (DIRECTIONS[:4], RESPONSES, 48_000, r"5 directions need as many rows .*, got shape \(4, 3\)"),
        (np.full((5, 3), np.nan), RESPONSES, 48_000, "rows of 3 finite numbers"),
        (np.ones((5, 3)), RESPONSES, 48_000, "two directions or more, got one"),
        (DIRECTIONS, RESPONSES[0], 48_000, r"got shape \(3, 40\)"),
        (DIRECTIONS, RESPONSES[:, :0], 48_000, r"got shape \(5, 0, 40\)"),
        (DIRECTIONS, np.full_like(RESPONSES, np.nan), 48_000, "must be finite"),
        (DIRECTIONS, RESPONSES * np.array([[1], [0], [1]]), 48_000, "microphone 1 are all 0"),
        (DIRECTIONS, RESPONSES, 8000, "16000 samples a second or more, got 8000"),
        (DIRECTIONS, RESPONSES, np.inf, "got inf"),
    ],
)
def test_other_responses_are_refused(
    directions: ArrayLike, responses: ArrayLike, sample_rate: float, message: str
) -> None:
    with pytest.raises(GeometryError, match=message):
        MeasuredSteering(directions, responses, sample_rate)


def test_what_does_not_belong_to_the_array_is_refused() -> None:
    with pytest.raises(GeometryError, match="2 microphones, but responses of 3 were measured"):
        MicrophoneArray(PLACES[:2], steering=STEERING)
    with pytest.raises(GeometryError, match="got rigid_sphere_radius and steering; keep one"):
        MicrophoneArray(PLACES, steering=STEERING, rigid_sphere_radius=0.05)


def test_two_ears_hear_cones_as_the_front_of_the_body_hears_them() -> None:
    ears = MicrophoneArray(
        [[0, 0.08, 0], [0, -0.08, 0]], steering=STEERING.select([0, 1]), mount_rpy_deg=(0, 0, 90)
    )
    assert ears.ambiguity.rank == "line"
    behind = angles_deg_to_direction([-40.0, 30.0], [20.0, 50.0])
    folded = ears.ambiguity.fold(behind)
    np.testing.assert_allclose(folded @ [1, 0, 0], behind @ [1, 0, 0])
    np.testing.assert_allclose(folded @ [0, 0, 1], 0, atol=1e-12)
    assert (folded @ [0, 1, 0] > 0).all()
    along = MicrophoneArray([[0.08, 0, 0], [-0.08, 0, 0]], steering=STEERING.select([0, 1]))
    assert along.ambiguity.fold(np.array([0.6, -0.8, 0.0])) == pytest.approx([0.6, 0, 0.8])


def test_a_ball_that_is_heard_alike_from_both_sides_has_two_sides_that_sound_alike() -> None:
    ring = np.array([[1, 0.1, 0], [-0.2, 1, 0], [-1, -0.5, 0], [0.3, -1, 0]])
    ball = MicrophoneArray(0.08 * normalize_direction(ring), rigid_sphere_radius=0.08)
    array = measured(ball, 300).replace(mount_rpy_deg=(90.0, 0.0, 0.0))
    assert array.ambiguity.rank == "plane"
    assert array.ambiguity.axis == pytest.approx([0, 1, 0])
    # In a case with a floor, sound from below is another one.
    assert array.steering is not None
    below = array.steering.directions[:, 2] < 0
    heard = array.steering.responses.copy()
    heard[below] = heard[below][:, [1, 2, 3, 0]]
    other = MeasuredSteering(array.steering.directions, heard, array.steering.sample_rate)
    assert array.replace(steering=other).ambiguity.rank == "volume"
