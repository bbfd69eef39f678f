"""What every estimator promises, classical or neural, tested against the protocol alone."""

import numpy as np
import pytest
from free_field import random_array, random_direction
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from anydoa.errors import GeometryError
from anydoa.estimators.catalogue import ESTIMATORS as NAMES
from anydoa.estimators.model.folder import list_models
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import (
    angles_to_direction,
    great_circle_distance_deg,
    random_rotation,
    rotate,
)
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.spectrum import SpatialSpectrum, SpectrumEstimator
from properties.strategies import (
    ESTIMATORS,
    EstimatorCase,
    Scene,
    chunkings,
    make_scene,
    random_scene,
    scales,
    seeds,
)

GRID = fibonacci_grid(96)
ACCURACY_DEG = 10.0  # how near a loud source in free field is found, wherever it is
ROUNDING = 1e-3  # of a value: single precision, and subspaces that a bin hardly tells apart

every_estimator = pytest.mark.parametrize("case", ESTIMATORS)
pointwise_estimators = pytest.mark.parametrize("case", [p for p in ESTIMATORS if p.values[0].pointwise])
turning_estimators = pytest.mark.parametrize("case", [p for p in ESTIMATORS if p.values[0].turns])
few_examples = settings(max_examples=8, deadline=None)


def run(case: EstimatorCase, scene: Scene, grid: DirectionGrid = GRID) -> np.ndarray:
    return case.estimator.spectrum(scene.audio, scene.array, grid).values


def assert_is_a_spectrum(spectrum: SpatialSpectrum, num_directions: int) -> None:
    assert spectrum.values.shape == (spectrum.num_frames, num_directions)
    assert spectrum.values.dtype == np.float32
    assert np.isfinite(spectrum.values).all()
    assert spectrum.values.min() >= 0
    assert spectrum.values.max() <= 1
    assert np.isfinite(spectrum.level).all()


def test_every_estimator_of_the_package_is_tested_here() -> None:
    assert {*NAMES, *list_models()} == {param.id for param in ESTIMATORS}


@every_estimator
def test_every_estimator_is_on_the_protocol(case: EstimatorCase) -> None:
    assert isinstance(case.estimator, SpectrumEstimator)
    assert 0 <= case.estimator.threshold <= 1
    assert case.estimator.name == case.estimator.name.lower().strip()


@every_estimator
@few_examples
@given(seeds, seeds)
def test_the_order_of_microphones_changes_nothing(case: EstimatorCase, scene_seed: int, seed: int) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    order = np.random.default_rng(seed).permutation(len(scene.audio))
    shuffled = Scene(MicrophoneArray(scene.array.positions[order]), scene.direction, scene.audio[order])
    assert_allclose(run(case, shuffled), run(case, scene), atol=ROUNDING)


@every_estimator
@few_examples
@given(seeds, st.tuples(*3 * [st.floats(-10, 10)]))
def test_moving_the_array_changes_nothing(
    case: EstimatorCase, scene_seed: int, offset: tuple[float, float, float]
) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    moved = Scene(MicrophoneArray(scene.array.positions + offset), scene.direction, scene.audio)
    assert_allclose(run(case, moved), run(case, scene), atol=ROUNDING)


@turning_estimators
@few_examples
@given(seeds, seeds)
def test_turning_array_and_grid_together_changes_nothing(
    case: EstimatorCase, scene_seed: int, seed: int
) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    matrix = random_rotation(np.random.default_rng(seed))
    turned = Scene(MicrophoneArray(rotate(scene.array.positions, matrix)), scene.direction, scene.audio)
    assert_allclose(run(case, turned, GRID.rotated(matrix)), run(case, scene), atol=ROUNDING)


@every_estimator
@few_examples
@example(100_000, 0)  # a talker lies midway between two directions of the grid
@given(seeds, seeds)
def test_the_order_of_directions_reorders_the_spectrum(
    case: EstimatorCase, scene_seed: int, seed: int
) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    order = np.random.default_rng(seed).permutation(len(GRID))
    assert_allclose(
        run(case, scene, DirectionGrid(GRID.directions[order])), run(case, scene)[:, order], atol=ROUNDING
    )


@pointwise_estimators
@few_examples
@given(seeds, seeds)
def test_a_part_of_the_grid_gives_that_part_of_the_spectrum(
    case: EstimatorCase, scene_seed: int, seed: int
) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    rng = np.random.default_rng(seed)
    part = rng.choice(len(GRID), size=rng.integers(1, len(GRID)), replace=False)
    values = run(case, scene, DirectionGrid(GRID.directions[part]))
    assert_allclose(values, run(case, scene)[:, part], atol=ROUNDING)


