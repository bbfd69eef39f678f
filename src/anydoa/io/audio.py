"""Recordings read from files, block by block, and checked at the door.

Anything libsndfile knows: WAV, FLAC, W64, RF64, AIFF, CAF, OGG and more. Blocks are (channel, time),
float32, full scale 1. Only one block is held at a time, so the length of a recording costs no memory.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from anydoa.constants import MIN_SAMPLE_RATE
from anydoa.errors import AudioError, ShapeError
from anydoa.output_file import note_input

MAX_SAMPLE_RATE = 768_000  # Hz; the fastest converters on sale, anything above is a damaged header
MAX_AMPLITUDE = 1e12  # full scale is 1; beyond, squares of spectra leave single precision
_BLOCK_S = 1.0
_MAX_SAMPLES = 2**48  # centuries; libsndfile gives the largest integer where a header leaves the length open
_SIZE_TOLERANCE = 64  # bytes; writers disagree whether padding and chunk headers count
_SIZE_LINE = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE
)
_UNKNOWN_SIZES = (range(0x7FFF0000, 0x80001000), range(0xFFFF0000, 0x100000000))
"""What recorders write for a length they do not know yet (a pipe, a recording still running)."""


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a recording says.

    Args:
        name: file name, for messages and results.
        sample_rate: in Hz.
        num_channels: microphones and everything else that was recorded with them.
        num_samples: in each channel.
    """

    name: str
    sample_rate: int
    num_channels: int
    num_samples: int

    @property
    def duration_s(self) -> float:
        """Seconds from first to last sample."""
        return self.num_samples / self.sample_rate


def audio_info(path: str | os.PathLike[str]) -> AudioInfo:
    """Header of an audio file.

    Raises:
        AudioError: if there is no such file, it is no audio, it is truncated, or its rate is out of range.
    """
    with _open(Path(path)) as file:
        return _file_info(Path(path), file)


def samples_info(audio: np.ndarray, sample_rate: int | None, *, name: str = "recording") -> AudioInfo:
    """What a header would say of a recording in memory.

    Raises:
        AudioError: if the sample rate is missing or out of range, or there are no samples.
        ShapeError: if the audio is not (channel, time).
    """
    if audio.ndim != 2 or not np.issubdtype(audio.dtype, np.floating):
        raise ShapeError(
            f"{name} must be floating-point (channels, samples), got {audio.dtype} of shape {audio.shape}; "
            "divide integers by full scale, add an axis to a single channel"
        )
    if sample_rate is None:
        raise AudioError(f"{name} in memory has no sample rate of its own; pass sample_rate=...")
    info = AudioInfo(name, int(sample_rate), *audio.shape)
    _check_info(info)
    return info


def split_blocks(
    audio: Float[np.ndarray, "channel time"], sample_rate: int, *, name: str = "recording"
) -> Iterator[Float32[np.ndarray, "channel block"]]:
    """A recording in memory, in the blocks that :func:`read_blocks` would give.

    Raises:
        AudioError: where a block holds NaN or infinite samples.
    """
    step = round(_BLOCK_S * sample_rate)
    for start in range(0, audio.shape[1], step):
        yield check_samples(audio[:, start : start + step], start / sample_rate, sample_rate, name=name)


def read_blocks(
    path: str | os.PathLike[str], *, block_s: float = _BLOCK_S
) -> Iterator[Float32[np.ndarray, "channel time"]]:
    """The recording in blocks of ``block_s`` seconds, the last one shorter.

    Raises:
        AudioError: as :func:`audio_info`, or where a block is damaged or holds NaN or infinite samples.
    """
    with _open(Path(path)) as file:
        info = _file_info(Path(path), file)
        num_read = 0
        while len(block := _read_block(file, max(1, round(block_s * info.sample_rate)), info, num_read)):
            yield check_samples(
                np.ascontiguousarray(block.T), num_read / info.sample_rate, info.sample_rate, name=info.name
            )
            num_read += len(block)
    if num_read < info.num_samples:
        raise _truncated(path, num_read / info.num_samples)


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
            f"{name}: every sample must be finite, but channel {channel} holds {block[channel, sample]:g} "
            f"at {start_s + sample / sample_rate:.4f} s; repair or cut that part"
        )
    return np.asarray(block, dtype=np.float32)


