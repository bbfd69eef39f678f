"""One channel of sound as samples of 16 bits, and into a WAV, block by block; whole after every block."""

import logging
import struct
from typing import BinaryIO

import numpy as np
from jaxtyping import Float

_SAMPLE_BYTES = 2
_HEADER_BYTES = 44
_MOST = 0xFFFFFFFF  # what a size of 32 bits can say; readers take it for a length that is not known
_MOST_CLIPPED = 1e-3  # share of a block that may be clipped without a word

_logger = logging.getLogger(__name__)


class Pcm:
    """Samples of full scale 1 as 16-bit integers; what is beyond full scale is clipped, which is said once.

    Args:
        what: name of the sound in the warning that some is clipped.
    """

    def __init__(self, what: str) -> None:
        self._what, self._was_said = what, False

    def encode(self, sound: Float[np.ndarray, "time"]) -> bytes:
        """The next samples, little endian."""
        whole = np.rint(32767.0 * sound)
        clipped = np.clip(whole, -32768, 32767)
        if not self._was_said and np.count_nonzero(whole != clipped) > _MOST_CLIPPED * len(whole):
            self._was_said = True
            _logger.warning(
                "%s is louder than full scale, and clipped there; lower the gain of the recording", self._what
            )
        encoded: bytes = clipped.astype("<i2").tobytes()
        return encoded


class WavWriter:
    """Writes a WAV to a file of Python's, which says where there is no room, as libsndfile does not.

    Beyond 4 GiB, 37 hours at 16 kHz, the header says that it does not know the length, and sound goes on.

    Args:
        file: open for writing bytes, with a beginning to go back to; not closed.
        sample_rate: samples a second, in Hz.
        what: name of the sound in the warning that some is clipped.
    """

    def __init__(self, file: BinaryIO, sample_rate: int, *, what: str = "the sound") -> None:
        self._file, self._sample_rate, self._pcm = file, sample_rate, Pcm(what)
        self._num_bytes = 0
        file.write(self._header())
        file.flush()

    def write(self, sound: Float[np.ndarray, "time"]) -> None:
        """Append samples of full scale 1; the header then counts them."""
        content = self._pcm.encode(sound)
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
