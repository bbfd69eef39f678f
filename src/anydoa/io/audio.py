"""Recordings read from files, block by block, and checked at the door.

Anything libsndfile knows: WAV, FLAC, W64, RF64, AIFF, CAF, OGG and more. Blocks are (channel, time),
float32, full scale 1. Only one block is held at a time, so the length of a recording costs no memory.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from anydoa.errors import AudioError, ShapeError
from anydoa.io.recording_file import RecordingFile
from anydoa.io.recording_info import MAX_CHANNELS as MAX_CHANNELS
from anydoa.io.recording_info import MAX_SAMPLE_RATE as MAX_SAMPLE_RATE
from anydoa.io.recording_info import AudioInfo as AudioInfo
from anydoa.io.recording_info import check_info

MAX_AMPLITUDE = 1e12  # full scale is 1; beyond, squares of spectra leave single precision
BLOCK_S = 1.0
"""Seconds in a block where nobody says otherwise."""

_logger = logging.getLogger(__name__)


def audio_info(path: str | os.PathLike[str]) -> AudioInfo:
    """Header of an audio file; how long it is, whatever the header says.

    Raises:
        AudioError: if there is no such file, it is no audio, it is truncated, its rate is out of range, or it
            says that its channels are no microphones.
    """
    with RecordingFile(Path(path)) as file:
        return file.info


def samples_info(audio: np.ndarray, sample_rate: float | None, *, name: str = "recording") -> AudioInfo:
    """What a header would say of a recording in memory.

    Raises:
        AudioError: if the sample rate is missing or out of range, or there are no samples.
        ShapeError: if the audio is not (channel, time).
    """
    check_shape(audio, name=name)
    if sample_rate is None:
        raise AudioError(f"{name} in memory has no sample rate of its own; pass sample_rate=...")
    info = AudioInfo(name, whole_rate(sample_rate, name=name), *audio.shape)
    check_info(info)
    return info


def whole_rate(sample_rate: object, *, name: str = "recording") -> int:
    """A sample rate that a person gave, as a whole number.

    Raises:
        AudioError: if it is none, or none that sound is recorded at.
    """
    if isinstance(sample_rate, bool) or not isinstance(sample_rate, (int, float, np.integer, np.floating)):
        raise AudioError(f"{name}: sample rate must be a number of Hz, got {sample_rate!r:.40}; say 16000")
    if not 0 < sample_rate < np.inf or sample_rate != round(sample_rate):
        raise AudioError(f"{name}: sample rate must be a whole number of Hz, got {sample_rate}; say 16000")
    check_info(AudioInfo(name, int(sample_rate), 1, 1))
    return int(sample_rate)


def check_shape(audio: np.ndarray, *, name: str = "recording") -> None:
    """Refuse samples that are not floating-point (channel, time).

    Raises:
        ShapeError: with the cure.
    """
    if audio.ndim != 2 or not np.issubdtype(audio.dtype, np.floating):
        raise ShapeError(
            f"{name} must be floating-point (channels, samples), got {audio.dtype} of shape {audio.shape}; "
            "divide integers by full scale, add an axis to a single channel"
        )
    if audio.shape[0] > MAX_CHANNELS:
        raise ShapeError(f"{name}: samples are (channel, time), got {audio.shape}; pass audio.T")
    if np.ma.is_masked(audio):
        raise ShapeError(f"{name}: samples must not be masked, for there is no gap in sound; fill them")


def as_samples(audio: object, *, name: str = "recording") -> np.ndarray:
    """What a person calls samples, as an array of numbers: tensors, lists of lists.

    Raises:
        ShapeError: if it is nothing of that kind.
    """
    if isinstance(audio, np.ndarray):
        return audio
    if hasattr(audio, "__array__") or isinstance(audio, (list, tuple)):
        try:
            samples = np.asarray(audio)
        except (TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:120]
            raise ShapeError(f"{name}: samples are numbers (channel, time); {reason}") from None
        if samples.dtype != object:
            return samples
    raise ShapeError(
        f"{name} must be the path of a file, a list of paths, or samples (channel, time), "
        f"got {type(audio).__name__}; give one of these"
    )


def split_blocks(
    audio: Float[np.ndarray, "channel time"], sample_rate: int, *, name: str = "recording"
) -> Iterator[Float32[np.ndarray, "channel block"]]:
    """A recording in memory, in the blocks that :func:`read_blocks` would give.

    Raises:
        AudioError: where a block holds NaN or infinite samples.
    """
    step = round(BLOCK_S * sample_rate)
    for start in range(0, audio.shape[1], step):
        yield check_samples(audio[:, start : start + step], start / sample_rate, sample_rate, name=name)


def read_blocks(
    path: str | os.PathLike[str], *, block_s: float = BLOCK_S, warn: bool = True
) -> Iterator[Float32[np.ndarray, "channel time"]]:
    """The recording in blocks of ``block_s`` seconds, the last one shorter.

    Args:
        path: of the file.
        block_s: length of a block.
        warn: whether what is odd about the file is said; not where it is read once more.

    Raises:
        AudioError: as :func:`audio_info`, or where a block is damaged or holds NaN or infinite samples.
    """
    with RecordingFile(Path(path)) as file:
        told = _tell(file.remarks, 0, warn=warn)
        num_read, rate = 0, file.info.sample_rate
        for block in file.blocks(max(1, round(block_s * rate))):
            yield check_samples(block, num_read / rate, rate, name=file.info.name)
            num_read += block.shape[1]
        _tell(file.remarks, told, warn=warn)


def read_audio(path: str | os.PathLike[str]) -> tuple[Float32[np.ndarray, "channel time"], int]:
    """A whole recording and its sample rate; for long ones take :func:`read_blocks`.

    Raises:
        AudioError: as :func:`read_blocks`.
    """
    return np.concatenate(list(read_blocks(path)), axis=1), audio_info(path).sample_rate


def check_samples(
    block: Float[np.ndarray, "channel time"], start_s: float, sample_rate: int, *, name: str
) -> Float32[np.ndarray, "channel time"]:
    """The block in single precision.

    Args:
        block: part of a recording.
        start_s: seconds from the start of the recording to the block's first sample.
        sample_rate: in Hz.
        name: of the recording, for the message.

    Raises:
        AudioError: naming the first sample that is NaN, infinite or absurdly large.
    """
    sound = np.abs(block) < MAX_AMPLITUDE  # false for NaN, too
    if not sound.all():
        sample, channel = np.argwhere(~sound.T)[0]
        raise AudioError(
            f"{name}: samples must be numbers below {MAX_AMPLITUDE:g} (full scale is 1), but channel "
            f"{channel} holds {block[channel, sample]:g} at {start_s + sample / sample_rate:.4f} s; "
            "repair or cut that part"
        )
    return np.asarray(block, dtype=np.float32)


def _tell(remarks: Sequence[str], start: int, *, warn: bool) -> int:
    """Warn of the remarks from ``start`` on; how many there are now."""
    for remark in remarks[start:] if warn else ():
        _logger.warning("%s", remark)
    return len(remarks)
