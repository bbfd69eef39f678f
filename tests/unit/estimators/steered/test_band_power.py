"""Power of bands: pairs and beams are two ways to the same sums."""

import numpy as np
import pytest

from anydoa.estimators.steered.band_power import (
    BandPower,
    half_covariance,
    pair_matrix,
    pair_products,
    takes_pairs,
)

FIRST_BINS = np.array([0, 2, 5])


def unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.exp(2j * np.pi * rng.random(shape)).astype(np.complex64)


def cosines_one_by_one(snapshots: np.ndarray, steering: np.ndarray) -> np.ndarray:
    freq, slots, frames, mics = snapshots.shape
    sums = np.zeros((slots, freq, steering.shape[1]))
    for i in range(mics):
        for j in range(i + 1, mics):
            measured = (snapshots[..., i] * snapshots[..., j].conj()).sum(axis=2)
            expected = steering[..., i] * steering[..., j].conj()
            sums += np.real(measured.T[:, :, None] * expected.conj())
    assert frames
    return np.add.reduceat(sums, FIRST_BINS, axis=1)


@pytest.mark.parametrize("mics", [2, 3, 8, 9, 13])
def test_bands_are_sums_of_cosines_over_pairs_and_bins(mics: int) -> None:
    rng = np.random.default_rng(mics)
    steering, snapshots = unit(rng, 7, 11, mics), unit(rng, 7, 2, 3, mics) * rng.random((7, 2, 3, 1))
    snapshots = snapshots.astype(np.complex64)
    power = BandPower(steering, FIRST_BINS).power(snapshots, pair_products(snapshots))
    expected = cosines_one_by_one(snapshots, steering)
    np.testing.assert_allclose(power, expected, atol=2e-4 * mics**2)


def test_few_microphones_are_compared_by_pairs_and_many_by_beams() -> None:
    assert takes_pairs(2)
    assert takes_pairs(8)
    assert not takes_pairs(9)


def test_pair_products_and_half_covariances_say_the_same() -> None:
    rng = np.random.default_rng(0)
    snapshots, steering = unit(rng, 4, 1, 3, 5), unit(rng, 4, 6, 5)
    pairs = pair_products(snapshots)[:, 0]
    covariance = half_covariance(pairs, 5)
    assert not np.tril(covariance).any()
    by_covariance = np.real(np.einsum("fdi,fij,fdj->d", steering.conj(), covariance, steering))
    np.testing.assert_allclose(pairs.ravel() @ pair_matrix(steering), by_covariance, atol=1e-3)
