"""A program of its own that prints the receivers of a SOFA file as JSON; `anydoa.io.formats.sofa` runs it."""

from typing import Any

import numpy as np

from anydoa.constants import MAX_MICROPHONES
from anydoa.io.formats.sofa_reading import answer_with, end, limit_resources

CPU_S = 3  # a file that is whole takes a few hundredths, however large


def read_receivers(file: Any) -> dict[str, Any]:
    """Values, type and units of the receivers, or what is wrong.

    Args:
        file: an open file.
    """
    variable = file.variables["ReceiverPosition"]
    shape = variable.shape
    if len(shape) not in (2, 3) or shape[0] > MAX_MICROPHONES or shape[1] != 3 or 0 in shape:
        return {"problem": f"ReceiverPosition must be (receivers, 3), got shape {shape}; turn its axes"}
    if variable.dtype.kind not in "fiu":
        return {"damage": f"ReceiverPosition holds {variable.dtype}"}
    values = np.ma.filled(np.ma.asarray(variable[:], dtype=np.float64), np.nan)
    if values.ndim == 3 and np.ptp(values, axis=2).max(initial=0.0) > 0:
        return {
            "problem": "the receivers move between measurements, but an array stands still; give each one "
            "place"
        }
    values = values[:, :, 0] if values.ndim == 3 else values
    return {"values": values.tolist(), "type": str(variable.Type), "units": str(variable.Units)}


def _limit_resources() -> None:
    limit_resources(CPU_S)


if __name__ == "__main__":
    answer_with(read_receivers, _limit_resources)
    end()
