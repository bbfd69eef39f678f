"""Estimators by name, and the protocol of published tables: every window of 32 ms stands for itself."""

import math

import numpy as np
import pytest
from free_field import random_array, random_direction

from anydoa.errors import ConfigError
from anydoa.estimators.catalogue import (
    ESTIMATORS,
    PUBLISHED_ESTIMATORS,
    estimator_for,
    learned_any_sound,
    make_estimator,
)
from anydoa.estimators.model import list_models
from anydoa.geometry.coordinates import great_circle_distance_deg
from anydoa.geometry.grid import fibonacci_grid
from anydoa.localizer import Localizer
from properties.strategies import make_scene

GRID = fibonacci_grid(256)
WINDOW, HOP = 512, 256

published = pytest.mark.parametrize("name", PUBLISHED_ESTIMATORS)


@pytest.mark.parametrize("name", [*ESTIMATORS, *PUBLISHED_ESTIMATORS])
def test_an_estimator_is_called_what_it_was_asked_for_as(name: str) -> None:
    assert make_estimator(name).name == name


def test_lists_of_estimators_leave_published_protocols_out() -> None:
    assert not {*ESTIMATORS, *list_models()} & {*PUBLISHED_ESTIMATORS}


@pytest.mark.parametrize("name", [*ESTIMATORS, *PUBLISHED_ESTIMATORS])
def test_what_knows_no_speech_looks_for_any_sound_as_it_is(name: str) -> None:
    assert estimator_for(name, "any") == estimator_for(name, "speech") == name


def test_steered_has_a_mask_for_any_sound() -> None:
    assert estimator_for("steered", "speech") == "steered"
    assert estimator_for("steered", "any") == estimator_for("steered-any", "any") == "steered-any"
    assert [name for name in list_models() if learned_any_sound(name)] == ["steered-any"]


@pytest.mark.parametrize(
    ("name", "reason"), [("agg-rl", "from speech alone"), ("hub:a/b", "model of its own")]
)
def test_a_model_of_speech_is_not_asked_for_any_sound(name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"{reason}.*take one of them or leave out"):
        estimator_for(name, "any")


def test_a_misspelt_published_protocol_is_told_its_name() -> None:
    with pytest.raises(ConfigError, match="did you mean 'srp-phat-published'"):
        make_estimator("srp-phat-publishd")


@published
def test_a_frame_of_a_published_protocol_is_one_window_and_nothing_else(name: str) -> None:
    rng = np.random.default_rng(0)
    scene = make_scene(rng, random_array(rng, 5), random_direction(rng), seconds=0.2)
    estimator = make_estimator(name)
    whole = estimator.spectrum(scene.audio, scene.array, GRID)
    assert whole.num_frames == (scene.audio.shape[1] - WINDOW) // HOP + 1
    for frame in range(whole.num_frames):
        window = scene.audio[:, frame * HOP : frame * HOP + WINDOW]
        alone = estimator.spectrum(window, scene.array, GRID)
        assert alone.times_s + frame * HOP / 16_000 == pytest.approx(whole.times_s[frame : frame + 1])
        np.testing.assert_allclose(alone.values[0], whole.values[frame], atol=1e-5)


@published
def test_a_published_protocol_hears_no_later_sound(name: str) -> None:
    assert make_estimator(name).with_look_ahead(math.inf).look_ahead_s == 0


@published
def test_a_published_protocol_locates_a_recording(name: str) -> None:
    rng = np.random.default_rng(1)
    scene = make_scene(rng, random_array(rng, 6), random_direction(rng))
    result = Localizer(scene.array, GRID, name, num_sources=1).locate(scene.audio, 16_000)
    (found,) = result.directions
    assert great_circle_distance_deg(found.direction, scene.direction) < 5
