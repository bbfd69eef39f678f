"""SRP-PHAT against its definition, and its memory."""

import tracemalloc

import numpy as np
import pytest
from free_field import random_array, random_direction
from hypothesis import given, settings

from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.geometry.layouts import circular_positions, linear_positions, rectangular_positions
from properties.strategies import make_scene, random_scene, seeds


def steered_response(
    covariance: np.ndarray, array: MicrophoneArray, directions: np.ndarray, frequencies: np.ndarray
) -> np.ndarray:
    """Mean over pairs and bins of the aligned cross-spectra, one direction and pair at a time."""
    delay = -(array.positions @ directions.T) / array.speed_of_sound
    first, second = np.triu_indices(array.num_microphones, k=1)
    total = np.zeros(len(directions))
    for i, j in zip(first, second, strict=True):
        phase = np.exp(2j * np.pi * frequencies[:, None] * (delay[i] - delay[j]))
        total += (covariance[:, i, j, None] * phase).real.mean(axis=0)
    return np.maximum(total / len(first), 0)


def phases_covariance(rng: np.random.Generator, num_frequencies: int, num_microphones: int) -> np.ndarray:
    """What one window of unrelated noise would give."""
    phases = np.exp(2j * np.pi * rng.uniform(size=(num_frequencies, num_microphones, 1)))
    return (phases @ phases.conj().swapaxes(1, 2)).astype(np.complex64)


@pytest.mark.parametrize(
    "positions",
    [
        linear_positions(8, 0.03),
        rectangular_positions(4, 4, 0.042),
        circular_positions(7, 0.05),
        random_array(np.random.default_rng(0), 9).positions,
        random_array(np.random.default_rng(1), 5, radius=2.0).positions,
    ],
    ids=["line", "rectangle", "circle", "ball", "room"],
)
def test_values_are_those_of_direct_steering(positions: np.ndarray) -> None:
    rng = np.random.default_rng(7)
    srp, array, grid = SrpPhat(), MicrophoneArray(positions), fibonacci_grid(300)
    project = srp.projection(array, grid)
    for _ in range(3):
        covariance = phases_covariance(rng, len(srp.frequencies), array.num_microphones)
        expected = steered_response(covariance, array, grid.directions, srp.frequencies)
        np.testing.assert_allclose(project(covariance[None])[0], expected, atol=6e-4)


def test_a_plane_wave_gives_one_at_its_direction() -> None:
    rng = np.random.default_rng(8)
    srp, array, grid = SrpPhat(), random_array(rng, 6), fibonacci_grid(500)
    delay = -(array.positions @ grid.directions[123]) / array.speed_of_sound
    wave = np.exp(-2j * np.pi * srp.frequencies[:, None] * delay)[..., None]
    values = srp.projection(array, grid)((wave @ wave.conj().swapaxes(1, 2)).astype(np.complex64)[None])[0]
    assert values.argmax() == 123
    assert values[123] == pytest.approx(1, abs=1e-3)


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_blocks_of_baselines_give_what_one_table_gives(seed: int) -> None:
    scene = random_scene(seed)
    srp, grid = SrpPhat(), fibonacci_grid(200)
    whole = srp.spectrum(scene.audio, scene.array, grid).values
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("anydoa.estimators.srp_phat._BLOCK_READINGS", 400)
        blocks = srp.spectrum(scene.audio, scene.array, grid).values
    np.testing.assert_allclose(blocks, whole, atol=6e-4)


def test_sixty_four_microphones_and_8192_directions_stay_under_a_gigabyte() -> None:
    rng = np.random.default_rng(9)
    array = random_array(rng, 64, radius=0.15)
    audio = rng.standard_normal((64, 8000)).astype(np.float32)
    grid = fibonacci_grid(8192)
    tracemalloc.start()
    spectrum = SrpPhat().spectrum(audio, array, grid)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.isfinite(spectrum.values).all()
    assert peak < 600 * 2**20


def test_microphones_of_very_different_gain_are_heard_alike() -> None:
    rng = np.random.default_rng(10)
    scene = make_scene(rng, random_array(rng, 5), random_direction(rng))
    gain = np.array([1, 10, 0.1, 100, 0.01], dtype=np.float32)[:, None]
    srp, grid = SrpPhat(), fibonacci_grid(100)
    uneven = srp.spectrum(gain * scene.audio, scene.array, grid).values
    np.testing.assert_allclose(uneven, srp.spectrum(scene.audio, scene.array, grid).values, atol=1e-4)
