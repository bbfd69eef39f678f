"""Headers of OGG files: the codec, who wrote it, and which order its channels are in.

Vorbis and Opus put 3 and 5 to 8 channels into an order of their own. Some writers turn the order of a WAV
into it (ffmpeg, oggenc, opusenc), others do not (libsndfile, SoX), and only the writer's name tells which.

Reference:
    Vorbis I specification, 4.3.9; RFC 7845, 5.1.1; RFC 8486 for Ambisonics in Opus.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

_PAGE_HEAD = 27
_WAV_OF_VORBIS = {
    3: (0, 2, 1),
    5: (0, 2, 1, 3, 4),
    6: (0, 2, 1, 4, 5, 3),
    7: (0, 2, 1, 5, 6, 4, 3),
    8: (0, 2, 1, 6, 7, 4, 5, 3),
}
"""Channel of the WAV that each channel of the file was, where the writer turned the order."""

Order = Literal["vorbis", "file", "unknown"]


@dataclass(frozen=True)
class OggHeader:
    """What the first pages of an OGG file say.

    Args:
        codec: ``Vorbis`` or ``Opus``.
        num_channels: channels of the file.
        family: channel mapping family of Opus; 1 for Vorbis, which has the same orders.
        writer: who wrote the file, as it says.
    """

    codec: Literal["Vorbis", "Opus"]
    num_channels: int
    family: int
    writer: str

    @property
    def is_ambisonic(self) -> bool:
        """Whether the channels are spherical harmonics."""
        return self.family in (2, 3)

    @property
    def order(self) -> Order:
        """Whether the writer turned the channels into the order of Vorbis, left them, or cannot be told."""
        if self.num_channels not in _WAV_OF_VORBIS or self.family == 255:  # channels without meaning
            return "file"
        if self._is_lavc:
            # Channels of Opus that libavcodec orders by no table, measured with version 59.
            broken = self.codec == "Opus" and self.num_channels in (3, 5, 7)
            return "unknown" if broken else "vorbis"
        writer = self.writer.casefold()
        if "opusenc from opus-tools" in writer or "oggenc" in writer:
            return "vorbis"
        if any(name in writer for name in ("encoder=libsndfile", "processed by sox")):
            return "file"
        # libsndfile's Opus names nothing but the library.
        plain_opus = writer.startswith("libopus ") and len(writer.split()) == 2
        return "file" if plain_opus else "unknown"

    @property
    def wav_order(self) -> tuple[int, ...]:
        """Channel of the WAV that each channel was, if the writer turned the order."""
        return _WAV_OF_VORBIS.get(self.num_channels, tuple(range(self.num_channels)))

    @property
    def program(self) -> str:
        """What a person calls the writer."""
        return "ffmpeg" if self._is_lavc else "opusenc" if self.codec == "Opus" else "oggenc"

    @property
    def has_bass_channel(self) -> bool:
        """Whether the last channel of the file was kept for a bass loudspeaker and holds nothing else."""
        if self.codec == "Vorbis":
            return self.num_channels == 6
        return self.family == 1 and self.num_channels in (6, 7, 8) and not self._is_lavc

    @property
    def _is_lavc(self) -> bool:
        return any(name in self.writer for name in ("Lavf", "Lavc", "ffmpeg"))


def read_ogg_header(file: BinaryIO) -> OggHeader | None:
    """The header of an open OGG file of one stream of Vorbis or Opus; None if it is something else."""
    file.seek(0)
    packets = _packets(file.read(2**20))  # no header is longer
    first, second = next(packets, b""), next(packets, b"")
    try:
        if first.startswith(b"\x01vorbis") and second.startswith(b"\x03vorbis"):
            return OggHeader("Vorbis", first[11], 1, _writer(second[7:]))
        if first.startswith(b"OpusHead") and second.startswith(b"OpusTags"):
            return OggHeader("Opus", first[9], first[18], _writer(second[8:]))
    except (IndexError, struct.error):
        return None
    return None


def ends_with_last_page(file: BinaryIO) -> bool:
    """Whether an open OGG file ends with a whole page that says that it is the last one."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2**17))  # more than the longest page, twice
    tail = file.read()
    place = tail.rfind(b"OggS")
    while place >= 0 and len(tail) - place < _PAGE_HEAD:
        place = tail.rfind(b"OggS", 0, place)
    if place < 0 or not tail[place + 5] & 0x04:  # the flag of the last page
        return False
    num_parts = tail[place + 26]
    body = sum(tail[place + _PAGE_HEAD : place + _PAGE_HEAD + num_parts])
    return place + _PAGE_HEAD + num_parts + body <= len(tail)


def _packets(content: bytes) -> Iterator[bytes]:
    """The packets of the first pages, whole ones only."""
    place, packet = 0, b""
    while content[place : place + 4] == b"OggS" and len(content) >= place + _PAGE_HEAD:
        num_parts = content[place + 26]
        lacing = content[place + _PAGE_HEAD : place + _PAGE_HEAD + num_parts]
        place += _PAGE_HEAD + num_parts
        for length in lacing:
            packet += content[place : place + length]
            place += length
            if length < 255:
                yield packet
                packet = b""


def _writer(comments: bytes) -> str:
    """Vendor, and what the comments say of programs."""
    (length,) = struct.unpack("<I", comments[:4])
    vendor, rest = comments[4 : 4 + length], comments[8 + length :]
    programs = []
    while len(rest) >= 4:  # texts that each follow their length
        (length,) = struct.unpack("<I", rest[:4])
        text, rest = rest[4 : 4 + length], rest[4 + length :]
        if text.lower().startswith((b"encoder=", b"comment=processed by sox")):
            programs.append(text)
    return b"; ".join([vendor, *programs]).decode("utf-8", "replace")
