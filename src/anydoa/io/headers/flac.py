"""How long a FLAC is: what its last frame says, for libsndfile believes its header, which may not know.

Format: RFC 9639. Who writes into a pipe, or is killed, leaves the length that the header began with: 0, which
means unknown, or less than came after all.
"""

import os
import re
from dataclasses import dataclass
from typing import BinaryIO

from anydoa.io.headers.mpeg import tag_bytes

_MAGIC = re.compile(rb"fLaC[\0\x80]\0\0\x22")  # the first block is about the stream, maybe it is the only one
_MAGIC_BYTES = 8
_STREAM_BYTES = 34
_LENGTH_BITS = 36
_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_MAX_FRAME_HEADER = 16  # bytes
_RATES = (0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
_BITS = (0, 8, 12, None, 16, 20, 24, 32)
_TAGS = (b"TAG", b"APETAGEX", b"ID3")


@dataclass(frozen=True)
class FlacHeader:
    """What the header of a FLAC says of its frames.

    Args:
        start: bytes before the header, as tags take them.
        block_length: samples of each channel in a frame, at most.
        sample_rate: samples a second of each channel, in Hz.
        num_channels: channels of the file.
        bits: bits of one sample.
        num_samples: length of each channel; 0 if not known when it was written.
    """

    start: int
    block_length: int
    sample_rate: int
    num_channels: int
    bits: int
    num_samples: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of the largest frame that a sensible encoder writes: one that packs nothing."""
        return self.block_length * self.num_channels * (self.bits + 1) // 8 + 256

    def allows(self, head: bytes) -> bool:
        """Whether rate, channels and bits that a frame begins with are those of the file."""
        rate, channels, bits = head[2] & 0xF, head[3] >> 4, _BITS[head[3] >> 1 & 7]
        if rate == 15 or channels > 10 or bits is None or head[3] & 1:
            return False
        num_channels = channels + 1 if channels < 8 else 2
        return (
            num_channels == self.num_channels
            and bits in (0, self.bits)
            and (rate >= len(_RATES) or _RATES[rate] in (0, self.sample_rate))
        )


@dataclass(frozen=True)
class _Frame:
    """Where a frame begins in the bytes at hand, and which samples it holds."""

    place: int
    first: int
    length: int

    @property
    def end(self) -> int:
        return self.first + self.length


def read_flac_header(file: BinaryIO) -> FlacHeader | None:
    """The header of an open FLAC; None if it is something else."""
    file.seek(0)
    start = tag_bytes(file.read(_MAX_FRAME_HEADER))
    file.seek(start)
    content = file.read(_MAGIC_BYTES + _STREAM_BYTES)
    stream = content[_MAGIC_BYTES:]
    if not _MAGIC.match(content) or len(stream) < _STREAM_BYTES:
        return None
    told = int.from_bytes(stream[10:18])
    return FlacHeader(
        start,
        block_length=int.from_bytes(stream[2:4]),
        sample_rate=told >> 44,
        num_channels=(told >> 41 & 0x7) + 1,
        bits=(told >> _LENGTH_BITS & 0x1F) + 1,
        num_samples=told & 2**_LENGTH_BITS - 1,
    )


def count_flac_samples(file: BinaryIO, header: FlacHeader) -> int | None:
    """Samples of each channel up to the last frame of an open FLAC that is surely whole; None if none is."""
    size = file.seek(0, os.SEEK_END)
    step = max(2 * header.frame_bytes, 2**18)  # bytes looked through at once
    for end in range(size, header.start, -step):
        begin = max(header.start, end - 2 * step)  # a frame that lies across two parts is whole in one
        file.seek(begin)
        num_samples = _last_end(file.read(end - begin), header)
        if num_samples is not None:
            return num_samples
    return None


class FlacWithLength:
    """An open FLAC whose header says another length; for reading only.

    Args:
        file: the open file, which is read and not closed.
        header: what the file's header says.
        num_samples: length that readers shall see.
    """

    def __init__(self, file: BinaryIO, header: FlacHeader, num_samples: int) -> None:
        self._file = file
        # The length begins in the lower half of byte 13 of the block about the stream.
        self._place = header.start + _MAGIC_BYTES + 13
        file.seek(self._place)
        told = int.from_bytes(file.read(5))
        kept = told >> _LENGTH_BITS << _LENGTH_BITS
        self._length = (kept | num_samples).to_bytes(5)
        file.seek(0)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place of the next byte."""
        return self._file.tell()

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""
        begin = self._file.tell()
        content = bytearray(self._file.read(size))
        for place, byte in enumerate(self._length, self._place - begin):
            if 0 <= place < len(content):
                content[place] = byte
        return bytes(content)


def _last_end(content: bytes, header: FlacHeader) -> int | None:
    """Samples up to the end of the last whole frame here; None if there is none."""
    frames = [frame for match in _SYNC.finditer(content) if (frame := _frame(content, match.start(), header))]
    bare = len(content.rstrip(b"\0"))
    ends = [len(content), bare, bare + 1, bare + 2, *(content.rfind(tag) for tag in _TAGS)]
    for index, frame in reversed(list(enumerate(frames))):
        # It may end where the next one begins; up to two may look like the next and are not.
        nexts = [other.place for other in frames[index + 1 : index + 4]]
        possible = range(frame.place + 8, frame.place + header.frame_bytes + 1)
        places = [end for end in (*nexts, *ends) if end in possible]
        if any(_remainder(content[frame.place : end], _CRC_16, 16) == 0 for end in places):
            return frame.end
    return None


def _frame(content: bytes, place: int, header: FlacHeader) -> _Frame | None:
    head = content[place : place + _MAX_FRAME_HEADER]
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or not header.allows(head):
        return None
    number, used = _coded_number(head[4:])
    # A code for the number of samples, or for one or two bytes after the frame's number that say it.
    code = head[2] >> 4
    extra = code - 5 if code in (6, 7) else 0
    length = int.from_bytes(head[4 + used : 4 + used + extra]) + 1
    if not extra:
        length = 256 << code - 8 if code >= 8 else (0, 192, 576, 1152, 2304, 4608)[code]
    end = 4 + used + extra + (0, 1, 2, 2)[max(0, (head[2] & 0xF) - 11)]
    if not used or not length or end >= len(head) or _remainder(head[: end + 1], _CRC_8, 8):
        return None
    is_variable = head[1] & 1
    frame = _Frame(place, number if is_variable else number * header.block_length, length)
    return frame if frame.end < 2**_LENGTH_BITS else None


def _coded_number(content: bytes) -> tuple[int, int]:
    """A number coded as UTF-8 codes letters, up to seven bytes; and its bytes, none if there is none."""
    ones = 8 - (content[0] ^ 0xFF).bit_length()
    if ones == 0:
        return content[0], 1
    rest = content[1:ones]
    if ones in (1, 8) or len(rest) < ones - 1 or any(byte >> 6 != 0b10 for byte in rest):
        return 0, 0
    number = content[0] & 0x7F >> ones
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, ones


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    """What each byte adds to a cyclic check of so many bits."""
    table = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = value << 1 ^ (polynomial if value >> bits - 1 else 0)
            value &= 2**bits - 1
        table.append(value)
    return tuple(table)


_CRC_8, _CRC_16 = _table(0x07, 8), _table(0x8005, 16)


def _remainder(content: bytes, table: tuple[int, ...], bits: int) -> int:
    """The cyclic check of bytes: 0 for those that end with their own."""
    value, mask, shift = 0, 2**bits - 1, bits - 8
    for byte in content:
        value = (value << 8 & mask) ^ table[value >> shift ^ byte]
    return value