class FlatChannelWatch:
    """Finds channels that never change: unplugged, muted or not connected microphones.

    Args:
        num_channels: rows of every block.
    """

    def __init__(self, num_channels: int) -> None:
        self._lowest = np.full(num_channels, np.inf)
        self._highest = np.full(num_channels, -np.inf)

    def see(self, block: Float[np.ndarray, "channel time"]) -> None:
        """Take the next samples."""
        self._lowest = np.minimum(self._lowest, block.min(axis=1, initial=np.inf))
        self._highest = np.maximum(self._highest, block.max(axis=1, initial=-np.inf))

    def flat_channels(self) -> list[int]:
        """Channels whose samples so far are all equal, silence included."""
        return [int(channel) for channel in np.flatnonzero(self._lowest == self._highest)]


def _open(path: Path) -> Any:
    """An open ``soundfile.SoundFile``."""
    if not os.path.exists(path):  # False also for a name too long
        raise AudioError(f"{path}: no such file")
    if path.is_dir():
        raise AudioError(f"{path}: a folder is no recording; name the audio files in it")
    if not path.is_file():
        raise AudioError(f"{path}: a pipe or device cannot be read; save the recording to a file first")
    if not os.access(path, os.R_OK):
        raise AudioError(f"{path}: no permission to read it")
    if path.suffix.lower() == ".raw":
        raise AudioError(f"{path}: raw samples say neither rate nor channels; convert them to WAV")
    note_input(path, "recording")
    import soundfile

    try:
        return soundfile.SoundFile(path)
    except soundfile.SoundFileError as error:
        raise AudioError(
            f"{path}: not audio that can be read ({_reason(error)}); give WAV, FLAC, W64 or OGG"
        ) from None


def _file_info(path: Path, file: Any) -> AudioInfo:
    num_samples = int(file.frames)
    if num_samples > _MAX_SAMPLES:
        raise AudioError(
            f"{path}: the header gives no length; convert the recording anew, for instance to WAV"
        )
    info = AudioInfo(str(path), int(file.samplerate), int(file.channels), num_samples)
    _check_info(info)
    for promised, found in _SIZE_LINE.findall(file.extra_info):
        unknown = any(int(promised) in sizes for sizes in _UNKNOWN_SIZES)
        if int(promised) > int(found) + _SIZE_TOLERANCE and not unknown:
            raise _truncated(path, int(found) / int(promised))
    return info


def _check_info(info: AudioInfo) -> None:
    if info.sample_rate < MIN_SAMPLE_RATE:
        raise AudioError(
            f"{info.name}: sample rate must be at least {MIN_SAMPLE_RATE} Hz, got {info.sample_rate}; "
            "record at 16000 or more"
        )
    if info.sample_rate > MAX_SAMPLE_RATE:
        raise AudioError(
            f"{info.name}: sample rate must be at most {MAX_SAMPLE_RATE} Hz, got {info.sample_rate}; "
            "is the header damaged?"
        )
    if info.num_samples == 0 or info.num_channels == 0:
        raise AudioError(f"{info.name}: holds no samples; was the recording stopped properly?")


def _read_block(
    file: Any, length: int, info: AudioInfo, num_read: int
) -> Float32[np.ndarray, "time channel"]:
    from soundfile import SoundFileError

    try:
        block: np.ndarray = file.read(length, dtype="float32", always_2d=True)
    except SoundFileError as error:
        raise AudioError(
            f"{info.name}: damaged after {num_read / info.sample_rate:.2f} s ({_reason(error)}); "
            "copy it again or cut it there"
        ) from None
    return block


def _truncated(path: str | os.PathLike[str], share: float) -> AudioError:
    return AudioError(
        f"{os.fspath(path)}: truncated, only {share:.1%} of the audio its header promises is there; "
        "copy it again, or rewrite it (sox or ffmpeg) to keep what there is"
    )


def _reason(error: Exception) -> str:
    """What libsndfile says, on one line."""
    return " ".join(str(getattr(error, "error_string", error)).removeprefix("Error : ").split()).rstrip(".")
