"""The mask: how much of each time-frequency bin is a talker's direct sound, from what a bin looks like."""

from collections.abc import Iterable
from dataclasses import dataclass
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


@runtime_checkable
class WideMask(Protocol):
    """Anything that says which bins hold a talker's direct sound, from what comes before and after them."""

    def masks(self, features: Float32[np.ndarray, "frame feature freq"]) -> Float32[np.ndarray, "frame freq"]:
        """Masks of frames, 0..1, from these frames alone."""
        ...


@runtime_checkable
class MaskStream(Protocol):
    """Masks of one endless recording."""

    def push(self, features: Float32[np.ndarray, "frame feature freq"]) -> Float32[np.ndarray, "_ freq"]:
        """The masks that the features of the next frames complete, in order; as many as can be told."""
        ...

    def finish(self) -> Float32[np.ndarray, "_ freq"]:
        """The masks of the frames that are left, at the end of the recording."""
        ...


class CausalMaskStream:
    """Masks as soon as frames come.

    Args:
        mask: what chooses the bins.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask, self._state = mask, mask.initial_state()

    def push(self, features: Float32[np.ndarray, "frame feature freq"]) -> Float32[np.ndarray, "frame freq"]:
        """The masks of these frames."""
        masks, self._state = self._mask.step(features, self._state)
        return masks

    def finish(self) -> Float32[np.ndarray, "_ _"]:
        """None: no frame is left."""
        return np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True)
class MaskBlocks:
    """How a recording is cut for a mask that hears both sides.

    Args:
        num_frames: frames whose masks are told together.
        context_frames: frames before and after them that are heard, too.
    """

    num_frames: int = 180
    context_frames: int = 60

    @property
    def ahead_frames(self) -> int:
        """Most later frames that a mask depends on."""
        return self.num_frames - 1 + self.context_frames


class WideMaskStream:
    """Masks of fixed blocks of frames, each with what comes before and after it.

    Args:
        mask: what chooses the bins.
        blocks: how the recording is cut.
    """

    def __init__(self, mask: WideMask, blocks: MaskBlocks) -> None:
        self._mask, self._blocks = mask, blocks
        self._kept: list[Float32[np.ndarray, "frame feature freq"]] = []
        self._num_kept, self._num_before = 0, 0  # frames kept, and those of them that come before the block

    def push(self, features: Float32[np.ndarray, "frame feature freq"]) -> Float32[np.ndarray, "_ freq"]:
        """The masks of the blocks that are complete with what comes after them."""
        self._kept.append(features)
        self._num_kept += len(features)
        masks = [np.zeros((0, features.shape[2]), dtype=np.float32)]
        while self._num_kept >= self._num_before + self._blocks.num_frames + self._blocks.context_frames:
            masks.append(self._next(self._blocks.num_frames))
        return np.concatenate(masks)

    def finish(self) -> Float32[np.ndarray, "_ _"]:
        """The masks of the blocks that the end has cut short, or what comes after them."""
        masks = [np.zeros((0, 0), dtype=np.float32)]
        while (left := self._num_kept - self._num_before) > 0:
            masks.append(self._next(min(left, self._blocks.num_frames)))
        return np.concatenate(masks[1:] or masks)

    def _next(self, num_frames: int) -> Float32[np.ndarray, "frame freq"]:
        """The masks of the next frames; what later ones do not need is forgotten."""
        features = np.concatenate(self._kept)
        first, context = self._num_before, self._blocks.context_frames
        masks = self._mask.masks(features[: first + num_frames + context])[first : first + num_frames]
        start = max(first + num_frames - context, 0)
        self._kept = [features[start:]]
        self._num_kept, self._num_before = len(features) - start, first + num_frames - start
        return masks


class OnnxMask:
    """The mask network by ONNX Runtime, without torch.

    Args:
        path: the graph: ``features`` and ``state`` in, ``mask`` and ``next_state`` out.
        num_threads: threads inside an operator.

    Raises:
        CheckpointError: if the graph is missing, damaged or another.
    """

    def __init__(self, path: Path, *, num_threads: int = 1) -> None:
        self._session = open_session(path, num_threads=num_threads)
        self._session.check_names(("features", "state"), _OUTPUTS)
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


class OnnxWideMask:
    """The part of the mask network that hears later sound, by ONNX Runtime, without torch.

    Args:
        path: the graph: ``features`` in, ``mask`` out.
        num_threads: threads inside an operator.

    Raises:
        CheckpointError: if the graph is missing, damaged or another.
    """

    def __init__(self, path: Path, *, num_threads: int = 1) -> None:
        self._session = open_session(path, num_threads=num_threads)
        self._session.check_names(("features",), ("mask",))

    def masks(self, features: Float32[np.ndarray, "frame feature freq"]) -> Float32[np.ndarray, "frame freq"]:
        """Masks of frames, 0..1, from these frames alone."""
        mask: np.ndarray = self._session.run(["mask"], {"features": features[None]})[0]
        return mask[0]


def masked_spectrogram(
    masks: MaskStream,
    axis: BinAxis,
    array: MicrophoneArray,
    blocks: Iterable[Float[np.ndarray, "mic _"]],
    *,
    windows_per_column: int = 1,
) -> MaskedSpectrogram:
    """What a mask lets through of a recording, for people to look at.

    Args:
        masks: what chooses the bins.
        axis: windows and bins that the mask was trained with.
        array: what recorded.
        blocks: the recording at the sample rate of the axis, cut anywhere.
        windows_per_column: analysis windows averaged to one column; more for long recordings.
    """
    hop = windows_per_column * axis.hop_length
    length = axis.window_length + hop - axis.hop_length
    frames, features = FrameStream(array.num_microphones, length, hop), BinFeatures(axis, array)
    window = hann_window(axis.window_length)
    power, scales = [np.zeros((0, axis.num_bins), dtype=np.float32)], [np.ones(0)]
    columns_of_mask, left = [power[0]], power[0]  # columns that are whole, and windows that make none yet

    def fill(found: Float32[np.ndarray, "_ freq"]) -> None:
        # (window, freq) -> (column, freq)
        nonlocal left
        left = np.concatenate([left, found.reshape(-1, axis.num_bins)])
        whole = len(left) // windows_per_column * windows_per_column
        columns_of_mask.append(left[:whole].reshape(-1, windows_per_column, axis.num_bins).mean(axis=1))
        left = left[whole:]

    for block in blocks:
        # A frame is a column, and holds the windows that are averaged: (mic, column, window, freq).
        cut = frames.push(block)
        spectra = short_time_spectra(cut.samples, window, axis.hop_length)[..., axis.bins]
        if spectra.shape[1]:
            # (mic, column, window, freq) -> (mic, window, freq)
            by_window = spectra.reshape(len(spectra), -1, axis.num_bins)
            scale = np.repeat(cut.scale, windows_per_column)
            fill(masks.push(features.push(PolarSpectra.of(by_window, scale))))
            power.append(np.square(np.abs(spectra)).mean(axis=(0, 2)))
            scales.append(cut.scale)
    fill(masks.finish())
    # Centres of the columns; the mask is (column, freq), as is the power.
    found = np.concatenate(columns_of_mask)
    times_s = (np.arange(len(found)) * hop + length / 2) / axis.sample_rate
    # All in the scale of the loudest columns, which fits single precision.
    scale = np.concatenate(scales)
    to_loudest = np.square(scale.min(initial=np.inf) / scale).astype(np.float32)[:, None]
    return MaskedSpectrogram(times_s, axis.frequencies, np.concatenate(power) * to_loudest, found)
