"""Pictures of masks in every format, of silence too; and a density that counts every bin once."""

from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.layouts import linear_positions
from anydoa.plotting.bins_picture import bin_density, draw_bin_density, draw_mask

FREQUENCIES_HZ = np.arange(1, 41) * 100.0
FREQUENCY = np.linspace(0, 8000, 2001)
MASK = np.random.default_rng(0).uniform(size=(30, 40))


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
@pytest.mark.parametrize("power", [MASK**4, np.zeros_like(MASK)], ids=["sound", "silence"])
def test_a_mask_is_drawn_in_every_format(tmp_path: Path, suffix: str, power: np.ndarray) -> None:
    path = tmp_path / f"mask{suffix}"
    draw_mask(power, MASK, path, duration_s=0.5, frequencies_hz=FREQUENCIES_HZ, title="two lines\nof title")
    assert len(path.read_bytes()) > 5000


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"pictures are written as \.png"):
        draw_mask(MASK, MASK, tmp_path / "mask.gif", duration_s=0.5, frequencies_hz=FREQUENCIES_HZ)


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


@pytest.mark.parametrize("count", [0, 1, 3])
def test_bins_are_drawn_with_and_without_arrays(tmp_path: Path, count: int) -> None:
    arrays = [MicrophoneArray(linear_positions(4, 0.02 * (1 + one))) for one in range(count)]
    bins_hz = np.linspace(0, 8000, 65)
    draw_bin_density(bins_hz, tmp_path / "bins.png", sample_rate=16_000, start_hz=bins_hz, arrays=arrays)
    assert (tmp_path / "bins.png").stat().st_size > 5000
