"""Raw samples: bytes as `arecord`, `sox` and small boards send them, with a header or without."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32

from anydoa.errors import AudioError
from anydoa.io.headers import (
    ChunkLayout,
    HeaderIncompleteError,
    SoundHeader,
    decode_samples,
    parse_header,
    sample_bytes,
)
from anydoa.live.feed import check_feed_format
from anydoa.live.feeds.sound_guard import SoundGuard

SampleFormat = Literal["s16le", "s24le", "s32le", "f32le"]
_COMPRESSED = {
    b"fLaC": "FLAC",
    b"OggS": "OGG",
    b"ID3": "MP3",
    b"\x1aE\xdf\xa3": "WebM or Matroska",
    b"#!AMR": "AMR",
}
_MAX_HEADER_BYTES = 2**20  # no sender has more to say


@dataclass(frozen=True)
class PcmFormat:
    """What raw samples mean: interleaved, one frame of all channels after the other.

    Args:
        sample_rate: samples a second.
        num_channels: samples in each frame.
        sample_format: ``s16le``, ``s24le`` (three bytes), ``s32le`` for integers, ``f32le`` for floats of
            full scale 1; little endian. A header knows better.
    """

    sample_rate: int
    num_channels: int
    sample_format: SampleFormat = "s16le"

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.num_channels * sample_bytes(self.sample_format)

    @property
    def read_bytes(self) -> int:
        """Bytes to ask for at once: 20 ms of sound."""
        return max(1, round(0.02 * self.sample_rate)) * self.frame_bytes


class PcmDecoder:
    """Turns bytes, cut anywhere, into blocks. The header of a WAV, AIFF, CAF or AU is read, not heard.

    Args:
        format: what the bytes mean.
        name: name of the feed, for messages.

    Raises:
        AudioError: if the rate or the number of channels cannot be.
    """

    def __init__(self, format: PcmFormat, name: str) -> None:
        check_feed_format(name, format.sample_rate, format.num_channels)
        self._format = format
        self._name = name
        self.restart()

    def restart(self) -> None:
        """Forget the part of a frame that came last: what comes next begins with a whole one, or a header."""
        self._rest = b""
        self._encoding: str | None = None  # as long as it is not known whether there is a header
        self._layout: ChunkLayout | None = None  # of what may follow the samples
        self._left: int | None = None  # bytes of samples that the header still promises
        self._skipped = 0  # bytes that are no samples, yet to come
        self._padding = 0  # bytes between the samples and what follows
        self._guard = SoundGuard(self._name, self._format.sample_rate)

    def push(self, content: bytes) -> Float32[np.ndarray, "channel time"]:
        """The samples that these bytes complete, maybe none.

        Raises:
            AudioError: if the bytes are no raw samples of this format.
        """
        self._rest += content
        blocks = [np.zeros((self._format.num_channels, 0), dtype=np.float32)]
        while (block := self._next_block()) is not None:
            blocks.append(block)
        return np.concatenate(blocks, axis=1)

    def _next_block(self) -> Float32[np.ndarray, "channel time"] | None:
        """What the bytes at hand hold, maybe nothing; None if more bytes are needed."""
        if self._encoding is None:
            moved = self._begin()
        elif self._skipped:  # bytes that are no samples
            gone = min(self._skipped, len(self._rest))
            self._skipped, self._rest = self._skipped - gone, self._rest[gone:]
            moved = gone > 0
        elif self._left == 0:
            moved = self._go_on()
        else:
            return self._take_frames(self._encoding)
        return np.zeros((self._format.num_channels, 0), dtype=np.float32) if moved else None

    def _take_frames(self, encoding: str) -> Float32[np.ndarray, "channel time"] | None:
        frame = self._format.num_channels * sample_bytes(encoding)
        size = len(self._rest) if self._left is None else min(len(self._rest), self._left)
        size -= size % frame
        if not size:
            return None
        piece, self._rest = self._rest[:size], self._rest[size:]
        if self._left is not None:
            self._left -= size
            self._skip_part_of_frame(frame)
        return self._guard.clean(decode_samples(piece, encoding, self._format.num_channels))

    def _skip_part_of_frame(self, frame_bytes: int) -> None:
        """Less than a frame of what the header promises is no sound, and what fills it up is none."""
        if self._left is not None and self._left < frame_bytes:
            self._skipped += self._left + self._padding
            self._left = 0

    def _begin(self) -> bool:
        """Find out whether there is a header; false if more bytes are needed."""
        try:
            header = find_header(self._rest, self._name)
        except HeaderIncompleteError:
            return False
        self._encoding = self._format.sample_format
        self._layout, self._left, self._padding = None, None, 0  # nothing holds of a header before
        if header is not None:
            self._check(header)
            self._encoding = header.encoding
            self._layout = header.layout
            self._skipped = header.data_start
            # Who writes into a pipe does not know the length yet, and says 0 or as much as he can.
            self._left = None if header.data_may_be_open else header.data_bytes or None
            if self._left and self._layout:
                self._padding = self._layout.padded(self._left) - self._left
            self._skip_part_of_frame(header.frame_bytes)
        self._guard = SoundGuard(self._name, self._format.sample_rate, self._encoding or "")
        return True

    def _check(self, header: SoundHeader) -> None:
        """Refuse what is not as was said."""
        told = f"{self._name}: its {header.kind} header says"
        if header.is_ambisonic:
            raise AudioError(
                f"{told} that the channels are Ambisonics, not microphones; send the microphones"
            )
        if header.encoding is None:
            raise AudioError(f"{told} that it is compressed; send raw samples, or integers or floats")
        if header.num_channels != self._format.num_channels:
            raise AudioError(
                f"{told} {header.num_channels} channels, not {self._format.num_channels}; "
                f"give {header.num_channels} and say which hold no microphone, or record all of the array"
            )
        if header.sample_rate != self._format.sample_rate:
            raise AudioError(
                f"{told} {header.sample_rate} Hz, not {self._format.sample_rate}; give {header.sample_rate}"
            )

    def _go_on(self) -> bool:
        """Look at what follows the promised samples: notes, another file, or more sound after all."""
        if self._layout is None:
            self._left = None
            return True
        if len(self._rest) < self._layout.head_bytes:
            return False
        name, size = self._layout.read_part(self._rest[: self._layout.head_bytes]) or (b"", -1)
        if name in (b"RIFF", b"RIFX", b"RF64", b"FORM", b"caff", b"riff"):
            self._encoding = None
        elif 0 <= size <= _MAX_HEADER_BYTES:
            self._skipped = self._layout.head_bytes + self._layout.padded(size)
        else:
            self._left = None
        return True


def find_header(content: bytes, name: str) -> SoundHeader | None:
    """The header that a stream begins with; None if it begins with samples.

    Args:
        content: first bytes of the stream.
        name: name of the stream, for messages.

    Raises:
        HeaderIncompleteError: if more bytes are needed.
        AudioError: if the stream is compressed, or its header makes no sense.
    """
    if any(magic.startswith(content) for magic in _COMPRESSED):
        raise HeaderIncompleteError
    kind = next((kind for magic, kind in _COMPRESSED.items() if content.startswith(magic)), None)
    if content[4:8] == b"ftyp":
        kind = "MP4"
    if kind is not None:
        raise AudioError(
            f"{name}: begins as {kind}, not as raw samples; decode it first, for instance with "
            "ffmpeg -i - -f wav -"
        )
    try:
        return parse_header(content)
    except HeaderIncompleteError:
        if len(content) > _MAX_HEADER_BYTES:
            raise AudioError(f"{name}: a header without samples; send raw samples") from None
        raise
    except AudioError as error:
        raise AudioError(f"{name}: {error}; send raw samples") from None
