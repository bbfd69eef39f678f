"""Short-time spectra of an endless recording: only full windows, no padding, an explicit tail.

    samples  -------------------------------------------->
             |<------- frame 0 ------->|
                            |<------- frame 1 ------->|
             |<---- hop --->|

A frame of the spectrum holds several analysis windows: :class:`FrameStream` cuts the frames,
:func:`short_time_spectra` the windows inside them.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float, Float32
from scipy.fft import rfft

from anydoa.spectrum import SampleScale, check_audio


def hann_window(length: int) -> Float32[np.ndarray, "time"]:
    """Periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def short_time_spectra(
    samples: Float32[np.ndarray, "*batch time"], window: Float32[np.ndarray, "window"], hop_length: int
) -> Complex64[np.ndarray, "*batch frame freq"]:
    """Discrete Fourier transform of every full window, the first at the first sample.

    Args:
        samples: signals, each at least as long as the window.
        window: weight of each sample in a window.
        hop_length: number of samples between windows.
    """
    windows = np.lib.stride_tricks.sliding_window_view(samples, len(window), axis=-1)[..., ::hop_length, :]
    return rfft(windows * window, axis=-1)


@dataclass(frozen=True, eq=False)
class Frames:
    """Overlapping frames of a recording.

    Args:
        samples: samples of each frame, times the scale of the frame.
        scale: factor of each frame, 1 for usual recordings; see :class:`~anydoa.spectrum.SampleScale`.
    """

    samples: Float32[np.ndarray, "mic frame length"]
    scale: Float[np.ndarray, "frame"]

    def level(self) -> Float32[np.ndarray, "frame"]:
        """Root mean square of each frame, in the recording's own scale."""
        count = len(self.samples) * self.samples.shape[2]
        square = np.einsum("mft,mft->f", self.samples, self.samples, dtype=np.float64) / count
        return (np.sqrt(square) / self.scale).astype(np.float32)

    def __getitem__(self, chosen: slice) -> "Frames":
        return Frames(self.samples[:, chosen], self.scale[chosen])

    def __len__(self) -> int:
        return len(self.scale)


class ScaledTail:
    """Samples that later frames need, brought to the scale of what follows them.

    Args:
        num_microphones: number of rows.
    """

    def __init__(self, num_microphones: int) -> None:
        self.samples: Float32[np.ndarray, "mic time"] = np.zeros((num_microphones, 0), dtype=np.float32)
        self.factor = 1.0
        """What the samples were multiplied by."""

    def extend(self, samples: Float32[np.ndarray, "mic time"], factor: float) -> bool:
        """Append samples that were multiplied by a factor; whether what came before had another one."""
        is_new = factor != self.factor
        if is_new:
            scaled = self.samples * np.float64(factor / self.factor)
            self.samples, self.factor = scaled.astype(np.float32), factor
        self.samples = np.concatenate([self.samples, samples], axis=1)
        return is_new

    def drop(self, num_samples: int) -> None:
        """Forget the oldest samples."""
        self.samples = self.samples[:, num_samples:].copy()


class FrameStream:
    """Cuts chunks of any size into overlapping frames and keeps only the samples that later frames need.

    Args:
        num_microphones: number of rows of every chunk.
        frame_length: number of samples in a frame.
        hop_length: number of samples between frames, at most ``frame_length``.
    """

    def __init__(self, num_microphones: int, frame_length: int, hop_length: int) -> None:
        self._frame_length = frame_length
        self._hop_length = hop_length
        self._tail, self._scale = ScaledTail(num_microphones), SampleScale()

    def push(self, audio: Float[np.ndarray, "mic time"]) -> Frames:
        """The frames that these samples complete, maybe none.

        Raises:
            ShapeError: if the rows are not the microphones.
            AudioError: if a sample is not finite.
        """
        frames = []
        for piece, factor in self._scale.pieces(check_audio(audio, len(self._tail.samples))):
            self._tail.extend(piece, factor)
            samples = self._tail.samples
            num_frames = max(0, (samples.shape[1] - self._frame_length) // self._hop_length + 1)
            self._tail.drop(num_frames * self._hop_length)
            cut = np.zeros((len(samples), 0, self._frame_length), dtype=np.float32)
            if num_frames > 0:
                # (mic, time) -> (mic, frame, length)
                cut = np.lib.stride_tricks.sliding_window_view(samples, self._frame_length, axis=1)
                cut = cut[:, :: self._hop_length]
            frames.append(Frames(cut, np.full(num_frames, factor)))
        if len(frames) == 1:
            return frames[0]
        return Frames(
            np.concatenate([part.samples for part in frames], axis=1),
            np.concatenate([part.scale for part in frames]),
        )
