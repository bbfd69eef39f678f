"""The density of frequency bins: as many bins as there are, wherever they are put."""

import numpy as np

from anydoa.plotting.bin_density_picture import bin_density

FREQUENCY = np.linspace(0, 8000, 2001)


def test_uniform_bins_have_a_uniform_density() -> None:
    density = bin_density(np.linspace(0, 8000, 257), FREQUENCY)
    np.testing.assert_allclose(density, 256 / 8, rtol=1e-3)


def test_the_density_counts_every_bin_once() -> None:
    bins_hz = np.random.default_rng(0).uniform(0, 8000, 100)
    total = np.trapezoid(bin_density(bins_hz, FREQUENCY), FREQUENCY / 1000)
    np.testing.assert_allclose(total, 100, rtol=1e-3)


def test_the_density_is_highest_where_bins_crowd() -> None:
    density = bin_density(np.linspace(2900, 3100, 50), FREQUENCY)
    assert abs(FREQUENCY[density.argmax()] - 3000) < 20
