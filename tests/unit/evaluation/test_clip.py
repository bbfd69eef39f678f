"""Who speaks in a frame, and where."""

import numpy as np
import pytest

from anydoa.errors import ShapeError
from anydoa.evaluation.clip import SuiteClip
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, direction_to_angles_deg
from anydoa.simulation.scene import Scene

PAIR = MicrophoneArray([[0.05, 0, 0], [-0.05, 0, 0]])


def clip(activity: np.ndarray, azimuth_deg: list[float], valid: np.ndarray | None = None) -> SuiteClip:
    directions = angles_deg_to_direction(azimuth_deg, 0.0)[None]
    audio = np.zeros((2, activity.shape[1]), dtype=np.float32)
    return SuiteClip("one", "test", audio, PAIR, directions, activity, valid=valid)


def test_two_thirds_of_a_frame_make_a_talker_active() -> None:
    activity = np.zeros((1, 16_000), dtype=bool)
    activity[0, 8000:] = True
    one = clip(activity, [0.0])
    # Frames of 512 samples whose last 342 and 341 samples are speech: two thirds are 341.3.
    times = (8000 - 256 + np.array([342, 341])) / 16_000
    assert one.active_at(times).tolist() == [[True], [False]]


def test_a_frame_at_the_rim_counts_the_samples_there_are() -> None:
    activity = np.ones((1, 16_000), dtype=bool)
    assert clip(activity, [0.0]).active_at(np.array([0.0, 1.0])).all()


def test_a_frame_is_valid_only_throughout() -> None:
    activity = np.ones((1, 16_000), dtype=bool)
    valid = np.arange(16_000) < 8000
    one = clip(activity, [0.0], valid)
    assert one.valid_at(np.array([0.4, 0.484, 0.4845, 0.6])).tolist() == [True, True, False, False]


def test_a_walker_is_between_the_knots() -> None:
    one = clip(np.ones((1, 16_000), dtype=bool), [0.0, 20.0, 40.0])
    times_s = np.array([0.0, 0.25, 0.5, 1.0, 1.2]) * 15_999 / 16_000  # the last knot is the last sample
    azimuth, _ = direction_to_angles_deg(one.directions_at(times_s)[:, 0])
    np.testing.assert_allclose(azimuth, [0, 10, 20, 40, 40], atol=1e-6)
    assert not one.is_static


def test_the_clip_of_a_scene_keeps_the_path() -> None:
    path = angles_deg_to_direction([[0.0, 20.0, 40.0]], 0.0)
    active = np.ones((1, 16_000), dtype=bool)
    audio = np.zeros((2, 16_000), dtype=np.float32)
    scene = Scene(audio, 16_000, PAIR.positions, path[:, 1], active, 10.0, 0.3, seed=(0,), path=path)
    one = SuiteClip.from_scene(scene, PAIR, name="one", suite="test")
    assert not one.is_static
    times_s = np.array([0.0, 0.25, 0.6, 1.0])
    np.testing.assert_array_equal(one.directions_at(times_s), scene.directions_at(times_s))


def test_one_who_stands_is_everywhere_at_one_place() -> None:
    one = clip(np.ones((1, 16_000), dtype=bool), [30.0])
    assert one.is_static
    assert one.directions_at(np.array([0.0, 0.7])).shape == (2, 1, 3)


def test_a_talker_begins_with_the_first_speech_or_never() -> None:
    activity = np.zeros((2, 16_000), dtype=bool)
    activity[0, [4000, 9000]] = True
    directions = np.eye(3)[:2, None]
    two = SuiteClip("two", "test", np.zeros((2, 16_000), np.float32), PAIR, directions, activity)
    assert two.onsets_s.tolist() == [0.25, np.inf]


def test_signals_and_microphones_must_agree() -> None:
    with pytest.raises(ShapeError, match="3 signals for 2 microphones"):
        SuiteClip(
            "one", "test", np.zeros((3, 10), np.float32), PAIR, np.eye(3)[None, :1], np.ones((1, 10), bool)
        )
