"""The decoder against FFmpeg's, whose samples were taken once for octets made by a formula."""

import hashlib

import numpy as np

from anydoa.evaluation.asterisk import decode_g722, g722_duration

FFMPEG_DIGEST = "dbc4562662b1dfb989ffdc0fb4d5aa8527fa739ba178ce6d06084f780f883b09"
FFMPEG_SAMPLES = [
    -748, 1540, 8037, 13449, 10048, -66, -5681, -3797, -1013, -147, 641, 773, 1180, 478, -6304, -12597,
]  # fmt: skip


def formula_octets() -> bytes:
    """Pseudo-random octets, then every octet held for four: both bands adapt to their limits and overflow."""
    state, octets = 1, []
    for _ in range(2000):
        state = (1103515245 * state + 12345) % 2**31
        octets.append(state >> 16 & 255)
    return bytes(octets) + bytes(octet for octet in range(256) for _ in range(4))


def as_16_bit(audio: np.ndarray) -> np.ndarray:
    return np.round(audio * 32768).astype("<i2")


def test_every_sample_is_the_one_ffmpeg_decodes() -> None:
    samples = as_16_bit(decode_g722([formula_octets()])[0])
    assert samples[100:116].tolist() == FFMPEG_SAMPLES
    assert hashlib.sha256(samples.tobytes()).hexdigest() == FFMPEG_DIGEST


def test_streams_decoded_side_by_side_do_not_touch_each_other() -> None:
    octets = formula_octets()
    streams = [octets[100:400], octets[:1000], b"", octets[2000:2001]]
    together = decode_g722(streams)
    for stream, audio in zip(streams, together, strict=True):
        assert len(audio) == 2 * len(stream)
        np.testing.assert_array_equal(audio, decode_g722([stream])[0])


def test_an_octet_lasts_an_eighth_of_a_millisecond() -> None:
    assert g722_duration(8000) == 1.0
