"""A program of its own that reads the responses of a SOFA file; `anydoa.io.steering_file` runs it.

It prints what the file says of itself as JSON, and writes numbers to the file that the command line names.
"""

import sys
from typing import Any

import numpy as np

from anydoa.io.formats.sofa_reading import answer_with, end, limit_resources

CPU_S = 30  # a file of 30 MB takes one or two

_PLACES = ("SourcePosition", "ListenerPosition", "ReceiverPosition")
_VIEWS = ("SourceView", "SourceUp", "ListenerView", "ListenerUp")
_DATA = ("Data.IR", "Data.Real", "Data.Imag", "Data.Delay", "Data.SamplingRate", "N")
_MOST_VALUES = 2**26  # of a variable
_FACTS = ("SOFAConventions", "DataType")


def read_responses(file: Any) -> dict[str, Any]:
    """What the file says of itself; its numbers go into the file that the command line names.

    Args:
        file: an open file.
    """
    facts: dict[str, Any] = {name: str(getattr(file, name, "")) for name in _FACTS}
    numbers: dict[str, Any] = {}
    for name in (*_PLACES, *_VIEWS, *_DATA):
        if name not in file.variables:
            continue
        variable = file.variables[name]
        if variable.dtype.kind not in "fiu":
            return {"damage": f"{name} holds {variable.dtype}"}
        size = int(np.prod(variable.shape, dtype=np.float64))
        if size > _MOST_VALUES:
            return {
                "problem": f"{name} may have {_MOST_VALUES >> 20} million values, got {size >> 20}; shorten "
                "it, or take fewer directions"
            }
        kind = np.float32 if name.startswith("Data.") and size > 2**16 else np.float64
        numbers[name] = np.ma.filled(np.ma.asarray(variable[:], dtype=kind), np.nan)
        facts[name] = [str(getattr(variable, "Type", "")), str(getattr(variable, "Units", ""))]
    np.savez(sys.argv[2], **numbers)
    return facts


def _limit_resources() -> None:
    limit_resources(CPU_S)


if __name__ == "__main__":
    answer_with(read_responses, _limit_resources)
    end()
