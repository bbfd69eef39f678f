"""The first minute of a recording, for commands to which more says nothing new."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_LONGEST_S = 60.0


def read_first_minute(recording: Path | list[Path]) -> tuple["np.ndarray", int]:
    """All channels of the first minute, and the sample rate.

    Raises:
        AudioError: as :func:`anydoa.io.audio.read_blocks`.
    """
    import numpy as np

    from anydoa.io.audio import audio_info, read_blocks

    blocks, seconds = [], 0.0
    sample_rate = audio_info(recording).sample_rate
    for block in read_blocks(recording):
        blocks.append(block)
        seconds += block.shape[1] / sample_rate
        if seconds >= _LONGEST_S:
            break
    return np.concatenate(blocks, axis=1), sample_rate
