"""A lock on an open file that ends with the process that holds it, however that ends."""

import sys
from typing import IO, Any


def try_to_lock(file: IO[Any]) -> bool:
    """Whether nobody else held the lock; it is this process's until the file is closed.

    Always so on Windows, which has no such locks.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
