"""One channel of sound into a WAV of 16 bits, block by block; whole after every block."""

import wave
from typing import BinaryIO

import numpy as np
from jaxtyping import Float

_SAMPLE_BYTES = 2


def pcm_bytes(sound: Float[np.ndarray, "time"]) -> bytes:
    """Samples of full scale 1 as 16-bit integers, little endian; what is beyond full scale is clipped."""
    return np.clip(np.rint(32767.0 * sound), -32768, 32767).astype("<i2").tobytes()


class WavWriter:
    """Writes a WAV by Python's own file, which says where there is no room, as libsndfile does not.

    Args:
        file: open for writing bytes, with a beginning to go back to; not closed.
        sample_rate: samples a second, in Hz.
    """

    def __init__(self, file: BinaryIO, sample_rate: int) -> None:
        self._wav: wave.Wave_write = wave.open(file, "wb")  # noqa: SIM115 # closed by close
        self._wav.setnchannels(1)
        self._wav.setsampwidth(_SAMPLE_BYTES)
        self._wav.setframerate(sample_rate)

    def write(self, sound: Float[np.ndarray, "time"]) -> None:
        """Append samples of full scale 1; the header then counts them."""
        self._wav.writeframes(pcm_bytes(sound))

    def close(self) -> None:
        """Nothing more comes."""
        self._wav.close()
