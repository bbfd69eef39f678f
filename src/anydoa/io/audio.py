"""Recordings read from files, block by block, and checked at the door.

Anything libsndfile knows: WAV, FLAC, W64, RF64, AIFF, CAF, OGG and more. Blocks are (channel, time),
float32, full scale 1. Only one block is held at a time, so the length of a recording costs no memory.
A recording may lie in several files, for instance one a microphone: they are joined channel by channel.
"""

import itertools
import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

import numpy as np
from jaxtyping import Float32

from anydoa.errors import AudioError
from anydoa.io.recording_file import RecordingFile
from anydoa.io.samples import BLOCK_S, AudioInfo, check_samples

Recording = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A file, or the files of one recording: the channels of the first come first."""

_logger = logging.getLogger(__name__)


def is_recording(value: object) -> TypeGuard[Recording]:
    """Whether this is a file or a list of files, by its type."""
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and all(isinstance(part, (str, os.PathLike)) for part in value)
    return isinstance(value, (str, os.PathLike))


def recording_path(recording: Path | list[Path]) -> Path:
    """The file that results of a recording are named after."""
    return recording[0] if isinstance(recording, list) else recording


def audio_info(recording: Recording) -> AudioInfo:
    """Header of a recording; how long it is, whatever the header says.

    Files that are joined have all their channels together, and last as long as the shortest.

    Raises:
        AudioError: if there is no such file, it is no audio, it is truncated, its rate is out of range, it
            says that its channels are no microphones, or rates or lengths of several files differ.
    """
    if isinstance(recording, (str, os.PathLike)):
        return _file_info(recording)
    infos = _joined_infos(recording)
    first = infos[0]
    return AudioInfo(
        first.name if len(infos) == 1 else f"{first.name} and {len(infos) - 1} more",
        first.sample_rate,
        sum(info.num_channels for info in infos),
        min(info.num_samples for info in infos),
    )


def read_blocks(
    recording: Recording,
    *,
    block_s: float = BLOCK_S,
    warn: bool = True,
    remarks: list[str] | None = None,
) -> Iterator[Float32[np.ndarray, "channel time"]]:
    """A recording in blocks of ``block_s`` seconds, the last one shorter.

    Args:
        recording: a file, or files to join.
        block_s: length of a block in seconds.
        warn: whether what is odd about the files is said; not where they are read once more.
        remarks: takes what is odd about the files, too, as it is found.

    Raises:
        AudioError: as :func:`audio_info`, or where a block is damaged or holds NaN or infinite samples.
    """

    def tell(remark: str) -> None:
        if remarks is not None:
            remarks.append(remark)
        if warn:
            _logger.warning("%s", remark)

    if isinstance(recording, (str, os.PathLike)):
        yield from _file_blocks(recording, block_s, tell)
        return
    infos = _joined_infos(recording)
    lengths_s = [info.duration_s for info in infos]
    excess_s = max(lengths_s) - min(lengths_s)
    if excess_s > 0:
        tell(
            f"{infos[0].name}: the joined files differ by {excess_s:.4f} s in length and are "
            "cut to the shortest; did they begin at the same moment?"
        )
    for blocks in zip(*(_file_blocks(path, block_s, tell) for path in recording), strict=False):
        length = min(block.shape[1] for block in blocks)
        yield np.concatenate([block[:, :length] for block in blocks])


def read_audio(recording: Recording) -> tuple[Float32[np.ndarray, "channel time"], int]:
    """A whole recording and its sample rate; for long ones take :func:`read_blocks`.

    Raises:
        AudioError: as :func:`read_blocks`.
    """
    return np.concatenate(list(read_blocks(recording)), axis=1), audio_info(recording).sample_rate


def read_first_minute(recording: Recording) -> tuple[Float32[np.ndarray, "channel time"], int]:
    """All channels of the first minute, and the sample rate; of an array more would say nothing new.

    Raises:
        AudioError: as :func:`read_blocks`.
    """
    sample_rate = audio_info(recording).sample_rate
    blocks = itertools.islice(read_blocks(recording), math.ceil(60 / BLOCK_S))
    return np.concatenate(list(blocks), axis=1), sample_rate


def _joined_infos(paths: Sequence[str | os.PathLike[str]]) -> list[AudioInfo]:
    """Headers of files that can be one recording."""
    infos = [_file_info(path) for path in paths]
    if not infos:
        raise AudioError("there are no files to join; name one file a microphone")
    _check_alike(infos)
    return infos


def _file_info(path: str | os.PathLike[str]) -> AudioInfo:
    with RecordingFile(Path(path)) as file:
        return file.info


def _file_blocks(
    path: str | os.PathLike[str], block_s: float, tell: Callable[[str], None]
) -> Iterator[Float32[np.ndarray, "channel time"]]:
    with RecordingFile(Path(path)) as file:
        num_read, rate, told = 0, file.info.sample_rate, len(file.remarks)
        for remark in file.remarks:
            tell(remark)
        for block in file.blocks(max(1, round(block_s * rate))):
            yield check_samples(block, num_read / rate, rate, name=file.info.name)
            num_read += block.shape[1]
        for remark in file.remarks[told:]:
            tell(remark)


def _check_alike(infos: list[AudioInfo]) -> None:
    """Refuse files that cannot be one recording."""
    first = infos[0]
    other = next((info for info in infos if info.sample_rate != first.sample_rate), None)
    if other is not None:
        raise AudioError(
            f"files to join must have one sample rate, but {first.name} has {first.sample_rate} Hz and "
            f"{other.name} {other.sample_rate}; resample one of them"
        )
    longest = max(infos, key=lambda info: info.num_samples)
    shortest = min(infos, key=lambda info: info.num_samples)
    if longest.duration_s - shortest.duration_s > 0.1:  # s; recorders do not stop at the same sample
        raise AudioError(
            f"files to join must be of one moment, but {longest.name} lasts {longest.duration_s:.2f} s and "
            f"{shortest.name} {shortest.duration_s:.2f} s; give the files of one take"
        )
