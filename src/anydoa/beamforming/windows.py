"""Sound into overlapping windows and back: what goes in unchanged comes out unchanged, only later.

Windows are weighted by the square root of a Hann window on both ways, so that where filters change from one
window to the next the sound fades over. The first begins half a window before the sound.

    samples        |------------------------------>
    windows   |<-- 0 -->|
                   |<-- 1 -->|
                        |<-- 2 -->|
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float, Float32
from scipy.fft import irfft, rfft

from anydoa.acoustics import FrameStream, hann_window
from anydoa.constants import SAMPLE_RATE

BEAM_RATE = SAMPLE_RATE
"""Samples a second of every beam, in Hz: the rate that speech recognizers and telephones listen at."""

WINDOW_LENGTH = 512
HOP_LENGTH = 256
NUM_BINS = WINDOW_LENGTH // 2 + 1


def bin_frequencies() -> Float[np.ndarray, "freq"]:
    """Centre of each bin, in Hz."""
    return np.arange(NUM_BINS) * BEAM_RATE / WINDOW_LENGTH


@dataclass(frozen=True, eq=False)
class Windows:
    """Some windows of the microphones, one after the other.

    Args:
        samples: the sound that was cut, not weighted; in the scale of the frames.
        spectra: weighted.
        scale: factor on each window, 1 for usual recordings.
    """

    samples: Float32[np.ndarray, "mic window time"]
    spectra: Complex64[np.ndarray, "freq window mic"]
    scale: Float[np.ndarray, "window"]

    def __len__(self) -> int:
        return len(self.scale)

    def __getitem__(self, part: slice) -> "Windows":
        return Windows(self.samples[:, part], self.spectra[:, part], self.scale[part])

    @property
    def least_scale(self) -> float:
        """That of the loudest, in which all fit single precision; there must be some."""
        return float(self.scale.min())

    def spectra_at(self, scale: float) -> Complex64[np.ndarray, "freq window mic"]:
        """The spectra, all in one scale."""
        if (self.scale == scale).all():
            return self.spectra
        spectra: np.ndarray = self.spectra * (scale / self.scale).astype(np.float32)[:, None]
        return spectra

    def __add__(self, later: "Windows") -> "Windows":
        return Windows(
            np.concatenate([self.samples, later.samples], axis=1),
            np.concatenate([self.spectra, later.spectra], axis=1),
            np.concatenate([self.scale, later.scale]),
        )


class WindowStream:
    """Cuts sound of any chunks into windows.

    Args:
        num_microphones: rows of every chunk.
    """

    def __init__(self, num_microphones: int) -> None:
        self.num_microphones = num_microphones
        self._frames = FrameStream(num_microphones, WINDOW_LENGTH, HOP_LENGTH)
        self._frames.push(np.zeros((num_microphones, WINDOW_LENGTH - HOP_LENGTH), dtype=np.float32))
        self._weight = np.sqrt(hann_window(WINDOW_LENGTH))

    def push(self, audio: Float[np.ndarray, "mic time"]) -> Windows:
        """The windows that these samples complete, maybe none.

        Raises:
            ShapeError: if the rows are not the microphones.
            AudioError: if a sample is not finite.
        """
        frames = self._frames.push(audio)
        # (mic, window, freq) -> (freq, window, mic)
        spectra = rfft(frames.samples * self._weight, axis=-1).transpose(2, 1, 0)
        return Windows(frames.samples, np.ascontiguousarray(spectra, dtype=np.complex64), frames.scale)


class OverlapAdd:
    """Adds windows up to sound again.

    Args:
        num_rows: sounds that are made at once.
    """

    def __init__(self, num_rows: int) -> None:
        self._weight = np.sqrt(hann_window(WINDOW_LENGTH))
        self._tail = np.zeros((num_rows, WINDOW_LENGTH - HOP_LENGTH), dtype=np.float32)
        self._lead = WINDOW_LENGTH - HOP_LENGTH  # samples before the sound began

    def push(self, spectra: Complex64[np.ndarray, "row window freq"]) -> Float32[np.ndarray, "row time"]:
        """The samples that no later window adds to."""
        windows = irfft(spectra, WINDOW_LENGTH, axis=-1) * self._weight
        count = windows.shape[1]
        sound = np.zeros((len(windows), count * HOP_LENGTH + self._tail.shape[1]), dtype=np.float32)
        sound[:, : self._tail.shape[1]] = self._tail
        for number in range(count):
            begin = number * HOP_LENGTH
            sound[:, begin : begin + WINDOW_LENGTH] += windows[:, number]
        ready, self._tail = np.split(sound, [count * HOP_LENGTH], axis=1)
        lead, self._lead = min(self._lead, ready.shape[1]), max(self._lead - ready.shape[1], 0)
        return ready[:, lead:]
