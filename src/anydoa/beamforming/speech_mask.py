"""Which bins hold speech, as the mask of the steered estimator says, in the windows of a beam."""

from functools import lru_cache
from typing import cast

import numpy as np
from jaxtyping import Float32
from scipy.fft import rfft

from anydoa.acoustics import hann_window
from anydoa.beamforming.windows import BEAM_RATE, HOP_LENGTH, NUM_BINS, WINDOW_LENGTH, Windows
from anydoa.estimators import DEFAULT_ESTIMATOR, load
from anydoa.estimators.steered import BinFeatures, PolarSpectra, SteeredEstimator
from anydoa.geometry import MicrophoneArray
from anydoa.spectrum import SpectrumEstimator


class SpeechMask:
    """The mask of a steered estimator.

    Args:
        estimator: what has been trained to know speech; any array will do.
    """

    def __init__(self, estimator: SteeredEstimator) -> None:
        axis = estimator.axis
        fits = (axis.sample_rate, axis.window_length, axis.hop_length) == (
            BEAM_RATE,
            WINDOW_LENGTH,
            HOP_LENGTH,
        )
        self._estimator = estimator if fits else _default()

    @classmethod
    def of(cls, estimator: SpectrumEstimator) -> "SpeechMask":
        """The mask of an estimator; that of the default where it has none."""
        return cls(estimator if isinstance(estimator, SteeredEstimator) else _default())

    def stream(self, array: MicrophoneArray) -> "SpeechMaskStream":
        """Masks of a fresh recording."""
        return SpeechMaskStream(self._estimator, array)


class SpeechMaskStream:
    """Masks of one recording, window by window.

    Args:
        estimator: what knows speech.
        array: what listens.
    """

    def __init__(self, estimator: SteeredEstimator, array: MicrophoneArray) -> None:
        self._axis = estimator.axis
        self._features = BinFeatures(estimator.axis, array)
        self._mask, self._state = estimator.mask, estimator.mask.initial_state()
        self._window = hann_window(WINDOW_LENGTH)

    def push(self, windows: Windows) -> Float32[np.ndarray, "freq window"]:
        """Share of each bin that is a talker's direct sound, 0..1; beyond the mask's bins, that of the last.

        Args:
            windows: the next windows.
        """
        axis = self._axis
        spectra = rfft(windows.samples * self._window, axis=-1)[..., axis.bins]
        features = self._features.push(PolarSpectra.of(spectra, windows.scale))
        mask, self._state = self._mask.step(features, self._state)
        above = NUM_BINS - axis.first_bin - axis.num_bins
        whole: np.ndarray = np.pad(mask, ((0, 0), (axis.first_bin, above)), mode="edge").T
        return whole


@lru_cache(maxsize=1)
def _default() -> SteeredEstimator:
    """The default estimator, whose mask stands in where another has none."""
    return cast(SteeredEstimator, load(DEFAULT_ESTIMATOR))
