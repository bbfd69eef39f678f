"""Short-time spectra of an endless recording: only full windows, no padding, an explicit tail.

    samples  -------------------------------------------->
             |<------- frame 0 ------->|
                            |<------- frame 1 ------->|
             |<---- hop --->|

A frame of the spectrum holds several analysis windows: :class:`FrameStream` cuts the frames,
:func:`short_time_spectra` the windows inside them.
"""

import numpy as np
from jaxtyping import Complex64, Float, Float32
from scipy.fft import rfft

from anydoa.errors import AudioError, ShapeError


def hann_window(length: int) -> Float32[np.ndarray, "time"]:
    """Periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def short_time_spectra(
    samples: Float32[np.ndarray, "*batch time"], window: Float32[np.ndarray, "window"], hop_length: int
) -> Complex64[np.ndarray, "*batch frame freq"]:
    """Discrete Fourier transform of every full window, the first at the first sample.

    Args:
        samples: at least as many as the window has.
        window: weight of each sample in a window.
        hop_length: samples between windows.
    """
    windows = np.lib.stride_tricks.sliding_window_view(samples, len(window), axis=-1)[..., ::hop_length, :]
    return rfft(windows * window, axis=-1)


def check_audio(
    audio: Float[np.ndarray, "mic time"], num_microphones: int
) -> Float32[np.ndarray, "mic time"]:
    """The audio in single precision.

    Raises:
        ShapeError: if its rows are not the microphones.
        AudioError: if a sample is not finite.
    """
    samples = np.asarray(audio, dtype=np.float32)
    if samples.ndim != 2 or len(samples) != num_microphones:
        raise ShapeError(
            f"audio must be (microphones, samples) with {num_microphones} microphones, "
            f"got shape {samples.shape}; select the channels of the array first"
        )
    if not np.isfinite(samples).all():
        raise AudioError("audio must be finite, got NaN or infinite samples; repair or cut that part")
    return samples


class FrameStream:
    """Cuts chunks of any size into overlapping frames and keeps only the samples that later frames need.

    Args:
        num_microphones: rows of every chunk.
        frame_length: samples in a frame.
        hop_length: samples between frames, at most ``frame_length``.
    """

    def __init__(self, num_microphones: int, frame_length: int, hop_length: int) -> None:
        self._frame_length = frame_length
        self._hop_length = hop_length
        self._tail = np.zeros((num_microphones, 0), dtype=np.float32)

    def push(self, audio: Float[np.ndarray, "mic time"]) -> Float32[np.ndarray, "mic frame length"]:
        """The frames that these samples complete, maybe none."""
        samples = np.concatenate([self._tail, check_audio(audio, len(self._tail))], axis=1)
        num_frames = max(0, (samples.shape[1] - self._frame_length) // self._hop_length + 1)
        self._tail = samples[:, num_frames * self._hop_length :].copy()
        if num_frames == 0:
            return np.zeros((len(samples), 0, self._frame_length), dtype=np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(samples, self._frame_length, axis=1)
        return frames[:, :: self._hop_length]
