"""The mask: how much of each time-frequency bin is a talker's direct sound, from what a bin looks like."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32

from anydoa.acoustics import FrameStream, hann_window, short_time_spectra
from anydoa.estimators.model.session import open_session
from anydoa.estimators.steered.bin_features import BinAxis, BinFeatures, PolarSpectra
from anydoa.geometry import MicrophoneArray
from anydoa.spectrum import MaskedSpectrogram

_OUTPUTS = ["mask", "next_state"]  # named, for the session takes a tenth of a millisecond to list them


@runtime_checkable
class Mask(Protocol):
    """Anything that says which bins hold a talker's direct sound, from their features."""

    def initial_state(self) -> np.ndarray:
        """Memory before the first frame."""
        ...

    def step(
        self, features: Float32[np.ndarray, "frame feature freq"], state: np.ndarray
    ) -> tuple[Float32[np.ndarray, "frame freq"], np.ndarray]:
        """Masks of the next frames, 0..1, and the memory after them."""
        ...


class OnnxMask:
    """The mask network by ONNX Runtime, without torch.

    Args:
        path: the graph: ``features`` and ``state`` in, ``mask`` and ``next_state`` out.
        num_threads: threads inside an operator.

    Raises:
        CheckpointError: if the graph is missing or damaged.
    """

    def __init__(self, path: Path, *, num_threads: int = 1) -> None:
        self._session = open_session(path, num_threads=num_threads)
        self._state_shape = next(node.shape for node in self._session.get_inputs() if node.name == "state")

    def initial_state(self) -> Float32[np.ndarray, "1 size"]:
        """Memory before the first frame."""
        return np.zeros(self._state_shape, dtype=np.float32)

    def step(
        self,
        features: Float32[np.ndarray, "frame feature freq"],
        state: Float32[np.ndarray, "1 size"],
    ) -> tuple[Float32[np.ndarray, "frame freq"], Float32[np.ndarray, "1 size"]]:
        """Masks of the next frames, 0..1, and the memory after them."""
        mask, state = self._session.run(_OUTPUTS, {"features": features[None], "state": state})
        return mask[0], state


def masked_spectrogram(
    mask: Mask,
    axis: BinAxis,
    array: MicrophoneArray,
    blocks: Iterable[Float[np.ndarray, "mic _"]],
    *,
    windows_per_column: int = 1,
) -> MaskedSpectrogram:
    """What a mask lets through of a recording, for people to look at.

    Args:
        mask: what chooses the bins.
        axis: windows and bins that the mask was trained with.
        array: what recorded.
        blocks: the recording at the sample rate of the axis, cut anywhere.
        windows_per_column: analysis windows averaged to one column; more for long recordings.
    """
    hop = windows_per_column * axis.hop_length
    length = axis.window_length + hop - axis.hop_length
    frames, features = FrameStream(array.num_microphones, length, hop), BinFeatures(axis, array)
    window, state = hann_window(axis.window_length), mask.initial_state()
    power = [np.zeros((0, axis.num_bins), dtype=np.float32)]
    masks = [power[0]]
    for block in blocks:
        # A frame is a column, and holds the windows that are averaged: (mic, column, window, freq).
        cut = frames.push(block)
        spectra = short_time_spectra(cut.samples, window, axis.hop_length)[..., axis.bins]
        columns = spectra.shape[1]
        if columns:
            # (mic, column, window, freq) -> (mic, window, freq) -> mask (window, freq) -> (column, freq)
            by_window = spectra.reshape(len(spectra), -1, axis.num_bins)
            found, state = mask.step(features.push(PolarSpectra.of(by_window)), state)
            masks.append(found.reshape(columns, -1, axis.num_bins).mean(axis=1))
            power.append(np.square(np.abs(spectra)).mean(axis=(0, 2)))
    # Centres of the columns; the mask is (column, freq), as is the power.
    found = np.concatenate(masks)
    times_s = (np.arange(len(found)) * hop + length / 2) / axis.sample_rate
    return MaskedSpectrogram(times_s, axis.frequencies, np.concatenate(power), found)
