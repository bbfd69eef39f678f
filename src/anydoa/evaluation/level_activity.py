"""When somebody speaks in a recording of which nobody has written it down, by its level."""

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import uniform_filter1d

_WINDOW_S = 0.064
_RANGE_DB = 25.0  # below the loudest sound; speech spans about so much, rooms ring on below
_LOUDEST = 0.95  # quantile of the level that counts as the loudest: a click is not


def active_by_level(audio: Float[np.ndarray, "mic time"], sample_rate: int) -> Bool[np.ndarray, "time"]:
    """Where the level over all microphones is within 25 dB of the loudest sound."""
    power = uniform_filter1d((audio**2).mean(axis=0), max(1, round(_WINDOW_S * sample_rate)), mode="nearest")
    return power > np.quantile(power, _LOUDEST) * 10 ** (-_RANGE_DB / 10)
