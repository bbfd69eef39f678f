"""The Kalman filter on the sphere."""

import numpy as np
import pytest
from free_field import random_direction
from hypothesis import given, settings
from hypothesis import strategies as st

from anydoa.geometry.coordinates import great_circle_distance, random_rotation, tangent_basis
from anydoa.tracking.motion import Motion, MotionModel, tangent_towards
from properties.strategies import seeds

MODEL = MotionModel(speed=0.2, memory_s=5.0)
spans = st.floats(0.001, 30)


def random_motion(rng: np.random.Generator) -> Motion:
    direction = random_direction(rng)
    spread = rng.standard_normal((2, 2))
    return Motion(direction, tangent_basis(direction).T @ rng.standard_normal(2), spread @ spread.T)


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_a_tangent_leads_along_the_great_circle_and_is_as_long_as_the_angle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start, end = random_direction(rng), random_direction(rng)
    tangent = tangent_towards(start, end)
    assert np.linalg.norm(tangent) == pytest.approx(float(great_circle_distance(start, end)))
    assert tangent @ start == pytest.approx(0, abs=1e-9)
    # Without fading and noise, one second of this velocity arrives.
    arrived = Motion(start, tangent, np.eye(2)).after(1.0, MotionModel(0.1, 1e9)).direction
    np.testing.assert_allclose(arrived, end, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(seeds, spans, st.floats(0.05, 0.95))
def test_two_steps_are_one_step(seed: int, seconds: float, share: float) -> None:
    motion = random_motion(np.random.default_rng(seed))
    whole = motion.after(seconds, MODEL)
    halves = motion.after(share * seconds, MODEL).after((1 - share) * seconds, MODEL)
    np.testing.assert_allclose(halves.direction, whole.direction, atol=1e-9)
    np.testing.assert_allclose(halves.velocity, whole.velocity, atol=1e-9)
    np.testing.assert_allclose(halves.covariance, whole.covariance, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(seeds, spans, st.booleans())
def test_turning_the_world_turns_the_motion(seed: int, seconds: float, teaches_velocity: bool) -> None:
    rng = np.random.default_rng(seed)
    motion, measured, turn = random_motion(rng), random_direction(rng), random_rotation(rng)
    here = motion.after(seconds, MODEL).corrected(measured, 0.01, teaches_velocity=teaches_velocity)
    turned = Motion(turn @ motion.direction, turn @ motion.velocity, motion.covariance)
    there = turned.after(seconds, MODEL).corrected(turn @ measured, 0.01, teaches_velocity=teaches_velocity)
    np.testing.assert_allclose(there.direction, turn @ here.direction, atol=1e-6)
    np.testing.assert_allclose(there.velocity, turn @ here.velocity, atol=1e-6)
    np.testing.assert_allclose(there.covariance, here.covariance, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(seeds, spans, st.floats(1e-4, 1))
def test_waiting_makes_less_sure_and_a_peak_surer(seed: int, seconds: float, variance: float) -> None:
    rng = np.random.default_rng(seed)
    motion = Motion.at(random_direction(rng), 0.1, MODEL)
    later = motion.after(seconds, MODEL)
    assert later.variance > motion.variance
    for teaches_velocity in (True, False):
        corrected = later.corrected(random_direction(rng), variance, teaches_velocity=teaches_velocity)
        assert corrected.variance < min(later.variance, variance)
        assert np.linalg.eigvalsh(corrected.covariance).min() > 0
        assert np.linalg.norm(corrected.direction) == pytest.approx(1)
        assert corrected.velocity @ corrected.direction == pytest.approx(0, abs=1e-9)


def test_a_velocity_is_learnt_from_directions_and_fades_when_nothing_comes() -> None:
    motion = Motion.at(np.array([1.0, 0.0, 0.0]), 0.01, MODEL)
    for step in range(1, 101):
        angle = 0.1 * 0.1 * step
        motion = motion.after(0.1, MODEL)
        motion = motion.corrected(np.array([np.cos(angle), np.sin(angle), 0.0]), 1e-4)
    assert np.linalg.norm(motion.velocity) == pytest.approx(0.1, rel=0.1)
    faded = motion.after(MODEL.memory_s, MODEL)
    assert np.linalg.norm(faded.velocity) == pytest.approx(np.linalg.norm(motion.velocity) / np.e)
    # The speed of one who was never seen again is the model's.
    assert motion.after(1000, MODEL).covariance[1, 1] == pytest.approx(MODEL.speed**2)


def test_a_peak_that_does_not_steer_leaves_the_velocity_alone() -> None:
    motion = random_motion(np.random.default_rng(0))
    corrected = motion.corrected(random_direction(np.random.default_rng(1)), 0.1, teaches_velocity=False)
    assert np.linalg.norm(corrected.velocity) == pytest.approx(np.linalg.norm(motion.velocity))
    assert not np.allclose(corrected.direction, motion.direction)