@every_estimator
@few_examples
@given(seeds, scales)
@example(132, 10**-5.5)  # about as faint as what is brought near one
def test_the_scale_of_the_audio_changes_the_level_alone(
    case: EstimatorCase, scene_seed: int, scale: float
) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    here = case.estimator.spectrum(scene.audio, scene.array, GRID)
    there = case.estimator.spectrum(np.float32(scale) * scene.audio, scene.array, GRID)
    assert_allclose(there.values, here.values, atol=ROUNDING)
    assert_allclose(there.level, scale * here.level, rtol=1e-3)


@every_estimator
@few_examples
@given(seeds, st.integers(1, 7999), seeds)
def test_the_future_does_not_change_the_past(
    case: EstimatorCase, scene_seed: int, present: int, seed: int
) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    changed = scene.audio.copy()
    noise = np.random.default_rng(seed).standard_normal(changed[:, present:].shape)
    changed[:, present:] = noise.astype(np.float32)
    past = max(0, (present - case.estimator.window_length) // case.estimator.hop_length + 1)
    after = case.estimator.spectrum(changed, scene.array, GRID)
    before = case.estimator.spectrum(scene.audio, scene.array, GRID)
    assert_allclose(after.values[:past], before.values[:past], atol=1e-5)
    assert_allclose(after.level[:past], before.level[:past], rtol=1e-5)
    assert not np.array_equal(after.values, before.values) or past == before.num_frames


@every_estimator
@few_examples
@given(seeds, chunkings)
def test_any_chunking_gives_what_the_whole_recording_gives(
    case: EstimatorCase, scene_seed: int, chunk_lengths: list[int]
) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    stream = case.estimator.stream(scene.array, GRID)
    cuts = np.cumsum(chunk_lengths)
    chunks = np.split(scene.audio, cuts[cuts < scene.audio.shape[1]], axis=1)
    streamed = SpatialSpectrum.join([stream.push(chunk) for chunk in chunks])
    whole = case.estimator.spectrum(scene.audio, scene.array, GRID)
    assert_allclose(streamed.values, whole.values, atol=1e-5)
    assert_allclose(streamed.level, whole.level, rtol=1e-5)
    assert_allclose(streamed.times_s, whole.times_s, rtol=1e-12)


@every_estimator
def test_single_samples_give_what_the_whole_recording_gives(case: EstimatorCase) -> None:
    rng = np.random.default_rng(1)
    length = case.estimator.window_length + 2 * case.estimator.hop_length
    scene = make_scene(rng, random_array(rng, 4), random_direction(rng))
    audio = scene.audio[:, :length]
    stream = case.estimator.stream(scene.array, GRID)
    streamed = SpatialSpectrum.join([stream.push(sample) for sample in np.split(audio, length, axis=1)])
    assert_allclose(streamed.values, case.estimator.spectrum(audio, scene.array, GRID).values, atol=1e-5)


@every_estimator
@few_examples
@given(seeds, st.integers(0, 9000))
def test_frames_come_every_hop_after_the_first_window(
    case: EstimatorCase, seed: int, num_samples: int
) -> None:
    rng = np.random.default_rng(seed)
    estimator, num_mics = case.estimator, case.fewest_microphones
    audio = rng.standard_normal((num_mics, num_samples)).astype(np.float32)
    spectrum = estimator.spectrum(audio, random_array(rng, num_mics), GRID)
    expected = max(0, (num_samples - estimator.window_length) // estimator.hop_length + 1)
    assert spectrum.values.shape == (expected, len(GRID))
    assert spectrum.times_s.shape == spectrum.level.shape == (expected,)
    assert_allclose(np.diff(spectrum.times_s), estimator.hop_length / estimator.sample_rate)
    assert (spectrum.times_s > 0).all()
    assert (spectrum.times_s[:1] < estimator.window_length / estimator.sample_rate).all()


@every_estimator
@pytest.mark.parametrize("num_microphones", [2, 3, 5, 16, 32])
def test_two_to_thirty_two_microphones_give_a_spectrum_or_are_refused(
    case: EstimatorCase, num_microphones: int
) -> None:
    rng = np.random.default_rng(num_microphones)
    scene = make_scene(rng, random_array(rng, num_microphones), random_direction(rng))
    if num_microphones < case.fewest_microphones:
        with pytest.raises(GeometryError, match=f"has {num_microphones}; take the estimator steered"):
            case.estimator.stream(scene.array, GRID)
        return
    spectrum = case.estimator.spectrum(scene.audio, scene.array, GRID)
    assert spectrum.num_frames > 0
    assert_is_a_spectrum(spectrum, len(GRID))


@every_estimator
@pytest.mark.parametrize("num_directions", [1, 2, 3])
def test_a_few_directions_are_a_grid(case: EstimatorCase, num_directions: int) -> None:
    rng = np.random.default_rng(num_directions)
    scene = make_scene(rng, random_array(rng, 4), random_direction(rng))
    grid = DirectionGrid(GRID.directions[:num_directions])
    assert_is_a_spectrum(case.estimator.spectrum(scene.audio, scene.array, grid), num_directions)


def silence(audio: np.ndarray) -> np.ndarray:
    return np.zeros_like(audio)


def one_dead_channel(audio: np.ndarray) -> np.ndarray:
    return np.concatenate([audio[:-1], np.zeros_like(audio[-1:])])


def one_live_channel(audio: np.ndarray) -> np.ndarray:
    return np.concatenate([audio[:1], np.zeros_like(audio[1:])])


def the_same_in_every_channel(audio: np.ndarray) -> np.ndarray:
    return np.repeat(audio[:1], len(audio), axis=0)


def sound_that_stops(audio: np.ndarray) -> np.ndarray:
    return np.where(np.arange(audio.shape[1]) < 3000, audio, np.float32(0))


def constant_offset(audio: np.ndarray) -> np.ndarray:
    return np.ones_like(audio)


def clipped(audio: np.ndarray) -> np.ndarray:
    return np.clip(1000 * audio, np.float32(-1), np.float32(1))


@every_estimator
@pytest.mark.parametrize(
    "damage",
    [
        silence,
        one_dead_channel,
        one_live_channel,
        the_same_in_every_channel,
        sound_that_stops,
        constant_offset,
        clipped,
    ],
)
def test_poor_audio_still_gives_a_spectrum(case: EstimatorCase, damage) -> None:  # type: ignore[no-untyped-def] # a function
    rng = np.random.default_rng(3)
    scene = make_scene(rng, random_array(rng, 4), random_direction(rng))
    assert_is_a_spectrum(case.estimator.spectrum(damage(scene.audio), scene.array, GRID), len(GRID))


@every_estimator
def test_silence_has_no_level(case: EstimatorCase) -> None:
    array = random_array(np.random.default_rng(4), 4)
    spectrum = case.estimator.spectrum(np.zeros((4, 8000), dtype=np.float32), array, GRID)
    assert_allclose(spectrum.level, 0, atol=1e-12)


@every_estimator
@pytest.mark.parametrize("axis", [0, 1, 2], ids="xyz")
def test_microphones_in_line_with_an_axis_give_a_spectrum(case: EstimatorCase, axis: int) -> None:
    rng = np.random.default_rng(8)
    array = MicrophoneArray(np.outer([-0.06, -0.01, 0.0, 0.05], np.eye(3)[axis]))
    scene = make_scene(rng, array, random_direction(rng))
    assert_is_a_spectrum(case.estimator.spectrum(scene.audio, array, GRID), len(GRID))


@every_estimator
@pytest.mark.parametrize(
    "direction",
    [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0), (-1.0, 0.0, 0.0), (-1.0, -1e-9, 0.0)],
    ids=["up", "down", "azimuth pi", "azimuth -pi"],
)
def test_a_source_where_angles_are_singular_is_found_there(
    case: EstimatorCase, direction: tuple[float, float, float]
) -> None:
    rng = np.random.default_rng(5)
    array = random_array(rng, 8, radius=0.06)
    scene = make_scene(rng, array, np.array(direction))
    spectrum = case.estimator.spectrum(scene.audio, array, fibonacci_grid(1024))
    found = spectrum.grid.directions[spectrum.mean().argmax()]
    assert great_circle_distance_deg(found, scene.direction) < ACCURACY_DEG


@every_estimator
@few_examples
@given(seeds, st.floats(-1.5, 1.5))
def test_the_spectrum_is_smooth_across_azimuth_pi(
    case: EstimatorCase, scene_seed: int, elevation: float
) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    sides = DirectionGrid(angles_to_direction(np.pi + np.array([-1e-4, 1e-4]), elevation))
    values = run(case, scene, sides)
    assert_allclose(values[:, 0], values[:, 1], atol=0.01)
