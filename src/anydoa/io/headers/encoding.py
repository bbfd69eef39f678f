"""Uncompressed samples: what their bytes mean, whatever file or connection they come in."""

from typing import Any

import numpy as np
from jaxtyping import Float32

_NUMBERS = {"u8": "u1", "s8": "i1", "s16": "i2", "s32": "i4", "f32": "f4", "f64": "f8"}
_FULL_SCALE = {"u8": 2.0**7, "s8": 2.0**7, "s16": 2.0**15, "s32": 2.0**31}
_THREE_BYTES = "s24"

ENCODINGS = tuple(name + order for name in (*_NUMBERS, _THREE_BYTES) for order in ("le", "be"))
"""How samples can be written: kind of number, bits, byte order (which means nothing for one byte)."""


def sample_bytes(encoding: str) -> int:
    """Bytes of one sample of one channel."""
    return 3 if encoding.startswith(_THREE_BYTES) else _dtype(encoding).itemsize


def decode_samples(content: bytes, encoding: str, num_channels: int) -> Float32[np.ndarray, "channel time"]:
    """Samples of full scale 1 from interleaved ones; a part of a frame at the end is left out.

    Args:
        content: one frame of all channels after the other.
        encoding: one of :data:`ENCODINGS`.
        num_channels: channels of each frame.
    """
    frame = num_channels * sample_bytes(encoding)
    whole = content[: len(content) - len(content) % frame]
    if encoding.startswith(_THREE_BYTES):
        # (byte,) -> (sample, 4): three bytes are the upper three of four; the lowest stays 0.
        little = encoding.endswith("le")
        wide = np.zeros((len(whole) // 3, 4), dtype=np.uint8)
        target = wide[:, 1:] if little else wide[:, :3]
        target[:] = np.frombuffer(whole, dtype=np.uint8).reshape(-1, 3)
        encoding = "s32le" if little else "s32be"
        whole = wide.tobytes()
    with np.errstate(invalid="ignore", over="ignore"):  # whoever takes the samples checks them
        flat = np.frombuffer(whole, dtype=_dtype(encoding)).astype(np.float32)
        if encoding.startswith("u8"):
            flat -= np.float32(_FULL_SCALE["u8"])
        scale = _FULL_SCALE.get(encoding[:-2])
        if scale is not None:
            flat /= np.float32(scale)
    # (time · channel,) -> (channel, time)
    return flat.reshape(-1, num_channels).T


def _dtype(encoding: str) -> np.dtype[Any]:
    return np.dtype(("<" if encoding.endswith("le") else ">") + _NUMBERS[encoding[:-2]])
