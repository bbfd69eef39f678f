"""Freed memory that a process keeps, because its next array will want it."""

import ctypes
import sys
from functools import cache

TRAINING_STEP = 2**29
"""Bytes to keep between steps of training; else half of a step with plane waves goes into new pages."""

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # what mallopt calls its options
_MMAP_LIMIT = 2**25  # most that glibc up to 2.34 takes; a larger one it refuses, and maps every large block


@cache
def keep_freed_memory(most: int) -> None:
    """Let the C library hand freed memory out again rather than give it back to the system.

    Pages that come from the system are made anew, which may take as long as what is computed in them. Holds
    for the whole process from now on; without glibc nothing changes.

    Args:
        most: bytes that may lie free; blocks of up to half of it are kept, by glibc up to 2.34 of 32 MiB.
    """
    if sys.platform == "linux":
        set_option = getattr(ctypes.CDLL(None), "mallopt", lambda *_: 1)  # other C libraries have none
        if not set_option(_MMAP_THRESHOLD, most // 2):
            set_option(_MMAP_THRESHOLD, min(most // 2, _MMAP_LIMIT))
        set_option(_TRIM_THRESHOLD, most)
        set_option(_TOP_PAD, most // 4)
