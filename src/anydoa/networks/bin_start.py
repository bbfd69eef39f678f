"""Where the bins of a transform lie before anything is learned; without torch, for pictures too."""

from typing import Literal

import numpy as np
from jaxtyping import Float32

BinStart = Literal["logit", "uniform"]
"""``logit``: the published start, dense in the middle and sparse at both ends. ``uniform``: evenly spaced."""


def start_bins(start: BinStart, num_bins: int, last: float) -> Float32[np.ndarray, "freq"]:
    """Positions of the bins from 0 to ``last``, in the same unit, rising.

    Args:
        start: how they are spread.
        num_bins: number of bins.
        last: position of the last bin: half a window for bins of a transform, hertz for a picture.

    Reference:
        Baek et al. (2026), section on the learnable non-uniform DFT: logits of even steps from 0.15 to 0.95.
    """
    if start == "uniform":
        return np.linspace(0.0, last, num_bins, dtype=np.float32)
    # In single precision, as published: the stored reference bins show its rounding.
    share = np.linspace(0.15, 0.95, num_bins).astype(np.float32)
    level = np.log(share / (1 - share))
    positions: np.ndarray = (level - level[0]) * np.float32(last) / (level[-1] - level[0])
    return positions
