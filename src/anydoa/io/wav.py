"""One channel of sound into a WAV of 16 bits, block by block; whole after every block."""

import struct
from typing import BinaryIO

import numpy as np
from jaxtyping import Float

_SAMPLE_BYTES = 2
_HEADER_BYTES = 44
_MOST = 0xFFFFFFFF  # what a size of 32 bits can say; readers take it for a length that is not known


def pcm_bytes(sound: Float[np.ndarray, "time"]) -> bytes:
    """Samples of full scale 1 as 16-bit integers, little endian; what is beyond full scale is clipped."""
    return np.clip(np.rint(32767.0 * sound), -32768, 32767).astype("<i2").tobytes()


class WavWriter:
    """Writes a WAV to a file of Python's, which says where there is no room, as libsndfile does not.

    Beyond 4 GiB, 37 hours at 16 kHz, the header says that it does not know the length, and sound goes on.

    Args:
        file: open for writing bytes, with a beginning to go back to; not closed.
        sample_rate: samples a second, in Hz.
    """

    def __init__(self, file: BinaryIO, sample_rate: int) -> None:
        self._file, self._sample_rate = file, sample_rate
        self._num_bytes = 0
        file.write(self._header())
        file.flush()

    def write(self, sound: Float[np.ndarray, "time"]) -> None:
        """Append samples of full scale 1; the header then counts them."""
        content = pcm_bytes(sound)
        self._file.write(content)
        self._num_bytes += len(content)
        self._file.seek(0)
        self._file.write(self._header())
        self._file.seek(0, 2)
        self._file.flush()

    def _header(self) -> bytes:
        """RIFF, one channel of 16 bits, and how many bytes of it there are."""
        rate, size = self._sample_rate, self._num_bytes
        riff = struct.pack("<4sI4s", b"RIFF", min(size + _HEADER_BYTES - 8, _MOST), b"WAVE")
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, _SAMPLE_BYTES * rate, _SAMPLE_BYTES, 16)
        return riff + form + struct.pack("<4sI", b"data", min(size, _MOST))
