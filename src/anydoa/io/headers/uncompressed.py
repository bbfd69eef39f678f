"""Headers of sound files, as far as uncompressed samples need them: WAV, RF64, W64, AIFF, CAF, AU.

libsndfile reads these formats. What it does not say is read here: where the samples begin, how many bytes of
them the header promises, and whether it calls them Ambisonics. The bytes may also come from a pipe.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from anydoa.errors import AudioError
from anydoa.io.headers.encoding import sample_bytes

MAX_HEADER_BYTES = 2**24
"""A header longer than this is no header."""
_MAGIC_BYTES = 16
_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_AMBISONIC_GUID = bytes.fromhex("2107d3118644c8c1ca000000")  # from its fifth byte on
_WAV_ENCODINGS = {1: {8: "u8", 16: "s16", 24: "s24", 32: "s32"}, 3: {32: "f32", 64: "f64"}}
"""Encoding by format tag (1 whole numbers, 3 floats) and bits."""
_AU_ENCODINGS = {2: "s8", 3: "s16", 4: "s24", 5: "s32", 6: "f32", 7: "f64"}
_AIFC_FLOATS = {b"fl32": "f32", b"FL32": "f32", b"fl64": "f64", b"FL64": "f64"}
_UNKNOWN_SIZES = (
    range(0x7EFF0000, 0x7F000001),  # AIFF by SoX, rounded to whole frames
    range(0x7FFF0000, 0x80001000),
    range(0xFFFF0000, 0x100000000),
    range(2**63 - 2**16, 2**63),  # W64 by ffmpeg
)
"""What recorders write for a length they do not know yet (a pipe, a recording still running)."""


class HeaderIncompleteError(Exception):
    """The bytes end before the header does."""


@runtime_checkable
class SeekableBytes(Protocol):
    """A file of bytes."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place."""
        ...

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


@dataclass(frozen=True)
class ChunkLayout:
    """How the parts of a file follow each other.

    Args:
        name_bytes: length of a part's name.
        size_format: how its size is written, for ``struct``.
        alignment: every part is filled up to a multiple of so many bytes.
        counts_itself: whether the size counts name and size, too.
    """

    name_bytes: int
    size_format: str
    alignment: int
    counts_itself: bool = False

    @property
    def head_bytes(self) -> int:
        """Bytes before the content of a part."""
        return self.name_bytes + struct.calcsize(self.size_format)

    def read_head(self, head: bytes) -> tuple[bytes, int]:
        """Name (four bytes of it) and size of the content of a part."""
        (size,) = struct.unpack(self.size_format, head[self.name_bytes :])
        return head[:4], size - self.head_bytes * self.counts_itself

    def read_part(self, head: bytes) -> tuple[bytes, int] | None:
        """As :meth:`read_head`; None if the bytes look like samples, not like the name of a part."""
        named = len(head) >= self.head_bytes and all(0x20 <= byte < 0x7F for byte in head[:4])
        return self.read_head(head) if named else None

    def padded(self, size: int) -> int:
        """Bytes that content of this size takes in the file."""
        return size + -size % self.alignment

    def parts(self, content: bytes, start: int) -> Iterator[tuple[bytes, int, int]]:
        """Name, start and size of the content of one part after the other, as long as somebody asks.

        Raises:
            HeaderIncompleteError: if more bytes are needed.
            AudioError: if a part has an impossible size.
        """
        while True:
            name, size = self.read_head(_take(content, start, self.head_bytes))
            start += self.head_bytes
            yield name, start, size
            if size < 0 or start + size > MAX_HEADER_BYTES:
                raise AudioError("a part of the header has an impossible size; is it damaged?")
            start += self.padded(size)

    def fills(self, file: SeekableBytes, place: int, file_bytes: int) -> bool:
        """Whether parts with sensible names and sizes fill an open file from a place to its end."""
        while file_bytes - place >= self.head_bytes:
            file.seek(place)
            part = self.read_part(file.read(self.head_bytes))
            if part is None or part[1] < 0 or place + part[1] > file_bytes:
                return False
            place += self.head_bytes + self.padded(part[1])
        return True


