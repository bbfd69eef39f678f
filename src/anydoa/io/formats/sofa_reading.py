"""What programs share that read SOFA files in a process of their own: its limits, and the open file.

HDF5 trusts what it reads: a single wrong byte makes it loop for ever, or ask for all memory. A process that
does nothing else can be limited, and ended.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def answer_with(read: Callable[[Any], dict[str, Any]], limit: Callable[[], None]) -> None:
    """Print what a reader says of the file that the command line names, or how it is damaged, as JSON.

    Args:
        read: takes the open file.
        limit: limits the process, once its libraries are loaded.
    """
    import netCDF4

    limit()
    try:
        with _opened(netCDF4, sys.argv[1]) as file:
            answer = read(file)
    except MemoryError:
        answer = {"damage": "it asks for too much memory"}
    except (OSError, AttributeError, RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
        # What HDF5 says of a damaged file depends on which byte is wrong.
        answer = {"damage": " ".join(str(error).split())[:200]}
    sys.stdout.write(json.dumps(answer))


def end() -> None:
    """End this process at once: HDF5 may not survive tidying up after a damaged file."""
    sys.stdout.flush()
    os._exit(0)


@contextmanager
def _opened(netcdf: Any, path: str) -> Iterator[Any]:
    """The open file."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            path.encode()
        except UnicodeEncodeError:  # netCDF refuses such a name, so it gets that of a link
            link = Path(folder) / "linked.sofa"
            link.symlink_to(Path(path).absolute())
            path = str(link)
        with netcdf.Dataset(path) as file:
            yield file


def limit_resources(cpu_s: int) -> None:
    """Limit memory and computing time from here on, where the system can.

    Args:
        cpu_s: seconds of computing that are left.
    """
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s += int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        memory_bytes = 4 * 2**30  # of addresses; the libraries themselves take one
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
