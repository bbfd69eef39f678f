"""Recordings of one file, or of one file a microphone: joined channel by channel, in the order given."""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

import numpy as np
from jaxtyping import Float32

from anydoa.errors import AudioError
from anydoa.io.audio import BLOCK_S, audio_info, read_blocks
from anydoa.io.recording_info import AudioInfo

Recording = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A file, or the files of one recording: the channels of the first come first."""

_MAX_DIFFERENCE_S = 0.1  # between files of one take; recorders do not stop at the same sample

_logger = logging.getLogger(__name__)


def is_recording(value: object) -> TypeGuard[Recording]:
    """Whether this is a file or a list of files, by its type."""
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and all(isinstance(part, (str, os.PathLike)) for part in value)
    return isinstance(value, (str, os.PathLike))


def recording_info(recording: Recording) -> AudioInfo:
    """Header of a recording; of joined files all channels together, as long as the shortest.

    Raises:
        AudioError: if a file cannot be read, or rates or lengths differ.
    """
    if isinstance(recording, (str, os.PathLike)):
        return audio_info(recording)
    infos = [audio_info(path) for path in recording]
    if not infos:
        raise AudioError("there are no files to join; name one file a microphone")
    _check_alike(infos)
    first = infos[0]
    return AudioInfo(
        first.name if len(infos) == 1 else f"{first.name} and {len(infos) - 1} more",
        first.sample_rate,
        sum(info.num_channels for info in infos),
        min(info.num_samples for info in infos),
    )


def recording_blocks(
    recording: Recording, *, block_s: float = BLOCK_S, warn: bool = True
) -> Iterator[Float32[np.ndarray, "channel time"]]:
    """A recording block by block, as :func:`~anydoa.io.audio.read_blocks` does for one file.

    Args:
        recording: a file, or files to join.
        block_s: length of a block.
        warn: whether what is odd about the files is said; not where they are read once more.

    Raises:
        AudioError: as :func:`recording_info`, or where a file is damaged or holds what is no number.
    """
    if isinstance(recording, (str, os.PathLike)):
        yield from read_blocks(recording, block_s=block_s, warn=warn)
        return
    recording_info(recording)
    if warn:
        _warn_of_lengths([audio_info(path) for path in recording])
    together = zip(*(read_blocks(path, block_s=block_s, warn=warn) for path in recording), strict=False)
    for blocks in together:
        length = min(block.shape[1] for block in blocks)
        yield np.concatenate([block[:, :length] for block in blocks])


def read_recording(recording: Recording) -> tuple[Float32[np.ndarray, "channel time"], int]:
    """A whole recording and its sample rate.

    Raises:
        AudioError: as :func:`recording_blocks`.
    """
    blocks = list(recording_blocks(recording))
    return np.concatenate(blocks, axis=1), recording_info(recording).sample_rate


def recording_path(recording: Path | list[Path]) -> Path:
    """The file that results of a recording are named after."""
    return recording[0] if isinstance(recording, list) else recording


def _check_alike(infos: list[AudioInfo]) -> None:
    first = infos[0]
    other = next((info for info in infos if info.sample_rate != first.sample_rate), None)
    if other is not None:
        raise AudioError(
            f"files to join must have one sample rate, but {first.name} has {first.sample_rate} Hz and "
            f"{other.name} {other.sample_rate}; resample one of them"
        )
    longest = max(infos, key=lambda info: info.num_samples)
    shortest = min(infos, key=lambda info: info.num_samples)
    if longest.duration_s - shortest.duration_s > _MAX_DIFFERENCE_S:
        raise AudioError(
            f"files to join must be of one moment, but {longest.name} lasts {longest.duration_s:.2f} s and "
            f"{shortest.name} {shortest.duration_s:.2f} s; give the files of one take"
        )


def _warn_of_lengths(infos: list[AudioInfo]) -> None:
    difference_s = max(info.duration_s for info in infos) - min(info.duration_s for info in infos)
    if difference_s > 0:
        _logger.warning(
            "%s: the joined files differ by %.4f s in length and are cut to the shortest; did they begin at "
            "the same moment?",
            infos[0].name,
            difference_s,
        )
