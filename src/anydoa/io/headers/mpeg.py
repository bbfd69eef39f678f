"""How long an MP3 is: what its frames add up to, for libsndfile only guesses where no header says."""

from typing import BinaryIO

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_READ_BYTES = 2**24


def count_mpeg_samples(file: BinaryIO) -> int | None:
    """Samples of each channel in an open MP3; None if it is none, or its frames do not follow each other."""
    file.seek(0)
    content = file.read(_READ_BYTES)
    place = tag_bytes(content)
    num_samples, base = 0, 0
    while frame := _frame(content[place - base : place - base + 4]):
        num_bytes, samples = frame
        num_samples += samples
        place += num_bytes
        if place - base + 4 > len(content):
            file.seek(place)
            content, base = file.read(_READ_BYTES), place
    return num_samples or None


def tag_bytes(content: bytes) -> int:
    """Bytes of the ID3 tag that a file begins with."""
    if not content.startswith(b"ID3") or len(content) < 10:  # bytes of the tag's own head
        return 0
    size = 0
    for byte in content[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frame(head: bytes) -> tuple[int, int] | None:
    """Bytes and samples of the frame of layer 3 that begins so; None if none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version not in _RATES or layer != 1 or not 0 < bitrate < 15 or rate == 3:  # layer III is coded as 1
        return None
    is_first = version == 3  # MPEG-1; MPEG-2 and 2.5 have half as many samples in a frame
    kbits = (_KBITS_1 if is_first else _KBITS_2)[bitrate]
    samples = 1152 if is_first else 576
    return samples // 8 * kbits * 1000 // _RATES[version][rate] + padding, samples