_RIFF = ChunkLayout(4, "<I", 2)
_RIFX = ChunkLayout(4, ">I", 2)
_W64 = ChunkLayout(16, "<Q", 8, counts_itself=True)
_CAF = ChunkLayout(4, ">q", 1)


@dataclass(frozen=True)
class SoundHeader:
    """What a header says of the samples after it.

    Args:
        kind: what people call such a file, ``WAV`` for instance.
        sample_rate: samples a second of each channel, in Hz.
        num_channels: channels of each frame.
        encoding: one of :data:`~anydoa.io.headers.encoding.ENCODINGS`; None if compressed or unknown.
        bytes_per_s: bytes that a second of sound takes.
        data_start: bytes before the first sample.
        data_bytes: bytes of samples, as promised; None if the header says that it does not know.
        is_ambisonic: whether the header says that the channels are spherical harmonics.
        layout: how parts that follow the samples are laid out; None if none may follow.
    """

    kind: str
    sample_rate: int
    num_channels: int
    encoding: str | None
    bytes_per_s: float
    data_start: int
    data_bytes: int | None
    is_ambisonic: bool
    layout: ChunkLayout | None

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels; 1 if that cannot be said."""
        return self.num_channels * sample_bytes(self.encoding) if self.encoding else 1

    @property
    def data_may_be_open(self) -> bool:
        """Whether the size is one that recorders write for a length they do not know yet."""
        return self.data_bytes is None or any(self.data_bytes in sizes for sizes in _UNKNOWN_SIZES)

    def find_data_end(self, file: SeekableBytes, file_bytes: int) -> int:
        """Where the samples of an open file end, whatever the header promises.

        A size of 32 bits wraps at 4 GiB, and a recorder that is killed leaves the size it wrote first. So the
        promised end is believed only where the file ends or another part begins; else the samples go on.

        Args:
            file: the open file, which is left anywhere.
            file_bytes: length of the file.
        """
        if self.data_bytes is None:
            return file_bytes
        ends = range(self.data_start + self.data_bytes, file_bytes + 1, 2**32)
        return next((end for end in ends if self.ends_at(end, file, file_bytes)), file_bytes)

    def ends_at(self, end: int, file: SeekableBytes, file_bytes: int) -> bool:
        """Whether what follows the samples, if they end here, is something else than sound."""
        if file_bytes - end <= max(self.frame_bytes, _MAGIC_BYTES * 4):
            return file_bytes > end or self.data_bytes != 0
        if any(self._is_other_part(place, file, file_bytes) for place in self._ends_with_padding(end)):
            return True
        # Recorders fill a file up with a few zeros, at most 1 MiB.
        file.seek(end)
        rest = file.read(2**20 + 1)
        return self.data_bytes != 0 and len(rest) <= 2**20 and not rest.strip(b"\0")

    def _ends_with_padding(self, end: int) -> tuple[int, ...]:
        """Where the next part may begin: some recorders leave the bytes out that fill samples up."""
        if self.layout is None:
            return (end,)
        return self.data_start + self.layout.padded(end - self.data_start), end

    def _is_other_part(self, place: int, file: SeekableBytes, file_bytes: int) -> bool:
        """Whether tags or parts that are no samples begin at this place and fill the file."""
        file.seek(place)
        if file.read(_MAGIC_BYTES).startswith((b"ID3", b"TAG", b"APETAG", b"<?x", b"<x:")):
            return True
        if self.layout is None:
            return False
        layouts = (self.layout, replace(self.layout, alignment=1))
        return any(layout.fills(file, place, file_bytes) for layout in layouts)


@dataclass(frozen=True)
class _Format:
    """What the parts before the samples say."""

    sample_rate: int = 0
    num_channels: int = 0
    encoding: str | None = None
    bytes_per_s: float = 0.0
    is_ambisonic: bool = False

    def header(
        self, kind: str, start: int, size: int | None, layout: ChunkLayout | None, *, is_scene: bool = False
    ) -> SoundHeader:
        """The whole header, once the place of the samples is known."""
        if self.num_channels < 1 or self.sample_rate < 1:
            raise AudioError("the header names no rate or no channels; is it damaged?")
        known = (self.sample_rate, self.num_channels, self.encoding, self.bytes_per_s)
        return SoundHeader(kind, *known, start, size, self.is_ambisonic or is_scene, layout)

    @classmethod
    def of_wav(cls, content: bytes, order: str) -> "_Format":
        """What the part ``fmt`` of a WAV says, numbers in this byte order."""
        tag, channels, rate, bytes_per_s, frame = struct.unpack(order + "HHIIH", content[:14])
        ambisonic = False
        if tag == 0xFFFE and len(content) >= 40:  # extensible: the tag stands further on
            (tag,) = struct.unpack(order + "H", content[24:26])
            ambisonic = content[28:40] == _AMBISONIC_GUID
        bits = 8 * frame // channels if channels else 0
        name = _WAV_ENCODINGS.get(tag, {}).get(bits)
        encoding = name + ("le" if order == "<" else "be") if name else None
        return cls(rate, channels, encoding, frame * rate if encoding else float(bytes_per_s), ambisonic)

    @classmethod
    def of_aiff(cls, content: bytes) -> "_Format":
        """What the part ``COMM`` of an AIFF says; its sample rate has 80 bits."""
        channels, _, bits = struct.unpack(">HIH", content[:8])
        exponent, mantissa = struct.unpack(">HQ", content[8:18])
        power = (exponent & 0x7FFF) - 16383 - 63
        rate = round(mantissa * 2.0**power) if -64 < power <= 0 else 0
        compression = content[18:22] or b"NONE"
        width = -(-bits // 8)
        encoding = _AIFC_FLOATS.get(compression)
        if compression in (b"NONE", b"twos", b"sowt", b"in24", b"in32", b"lpcm"):
            encoding = f"s{8 * width}" if width in (1, 2, 3, 4) else None
        if encoding is None:
            return cls(rate, channels, None, float(channels * width * rate))
        encoding += "le" if compression == b"sowt" else "be"
        return cls(rate, channels, encoding, float(channels * sample_bytes(encoding) * rate))

    @classmethod
    def of_caf(cls, content: bytes) -> "_Format":
        """What the part ``desc`` of a CAF says."""
        rate, codec, flags, packet_bytes, packet_frames, channels, bits = struct.unpack(">d4s5I", content)
        order = "le" if flags & 2 else "be"
        encoding = None
        if codec == b"lpcm" and channels and packet_frames == 1:
            width = packet_bytes // channels
            names = {4: "f32", 8: "f64"} if flags & 1 else {1: "s8", 2: "s16", 3: "s24", 4: "s32"}
            encoding = names[width] + order if width in names and bits <= 8 * width else None
        bytes_per_s = packet_bytes * rate / packet_frames if packet_frames else 0.0
        whole_rate = round(rate) if 0 < rate < 2**31 else 0
        return cls(whole_rate, channels, encoding, bytes_per_s)


def parse_header(content: bytes) -> SoundHeader | None:
    """The header that these bytes begin with; None if they begin with none of a kind known here.

    Raises:
        HeaderIncompleteError: if more bytes are needed.
        AudioError: if the header makes no sense.
    """
    for magics, parse in _PARSERS.items():
        if any(magic.startswith(content[: len(magic)]) for magic in magics):
            if len(content) < _MAGIC_BYTES:
                raise HeaderIncompleteError
            return parse(content)
    return None


def read_header(file: SeekableBytes) -> SoundHeader | None:
    """The header of an open file, which is left anywhere; None if there is none of a kind known here."""
    size = 4096
    while size <= MAX_HEADER_BYTES:
        file.seek(0)
        content = file.read(size)
        try:
            return parse_header(content)
        except HeaderIncompleteError:
            if len(content) < size:
                return None
        except AudioError:
            return None  # libsndfile may know better
        size *= 8
    return None


def _take(content: bytes, start: int, size: int) -> bytes:
    if start + size > len(content):
        raise HeaderIncompleteError
    return content[start : start + size]


def _parse_wav(content: bytes) -> SoundHeader:
    is_w64 = content.startswith(b"riff")
    if not is_w64 and content[8:12] != b"WAVE":
        raise AudioError("its RIFF holds no WAVE; is it damaged?")
    order = ">" if content.startswith(b"RIFX") else "<"
    layout = _W64 if is_w64 else _RIFX if order == ">" else _RIFF
    kind = "W64" if is_w64 else "RF64" if content[:4] in (b"RF64", b"BW64") else "WAV"
    told, long_size, is_scene = _Format(), None, False
    for name, start, size in layout.parts(content, 40 if is_w64 else 12):
        if name == b"ds64":
            (long_size,) = struct.unpack("<Q", _take(content, start + 8, 8))
        elif name == b"fmt ":
            told = _Format.of_wav(_take(content, start, min(max(size, 16), 40)), order)
        elif name == b"chna":
            # Pack formats of the Audio Definition Model: type 4 is scene based.
            is_scene = b"AP_0004" in _take(content, start, size)
        elif name == b"data":
            long = kind == "RF64" and size == 0xFFFFFFFF and long_size is not None
            return told.header(kind, start, long_size if long else max(size, 0), layout, is_scene=is_scene)
    raise HeaderIncompleteError


def _parse_aiff(content: bytes) -> SoundHeader:
    if content[8:12] not in (b"AIFF", b"AIFC"):
        raise AudioError("its FORM holds no AIFF; is it damaged?")
    told, is_scene = _Format(), False
    for name, start, size in _RIFX.parts(content, 12):
        if name == b"COMM":
            told = _Format.of_aiff(_take(content, start, min(max(size, 18), 22)))
        elif name == b"CHAN":
            is_scene = _is_scene_layout(_take(content, start, 4))
        elif name == b"SSND":
            (offset,) = struct.unpack(">I", _take(content, start, 4))
            size = max(size - 8 - offset, 0)
            return told.header("AIFF", start + 8 + offset, size, _RIFX, is_scene=is_scene)
    raise HeaderIncompleteError


def _parse_caf(content: bytes) -> SoundHeader:
    told, is_scene = _Format(), False
    for name, start, size in _CAF.parts(content, 8):
        if name == b"desc":
            told = _Format.of_caf(_take(content, start, 32))
        elif name == b"chan":
            is_scene = _is_scene_layout(_take(content, start, 4))
        elif name == b"data":
            # Four bytes that count edits come before the samples; -1 is a length not known yet.
            num_bytes = None if size < 0 else max(size - 4, 0)
            return told.header("CAF", start + 4, num_bytes, _CAF, is_scene=is_scene)
    raise HeaderIncompleteError


def _parse_au(content: bytes) -> SoundHeader:
    order = ">" if content.startswith(b".snd") else "<"
    start, size, code, rate, channels = struct.unpack(order + "5I", _take(content, 4, 20))
    name = _AU_ENCODINGS.get(code)
    encoding = name + ("be" if order == ">" else "le") if name else None
    bytes_per_s = float(rate * channels * (sample_bytes(encoding) if encoding else 1))
    told = _Format(rate, channels, encoding, bytes_per_s)
    return told.header("AU", start, None if size == 0xFFFFFFFF else size, None)


def _is_scene_layout(content: bytes) -> bool:
    """Whether an Apple layout tag says B format, ACN/SN3D or ACN/N3D, in its upper half."""
    (tag,) = struct.unpack(">I", content)
    return tag >> 16 in (107, 190, 191)


_PARSERS = {
    (b"RIFF", b"RIFX", b"RF64", b"BW64", _W64_RIFF): _parse_wav,
    (b"FORM",): _parse_aiff,
    (b"caff",): _parse_caf,
    (b".snd", b"dns."): _parse_au,
}
