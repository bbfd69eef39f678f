"""A recording replayed as if it came in now."""

import itertools
import math
import os
import threading
import time
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32

from anydoa.errors import ConfigError
from anydoa.io.audio import audio_info, read_blocks


class FileFeed:
    """A file, block by block, each block when its last sample would have been recorded.

    Args:
        path: anything :func:`~anydoa.io.audio.read_blocks` reads.
        pace: 1 for real time, 2 for twice as fast; None for as fast as it is taken, and nothing is dropped.
        repeat: whether to begin again at the end, until closed.
        block_s: seconds in a block; sound cards deliver about so much at once by default.

    Raises:
        AudioError: if the file cannot be read.
        ConfigError: if the pace or the block is not above 0.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        pace: float | None = 1.0,
        repeat: bool = False,
        block_s: float = 0.02,
    ) -> None:
        if pace is not None and not 0 < pace < math.inf:
            raise ConfigError(f"pace must be above 0 and finite, got {pace}; None is as fast as it is taken")
        if not 0 < block_s < math.inf:
            raise ConfigError(f"block_s must be above 0 s and finite, got {block_s}; 0.02 is usual")
        info = audio_info(path)
        self.name = info.name
        self.sample_rate = info.sample_rate
        self.num_channels = info.num_channels
        self.can_wait = pace is None
        self.pace = pace or 1.0
        self.lost_s = 0.0
        self.num_held, self.num_starts = 0, 1
        self._path = path
        self._pace = pace
        self._repeat = repeat
        self._block_s = block_s
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Float32[np.ndarray, "channel time"]]:
        start = time.monotonic()
        num_samples = 0
        blocks = (  # what is odd about the file is said once
            block
            for turn in (itertools.count() if self._repeat else range(1))
            for block in read_blocks(self._path, block_s=self._block_s, warn=turn == 0)
        )
        for block in blocks:
            num_samples += block.shape[1]
            due = start + num_samples / (self.sample_rate * self._pace) if self._pace else 0.0
            if self._closed.wait(max(due - time.monotonic(), 0.0)):
                return
            yield block

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._closed.set()
