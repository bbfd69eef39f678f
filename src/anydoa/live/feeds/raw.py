"""Raw samples from a pipe: `arecord -t raw ... | anydoa live --stdin ...`."""

import io
import os
import select
import sys
import threading
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from anydoa.io.headers import HeaderIncompleteError, SoundHeader
from anydoa.live.feeds.pcm import PcmDecoder, PcmFormat, find_header

STANDARD_INPUT = "standard input"
_HEAD_BYTES = 4096  # asked for at once while a header is looked for


@runtime_checkable
class ByteStream(Protocol):
    """Anything that gives bytes: standard input, a pipe, an open file, bytes in memory."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""
        ...

    def fileno(self) -> int:
        """Number of the open file, if the system has one for it."""
        ...


class RawFeed:
    """Raw samples from a binary stream, until its end.

    Args:
        stream: stream that gives the bytes.
        format: what the bytes mean.
        name: name of the feed, for messages and results.
        can_wait: whether the sender can wait, as a file does and a recorder does not.
        begin: bytes that were taken from the stream before, as by :func:`read_stream_header`.

    Raises:
        AudioError: if the rate or the number of channels cannot be.
    """

    def __init__(
        self,
        stream: ByteStream,
        format: PcmFormat,
        *,
        name: str = STANDARD_INPUT,
        can_wait: bool = False,
        begin: bytes = b"",
    ) -> None:
        self._decoder = PcmDecoder(format, name)
        self.name = name
        self.sample_rate = format.sample_rate
        self.num_channels = format.num_channels
        self.can_wait = can_wait
        self.pace = 1.0
        self.lost_s = 0.0
        self.num_held, self.num_starts = 0, 1
        self._stream = stream
        self._begin = begin
        self._read_bytes = format.read_bytes
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Float32[np.ndarray, "channel time"]]:
        while (content := self._read()) is not None:
            block = self._decoder.push(content)
            if block.shape[1]:
                yield block

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._closed.set()

    def _read(self) -> bytes | None:
        """The next bytes, as few as there are; None at the end."""
        if self._begin:
            begin, self._begin = self._begin, b""
            return begin
        try:
            file = self._stream.fileno()
        except io.UnsupportedOperation:
            return None if self._closed.is_set() else self._stream.read(self._read_bytes) or None
        while not self._closed.is_set():
            # Every 0.1 s, look whether the feed was closed. Windows cannot wait for pipes; there a closed
            # feed ends with the next bytes.
            if sys.platform == "win32" or select.select([file], [], [], 0.1)[0]:
                return os.read(file, self._read_bytes) or None
        return None


def read_stream_header(stream: ByteStream, *, name: str = STANDARD_INPUT) -> tuple[SoundHeader | None, bytes]:
    """The header that a stream begins with, None if it begins with samples; and the bytes that this took.

    Waits until enough has come.

    Raises:
        AudioError: if the stream is compressed, or its header makes no sense.
    """
    content = b""
    while True:
        try:
            more = os.read(stream.fileno(), _HEAD_BYTES)
        except io.UnsupportedOperation:  # no file behind it
            more = stream.read(_HEAD_BYTES)
        if not more:
            return None, content
        content += more
        try:
            return find_header(content, name), content
        except HeaderIncompleteError:
            continue
