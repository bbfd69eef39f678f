"""The recursive average against its definition."""

import numpy as np
import pytest

from anydoa.estimators.covariance import CenteredAverage, CovarianceAverage


def random_snapshots(num_snapshots: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    shape = (5, 3, num_snapshots)
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)


@pytest.mark.parametrize("decay", [0.5, 0.95, 1.0])
@pytest.mark.parametrize("group", [1, 4, 20])
def test_the_average_weighs_snapshots_by_their_age(decay: float, group: int) -> None:
    snapshots = random_snapshots(20)
    average = CovarianceAverage(5, 3, decay)
    for start in range(0, 20, group):
        result = average.update(snapshots[..., start : start + group])
    weights = decay ** np.arange(19.0, -1, -1)
    outer = np.einsum("kms,kns->skmn", snapshots, snapshots.conj())
    np.testing.assert_allclose(result, np.average(outer, axis=0, weights=weights), atol=1e-5)


def test_averages_given_out_earlier_stay_as_they_were() -> None:
    snapshots = random_snapshots(2)
    average = CovarianceAverage(5, 3, 0.5)
    first = average.update(snapshots[..., :1])
    before = first.copy()
    average.update(snapshots[..., 1:])
    np.testing.assert_array_equal(first, before)


def test_the_average_of_a_constant_does_not_drift() -> None:
    snapshots = np.ones((1, 2, 1), dtype=np.complex64)
    average = CovarianceAverage(1, 2, 1.0)
    for _ in range(5_000):
        result = average.update(snapshots)
    np.testing.assert_allclose(result, 1, atol=1e-5)


@pytest.mark.parametrize("decay", [0.5, 0.95, 1.0])
@pytest.mark.parametrize("ahead", [0, 1, 3, 9])
def test_later_snapshots_weigh_as_much_as_earlier_ones_as_far_away(decay: float, ahead: int) -> None:
    snapshots, num_frames, length = random_snapshots(20), 5, 4
    average = CenteredAverage(CovarianceAverage(5, 3, decay), ahead)
    frames = np.split(snapshots, num_frames, axis=-1)
    results = [average.push(frame) for frame in frames]
    assert [result is None for result in results] == [number < ahead for number in range(num_frames)]
    found = [result for result in results if result is not None] + list(average.finish())
    outer = np.einsum("kms,kns->skmn", snapshots, snapshots.conj())
    for number, result in enumerate(found):
        heard = np.arange(min((number + 1 + ahead) * length, 20))
        weights = decay ** np.abs(heard - ((number + 1) * length - 1.0))
        expected = np.average(outer[heard], axis=0, weights=weights)
        np.testing.assert_allclose(result, expected, atol=1e-5)
