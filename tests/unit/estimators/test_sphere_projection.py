"""SRP-PHAT and MUSIC around a rigid sphere: against their definitions, and their memory."""

import tracemalloc

import numpy as np
import pytest

from anydoa.estimators.music import Music
from anydoa.estimators.srp_phat import SrpPhat
from anydoa.geometry.coordinates import random_rotation
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.io.array_file import load_array
from sphere_scenes import ball_array, waves_at

GRID = fibonacci_grid(150).rotated(random_rotation(np.random.default_rng(7)))
ARRAYS = [load_array("dcase-tetrahedron"), ball_array(np.random.default_rng(0), 12, radius=0.07)]

every_array = pytest.mark.parametrize("array", ARRAYS, ids=lambda array: array.name)


def random_covariance(rng: np.random.Generator, num_frequencies: int, num_microphones: int) -> np.ndarray:
    """What a few windows of unrelated noise would give, all phases and magnitudes one."""
    phases = np.exp(2j * np.pi * rng.uniform(size=(num_frequencies, num_microphones, 3)))
    return phases @ phases.conj().swapaxes(1, 2) / 3


@every_array
def test_values_of_srp_phat_are_those_of_direct_steering(array) -> None:  # type: ignore[no-untyped-def] # an array
    srp, mics = SrpPhat(), array.num_microphones
    waves = waves_at(array, GRID.directions, srp.frequencies)
    phases = waves / np.abs(waves)
    covariance = random_covariance(np.random.default_rng(1), len(srp.frequencies), mics)
    covariance[:, range(mics), range(mics)] = 0
    power = np.einsum("dif,fij,djf->d", phases.conj(), covariance, phases).real
    expected = np.maximum(power / (mics * (mics - 1) * len(srp.frequencies)), 0)
    covariance[:, range(mics), range(mics)] = 1
    values = srp.projection(array, GRID)(covariance.astype(np.complex64)[None])[0]
    np.testing.assert_allclose(values, expected, atol=1e-3)


@every_array
def test_a_plane_wave_gives_one_at_its_direction(array) -> None:  # type: ignore[no-untyped-def] # an array
    srp = SrpPhat()
    wave = waves_at(array, GRID.directions[77:78], srp.frequencies)[0].T[..., None]
    wave /= np.abs(wave)
    values = srp.projection(array, GRID)((wave @ wave.conj().swapaxes(1, 2)).astype(np.complex64)[None])[0]
    assert values.argmax() == 77
    assert values[77] == pytest.approx(1, abs=1e-3)


@every_array
@pytest.mark.parametrize("num_sources", [1, 2])
def test_values_of_music_are_those_of_the_definition(array, num_sources: int) -> None:  # type: ignore[no-untyped-def] # an array
    music, mics = Music(num_sources=num_sources), array.num_microphones
    waves = waves_at(array, GRID.directions, music.frequencies)
    snapshots = np.random.default_rng(2).standard_normal((2, len(music.frequencies), mics, 3 * mics))
    covariance = (snapshots[0] + 1j * snapshots[1]) @ (snapshots[0] - 1j * snapshots[1]).swapaxes(1, 2)
    covariance /= np.trace(covariance, axis1=1, axis2=2)[:, None, None]
    expected = np.zeros(len(GRID))
    for index, matrix in enumerate(covariance):
        noise = np.linalg.eigh(matrix)[1][:, : mics - num_sources]
        outside = np.sum(np.abs(noise.conj().T @ waves[:, :, index].T) ** 2, axis=0)
        pseudospectrum = np.sum(np.abs(waves[:, :, index]) ** 2, axis=1) / outside
        expected += pseudospectrum / pseudospectrum.max() / len(covariance)
    values = music.projection(array, GRID)(covariance.astype(np.complex64)[None])[0]
    np.testing.assert_allclose(values, np.maximum(expected - expected.mean(), 0), atol=2e-3)


@pytest.mark.parametrize("estimator", [SrpPhat(), Music()], ids=lambda estimator: estimator.name)
def test_thirty_two_microphones_and_8192_directions_stay_under_two_hundred_megabytes(estimator) -> None:  # type: ignore[no-untyped-def] # an estimator
    array, rng = load_array("em32"), np.random.default_rng(3)
    audio = rng.standard_normal((32, estimator.window_length)).astype(np.float32)
    tracemalloc.start()
    spectrum = estimator.spectrum(audio, array, fibonacci_grid(8192))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.isfinite(spectrum.values).all()
    assert peak < 200 * 2**20


def test_one_direction_is_a_grid() -> None:
    array = ARRAYS[0]
    audio = np.random.default_rng(4).standard_normal((4, 4000)).astype(np.float32)
    for estimator in (SrpPhat(), Music()):
        assert estimator.spectrum(audio, array, DirectionGrid(GRID.directions[:1])).values.shape[1] == 1
