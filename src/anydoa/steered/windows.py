"""Short-time spectra on the axis of the mask network."""

import numpy as np
from jaxtyping import Complex64, Float32

from anydoa.acoustics.stft import hann_window, short_time_spectra
from anydoa.steered.bin_features import BinAxis


def window_spectra(
    audio: Float32[np.ndarray, "mic time"], axis: BinAxis
) -> Complex64[np.ndarray, "mic frame freq"]:
    """Spectra of every full window, at the bins kept.

    Args:
        audio: at least a window.
        axis: windows and bins.
    """
    return short_time_spectra(audio, hann_window(axis.window_length), axis.hop_length)[..., axis.bins]
