"""A program of its own that prints the receivers of a SOFA file as JSON; `anydoa.io.formats.sofa` runs it.

HDF5 trusts what it reads: a single wrong byte makes it loop for ever, or ask for all memory. A process that
does nothing else can be limited, and ended.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from anydoa.constants import MAX_MICROPHONES

CPU_S = 3  # a file that is whole takes a few hundredths, however large


def main() -> None:
    """Print one JSON object: values, type and units of the receivers, or what is wrong."""
    import netCDF4

    _limit_resources()
    try:
        answer = _receivers(netCDF4, sys.argv[1])
    except MemoryError:
        answer = {"damage": "it asks for too much memory"}
    except (OSError, AttributeError, RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
        # What HDF5 says of a damaged file depends on which byte is wrong.
        answer = {"damage": " ".join(str(error).split())[:200]}
    sys.stdout.write(json.dumps(answer))


def _receivers(netcdf: Any, path: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            path.encode()
        except UnicodeEncodeError:  # netCDF refuses such a name, so it gets that of a link
            link = Path(folder) / "receivers.sofa"
            link.symlink_to(Path(path).absolute())
            path = str(link)
        with netcdf.Dataset(path) as file:
            variable = file.variables["ReceiverPosition"]
            shape = variable.shape
            if len(shape) not in (2, 3) or shape[0] > MAX_MICROPHONES or shape[1] != 3 or 0 in shape:
                return {"problem": f"ReceiverPosition must be (receivers, 3), got shape {shape}"}
            if variable.dtype.kind not in "fiu":
                return {"damage": f"ReceiverPosition holds {variable.dtype}"}
            values = np.ma.filled(np.ma.asarray(variable[:], dtype=np.float64), np.nan)
            if values.ndim == 3 and np.ptp(values, axis=2).max(initial=0.0) > 0:
                return {"problem": "the receivers move between measurements; an array stands still"}
            values = values[:, :, 0] if values.ndim == 3 else values
            return {"values": values.tolist(), "type": str(variable.Type), "units": str(variable.Units)}


def _limit_resources() -> None:
    """Limit memory and computing time from here on, where the system can."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = int(used.ru_utime + used.ru_stime) + CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        memory_bytes = 4 * 2**30  # of addresses; the libraries themselves take one
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # HDF5 may not survive tidying up after a damaged file
