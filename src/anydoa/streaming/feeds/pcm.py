"""Raw samples: bytes without a header, as `arecord -t raw`, `sox -t raw` and small boards send them."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32

from anydoa.io.audio import check_samples
from anydoa.streaming.feed import check_feed_format

SampleFormat = Literal["s16le", "f32le"]
_DTYPES: dict[str, np.dtype[Any]] = {"s16le": np.dtype("<i2"), "f32le": np.dtype("<f4")}
_FULL_SCALE = {"s16le": 2.0**15, "f32le": 1.0}
_READ_S = 0.02  # of sound asked for at once


@dataclass(frozen=True)
class PcmFormat:
    """What raw samples mean: interleaved, one frame of all channels after the other.

    Args:
        sample_rate: in Hz.
        num_channels: in each frame.
        sample_format: ``s16le`` for 16-bit integers, ``f32le`` for floats of full scale 1; little endian.
    """

    sample_rate: int
    num_channels: int
    sample_format: SampleFormat = "s16le"

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.num_channels * _DTYPES[self.sample_format].itemsize

    @property
    def read_bytes(self) -> int:
        """Bytes to ask for at once."""
        return max(1, round(_READ_S * self.sample_rate)) * self.frame_bytes


class PcmDecoder:
    """Turns bytes, cut anywhere, into blocks.

    Args:
        format: of the bytes.
        name: of the feed, for messages.

    Raises:
        AudioError: if the rate or the number of channels cannot be.
    """

    def __init__(self, format: PcmFormat, name: str) -> None:
        check_feed_format(name, format.sample_rate, format.num_channels)
        self._format = format
        self._name = name
        self._rest = b""
        self._num_samples = 0

    def push(self, content: bytes) -> Float32[np.ndarray, "channel time"]:
        """The samples that these bytes complete, maybe none.

        Raises:
            AudioError: where a float is NaN or infinite.
        """
        together = self._rest + content
        used = len(together) - len(together) % self._format.frame_bytes
        self._rest = together[used:]
        samples = np.frombuffer(together[:used], dtype=_DTYPES[self._format.sample_format])
        block = samples.reshape(-1, self._format.num_channels).T / np.float32(
            _FULL_SCALE[self._format.sample_format]
        )
        start_s = self._num_samples / self._format.sample_rate
        self._num_samples += block.shape[1]
        return check_samples(block, start_s, self._format.sample_rate, name=self._name)

    def restart(self) -> None:
        """Forget the part of a frame that came last: what comes next begins with a whole one."""
        self._rest = b""
