"""What every estimator promises, classical or neural, tested against the protocol alone."""

import numpy as np
import pytest
from free_field import random_array, random_direction
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from anydoa.constants import SPEED_OF_SOUND
from anydoa.errors import AudioError, ConfigError, GeometryError
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
    EVERY_LOOK_AHEAD,
    LOOKING_AHEAD,
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
every_look_ahead = pytest.mark.parametrize("case", EVERY_LOOK_AHEAD)
pointwise_estimators = pytest.mark.parametrize(
    "case", [param for param in EVERY_LOOK_AHEAD if param.values[0].pointwise]
)
turning_estimators = pytest.mark.parametrize(
    "case", [param for param in EVERY_LOOK_AHEAD if param.values[0].turns]
)
few_examples = settings(max_examples=3, deadline=None)  # of each estimator at each look-ahead
more_examples = settings(max_examples=6, deadline=None)


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


@every_look_ahead
def test_every_estimator_is_on_the_protocol(case: EstimatorCase) -> None:
    assert isinstance(case.estimator, SpectrumEstimator)
    assert 0 <= case.estimator.threshold <= 1
    assert case.estimator.name == case.estimator.name.lower().strip()


@every_look_ahead
@few_examples
@example(1281, 155)  # chances near zero, which iterations move a little further with every rounding
@given(seeds, seeds)
def test_the_order_of_microphones_changes_nothing(case: EstimatorCase, scene_seed: int, seed: int) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    order = np.random.default_rng(seed).permutation(len(scene.audio))
    shuffled = Scene(MicrophoneArray(scene.array.positions[order]), scene.direction, scene.audio[order])
    assert_allclose(run(case, shuffled), run(case, scene), atol=ROUNDING)


@every_look_ahead
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


@every_look_ahead
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


@every_look_ahead
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


