"""What every estimator makes of sound in which nobody can be found, and of samples that are no sound."""

import math

import numpy as np
import pytest
from free_field import random_array, random_direction

from anydoa.errors import AudioError
from anydoa.geometry.grid import fibonacci_grid
from anydoa.localizer import Localizer
from anydoa.simulation.noise import coherence_in_free_field, diffuse_noise, sensor_noise
from properties.strategies import ESTIMATORS, EstimatorCase, make_scene

RATE = 16_000
GRID = fibonacci_grid(96)
MOST_FRAMES = 0.05  # of noise in which a source may be named

every_estimator = pytest.mark.parametrize("case", ESTIMATORS)


@every_estimator
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused_whole_and_streamed(
    case: EstimatorCase, value: float
) -> None:
    rng = np.random.default_rng(0)
    scene = make_scene(rng, random_array(rng, 4), random_direction(rng))
    audio = scene.audio.copy()
    audio[2, 5000] = value
    with pytest.raises(AudioError, match="finite"):
        case.estimator.spectrum(audio, scene.array, GRID)
    stream = case.estimator.stream(scene.array, GRID)
    assert np.isfinite(stream.push(audio[:, :4000]).values).all()
    with pytest.raises(AudioError, match="finite"):
        stream.push(audio[:, 4000:])


@every_estimator
def test_a_stream_goes_on_after_a_refused_chunk(case: EstimatorCase) -> None:
    rng = np.random.default_rng(1)
    scene = make_scene(rng, random_array(rng, 4), random_direction(rng))
    stream = case.estimator.stream(scene.array, GRID)
    first = stream.push(scene.audio[:, :4000])
    with pytest.raises(AudioError):
        stream.push(np.full((4, 100), np.nan, dtype=np.float32))
    second = stream.push(scene.audio[:, 4000:])
    whole = case.estimator.spectrum(scene.audio, scene.array, GRID)
    np.testing.assert_allclose(np.concatenate([first.values, second.values]), whole.values, atol=1e-5)


@every_estimator
@pytest.mark.parametrize(
    ("num_mics", "look_ahead_s"), [(2, 0), (2, math.inf), (4, math.inf), (8, 0), (32, math.inf)]
)
def test_white_noise_has_no_sources(case: EstimatorCase, num_mics: int, look_ahead_s: float) -> None:
    rng = np.random.default_rng(num_mics)
    array = random_array(rng, max(num_mics, case.fewest_microphones), radius=0.08)
    audio = 0.05 * sensor_noise(array.num_microphones, 2 * RATE, rng)
    localizer = Localizer(array, fibonacci_grid(512), case.estimator, look_ahead_s=look_ahead_s)
    result = localizer.locate(audio, RATE)
    assert sum(bool(frame.sources) for frame in result.frames) <= MOST_FRAMES * len(result.frames)


# The mean of two spectra is judged by the threshold of the first alone.
@pytest.mark.parametrize("case", [param for param in ESTIMATORS if "+" not in str(param.id)])
@pytest.mark.parametrize(("num_mics", "look_ahead_s"), [(6, 0), (6, math.inf), (16, math.inf)])
def test_noise_from_everywhere_has_no_sources(
    case: EstimatorCase, num_mics: int, look_ahead_s: float
) -> None:
    rng = np.random.default_rng(num_mics)
    array = random_array(rng, num_mics, radius=0.08)
    field = diffuse_noise(coherence_in_free_field(array.positions), (1, 2 * RATE), rng)[0]
    audio = (0.05 * field).astype(np.float32)
    localizer = Localizer(array, fibonacci_grid(512), case.estimator, look_ahead_s=look_ahead_s)
    result = localizer.locate(audio, RATE)
    assert sum(bool(frame.sources) for frame in result.frames) <= MOST_FRAMES * len(result.frames)


@every_estimator
def test_silence_has_no_sources_at_any_scale(case: EstimatorCase) -> None:
    array = random_array(np.random.default_rng(2), 4)
    localizer = Localizer(array, GRID, case.estimator)
    for audio in (np.zeros((4, RATE)), np.full((4, RATE), 1e-300)):
        result = localizer.locate(audio.astype(np.float64), RATE)
        assert result.directions == ()


@every_estimator
@pytest.mark.parametrize("exponent", [-30, -10, 10])
def test_a_talker_is_found_at_any_scale(case: EstimatorCase, exponent: int) -> None:
    rng = np.random.default_rng(3)
    scene = make_scene(rng, random_array(rng, 6), random_direction(rng), seconds=1.0)
    localizer = Localizer(scene.array, fibonacci_grid(512), case.estimator)
    usual = localizer.locate(scene.audio.astype(np.float64), RATE)
    scaled = localizer.locate(scene.audio.astype(np.float64) * 10.0**exponent, RATE)
    assert len(usual.directions) == len(scaled.directions) == 1
    np.testing.assert_allclose(scaled.directions[0].direction, usual.directions[0].direction, atol=1e-3)
