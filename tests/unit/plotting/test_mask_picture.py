"""Pictures of masks: in every format, of silence too."""

from pathlib import Path

import numpy as np
import pytest

from anydoa.errors import ConfigError
from anydoa.plotting.mask_picture import draw_mask

FREQUENCIES_HZ = np.arange(1, 41) * 100.0
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
