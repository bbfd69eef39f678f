"""What the learnt mask lets through of a recording, for people to look at."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from anydoa.classical.stft import FrameStream, hann_window, short_time_spectra
from anydoa.geometry.array import MicrophoneArray
from anydoa.spectrum import MaskedSpectrogram
from anydoa.steered.bin_features import BinFeatures, PolarSpectra

if TYPE_CHECKING:
    from anydoa.steered.estimator import SteeredEstimator


def mask_of(
    estimator: "SteeredEstimator",
    array: MicrophoneArray,
    blocks: Iterable[Float[np.ndarray, "mic _"]],
    *,
    windows_a_column: int = 1,
) -> MaskedSpectrogram:
    """The mask that an estimator steers by.

    Args:
        estimator: whose mask it is.
        array: what recorded.
        blocks: the recording at the sample rate of the estimator, cut anywhere.
        windows_a_column: analysis windows averaged to one column: more for long recordings.
    """
    axis = estimator.axis
    hop = windows_a_column * axis.hop_length
    length = axis.window_length + hop - axis.hop_length
    frames, features = FrameStream(array.num_microphones, length, hop), BinFeatures(axis, array)
    window, state = hann_window(axis.window_length), estimator.mask.initial_state()
    power = [np.zeros((0, axis.num_bins), dtype=np.float32)]
    masks = [power[0]]
    for block in blocks:
        cut = frames.push(block)
        spectra = short_time_spectra(cut.samples, window, axis.hop_length)[..., axis.bins]
        columns = spectra.shape[1]
        if columns:
            by_window = spectra.reshape(len(spectra), -1, axis.num_bins)
            mask, state = estimator.mask.step(features.push(PolarSpectra.of(by_window)), state)
            masks.append(mask.reshape(columns, -1, axis.num_bins).mean(axis=1))
            power.append(np.square(np.abs(spectra)).mean(axis=(0, 2)))
    found = np.concatenate(masks)
    times_s = (np.arange(len(found)) * hop + length / 2) / axis.sample_rate
    return MaskedSpectrogram(times_s, axis.frequencies, np.concatenate(power), found)