def after_next_to_nothing(scene: Scene) -> np.ndarray:
    """Sound as what a resampler makes of digital silence comes before it, and a sample beyond full scale."""
    rng = np.random.default_rng(0)
    nothing = 1e-11 * rng.standard_normal((len(scene.audio), 4000))
    sound = 0.9 * scene.audio / np.abs(scene.audio).max()
    sound[0, sound.shape[1] // 2] = 1.1
    return np.concatenate([nothing, sound], axis=1).astype(np.float32)


@every_look_ahead
@pytest.mark.parametrize("scale", [0.5, 200.0])
def test_what_begins_with_next_to_nothing_is_heard_alike_at_any_scale(
    case: EstimatorCase, scale: float
) -> None:
    scene = random_scene(6, case.fewest_microphones)
    audio = after_next_to_nothing(scene)
    here = case.estimator.spectrum(audio, scene.array, GRID)
    there = case.estimator.spectrum(np.float32(scale) * audio, scene.array, GRID)
    # In the frame in which sound begins, next to nothing may be heard as silence.
    assert_allclose(there.values, here.values, atol=5 * ROUNDING)
    assert_allclose(there.level, scale * here.level, rtol=1e-3)


@every_look_ahead
def test_what_begins_with_next_to_nothing_streams_like_all_else(case: EstimatorCase) -> None:
    scene = random_scene(7, case.fewest_microphones)
    audio = after_next_to_nothing(scene)
    stream = case.estimator.stream(scene.array, GRID)
    parts = [stream.push(chunk) for chunk in np.split(audio, [3990, 4001, 4002, 6000], axis=1)]
    streamed = SpatialSpectrum.join([*parts, stream.finish()])
    whole = case.estimator.spectrum(audio, scene.array, GRID)
    assert_allclose(streamed.values, whole.values, atol=1e-5)
    assert_allclose(streamed.level, whole.level, rtol=1e-5)


@every_look_ahead
@few_examples
@given(seeds, st.floats(200, 1500))
def test_an_array_where_sound_is_faster_is_one_that_is_smaller_by_as_much(
    case: EstimatorCase, scene_seed: int, speed_of_sound: float
) -> None:
    scene = random_scene(scene_seed, case.fewest_microphones)
    size = speed_of_sound / SPEED_OF_SOUND
    larger = MicrophoneArray(size * scene.array.positions, speed_of_sound=speed_of_sound)
    assert_allclose(run(case, Scene(larger, scene.direction, scene.audio)), run(case, scene), atol=ROUNDING)


def frames_known(estimator: SpectrumEstimator, num_samples: int) -> int:
    """How many frames are final when so many samples have been heard."""
    ahead = round(estimator.look_ahead_s * estimator.sample_rate)
    return max(0, (num_samples - ahead - estimator.window_length) // estimator.hop_length + 1)


@every_look_ahead
@few_examples
@given(seeds, st.floats(0, 1), seeds)
def test_what_comes_after_its_look_ahead_does_not_change_a_frame(
    case: EstimatorCase, scene_seed: int, present: float, seed: int
) -> None:
    ahead_s = case.estimator.look_ahead_s
    scene = random_scene(scene_seed, case.fewest_microphones, seconds=0.5 + ahead_s)
    changed = scene.audio.copy()
    start = round((ahead_s + 0.4999 * present) * case.estimator.sample_rate) + 1
    noise = np.random.default_rng(seed).standard_normal(changed[:, start:].shape)
    changed[:, start:] = noise.astype(np.float32)
    known = frames_known(case.estimator, start)
    after = case.estimator.spectrum(changed, scene.array, GRID)
    before = case.estimator.spectrum(scene.audio, scene.array, GRID)
    assert_allclose(after.values[:known], before.values[:known], atol=1e-5)
    assert_allclose(after.level[:known], before.level[:known], rtol=1e-5)
    # Of the last frame's newest samples some weigh next to nothing, and after them come some in no frame.
    estimator = case.estimator
    newest = estimator.window_length + (before.num_frames - 1) * estimator.hop_length
    assert not np.array_equal(after.values, before.values) or start > newest - 256


@pytest.mark.parametrize("case", LOOKING_AHEAD)
def test_what_comes_within_its_look_ahead_may_change_a_frame(case: EstimatorCase) -> None:
    estimator, rng = case.estimator, np.random.default_rng(0)
    seconds = 0.2 + estimator.look_ahead_s
    scene = make_scene(rng, random_array(rng, 4), random_direction(rng), seconds=seconds)
    changed = scene.audio.copy()
    start = estimator.window_length + round(estimator.look_ahead_s * estimator.sample_rate / 2)
    changed[:, start:] = rng.standard_normal(changed[:, start:].shape).astype(np.float32)
    before = estimator.spectrum(scene.audio, scene.array, GRID)
    after = estimator.spectrum(changed, scene.array, GRID)
    assert not np.array_equal(after.values[0], before.values[0])
    assert after.level[0] == before.level[0]


@every_estimator
def test_without_look_ahead_it_is_the_causal_estimator_to_the_bit(case: EstimatorCase) -> None:
    scene = random_scene(0, case.fewest_microphones)
    causal = case.estimator.spectrum(scene.audio, scene.array, GRID)
    # A look-ahead that is too short to be of use is none.
    for estimator in (
        case.estimator.with_look_ahead(0),
        case.estimator.with_look_ahead(np.inf).with_look_ahead(0),
        case.estimator.with_look_ahead(0.01),
    ):
        assert estimator.look_ahead_s == 0
        spectrum = estimator.spectrum(scene.audio, scene.array, GRID)
        np.testing.assert_array_equal(spectrum.values, causal.values)
        np.testing.assert_array_equal(spectrum.level, causal.level)
        np.testing.assert_array_equal(spectrum.times_s, causal.times_s)


@every_estimator
@more_examples
@given(st.floats(0, 10), st.floats(0, 10))
def test_no_more_look_ahead_is_taken_than_given_and_none_in_vain(
    case: EstimatorCase, first: float, second: float
) -> None:
    less, more = sorted((first, second))
    most = case.estimator.with_look_ahead(np.inf)
    taken = [case.estimator.with_look_ahead(seconds).look_ahead_s for seconds in (less, more)]
    assert 0 <= taken[0] <= less + 1e-9
    assert taken[0] <= taken[1] <= min(more + 1e-9, most.look_ahead_s)
    # What was taken is enough for as much again.
    assert case.estimator.with_look_ahead(taken[1]).look_ahead_s == taken[1]
    assert case.estimator.look_ahead_s == 0
    assert most.hop_length == case.estimator.hop_length
    assert most.window_length == case.estimator.window_length


@every_estimator
@pytest.mark.parametrize("seconds", [-0.1, -np.inf, np.nan])
def test_a_look_ahead_that_cannot_be_is_refused(case: EstimatorCase, seconds: float) -> None:
    with pytest.raises(ConfigError, match="look-ahead must be 0 or more seconds, got"):
        case.estimator.with_look_ahead(seconds)


@every_look_ahead
@few_examples
@given(seeds, chunkings)
def test_any_chunking_gives_what_the_whole_recording_gives(
    case: EstimatorCase, scene_seed: int, chunk_lengths: list[int]
) -> None:
    # Long enough that frames come before the end.
    seconds = 0.3 + case.estimator.look_ahead_s
    scene = random_scene(scene_seed, case.fewest_microphones, seconds=seconds)
    stream = case.estimator.stream(scene.array, GRID)
    cuts = np.cumsum(chunk_lengths)
    chunks = np.split(scene.audio, cuts[cuts < scene.audio.shape[1]], axis=1)
    parts, num_heard, num_given = [], 0, 0
    for chunk in chunks:
        parts.append(stream.push(chunk))
        num_heard += chunk.shape[1]
        num_given += parts[-1].num_frames
        assert num_given >= frames_known(case.estimator, num_heard)  # and not only at the end
    streamed = SpatialSpectrum.join([*parts, stream.finish()])
    whole = case.estimator.spectrum(scene.audio, scene.array, GRID)
    assert_allclose(streamed.values, whole.values, atol=1e-5)
    assert_allclose(streamed.level, whole.level, rtol=1e-5)
    assert_allclose(streamed.times_s, whole.times_s, rtol=1e-12)


@every_look_ahead
def test_single_samples_give_what_the_whole_recording_gives(case: EstimatorCase) -> None:
    rng = np.random.default_rng(1)
    estimator = case.estimator
    scene = make_scene(rng, random_array(rng, 4), random_direction(rng))
    # One by one where frames are completed.
    ends = estimator.window_length + estimator.hop_length * np.arange(3)
    cuts = (ends[:, None] + np.arange(-4, 5)).ravel()
    audio = scene.audio[:, : ends[-1] + 4]
    stream = estimator.stream(scene.array, GRID)
    parts = [stream.push(chunk) for chunk in np.split(audio, cuts[:-1], axis=1)]
    streamed = SpatialSpectrum.join([*parts, stream.finish()])
    assert_allclose(streamed.values, estimator.spectrum(audio, scene.array, GRID).values, atol=1e-5)


@every_look_ahead
def test_a_stream_ends_once(case: EstimatorCase) -> None:
    rng = np.random.default_rng(2)
    scene = make_scene(rng, random_array(rng, 4), random_direction(rng))
    stream = case.estimator.stream(scene.array, GRID)
    stream.push(scene.audio)
    stream.finish()
    with pytest.raises(AudioError, match=r"takes no more sound; begin another by stream\(\)"):
        stream.push(scene.audio)
    with pytest.raises(AudioError, match=r"is finished once; begin another by stream\(\)"):
        stream.finish()


@every_look_ahead
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


@every_look_ahead
@pytest.mark.parametrize("num_microphones", [2, 3, 16, 32])
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


@every_look_ahead
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


@every_look_ahead
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
