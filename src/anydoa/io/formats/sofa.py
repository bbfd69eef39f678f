"""Microphones out of SOFA files (AES69): the ``ReceiverPosition`` of any convention.

SOFA's frame is ours: x ahead, y left, z up; its spherical form is azimuth, elevation, radius.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from anydoa.errors import ArrayFileError, MissingExtraError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.dialects import positions_from_polar
from anydoa.io.files import check_is_file
from anydoa.io.formats.array_format import ArrayFormat, ReadOptions
from anydoa.io.formats.length_unit import to_metres, unit_of

WALL_S = 60.0
"""Longest that reading may take, starting a process on a busy machine included."""

_READER = "anydoa.io.formats.sofa_receivers"


def read_sofa(path: Path, options: ReadOptions) -> MicrophoneArray:
    """The receivers of a SOFA file as an array; only their positions are read, however large the file.

    Raises:
        ArrayFileError: if the file is not SOFA, or its receivers move or are not points.
        GeometryError: if the array they form cannot be.
        MissingExtraError: if netCDF4 is not installed.
    """
    check_is_file(path)
    if importlib.util.find_spec("netCDF4") is None:
        raise MissingExtraError("reading SOFA files", "arrays")
    try:
        answer = _receivers(path)
        if "problem" in answer:
            raise ArrayFileError(answer["problem"])
        positions, said = _positions(np.array(answer["values"]), answer["type"], answer["units"])
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None
    return MicrophoneArray(
        to_metres(positions.tolist(), path, told=options.unit, said=said),
        path.stem,
        source=f"SOFA file {path.name}",
    )


def _receivers(path: Path) -> dict[str, Any]:
    """What the reader's process says of the file, missing values as NaN.

    Raises:
        ArrayFileError: if it says that the file is damaged, or cannot say anything.
    """
    # A process that finds the packages that this one finds, and needs few threads.
    found = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    environment = os.environ | {"PYTHONPATH": found, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        ran = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-m", _READER, str(path)],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=WALL_S, check=False, env=environment,
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(ran.stdout)
    except subprocess.TimeoutExpired:
        raise _damaged(f"not read within {WALL_S:.0f} s") from None
    except ValueError:
        raise _damaged("HDF5 gave up on it, or would never have ended") from None
    except OSError as error:
        raise ArrayFileError(f"no process to read it in could be started ({error.strerror})") from None
    if "damage" in answer:
        raise _damaged(answer["damage"])
    return answer


def _damaged(reason: str) -> ArrayFileError:
    return ArrayFileError(f"no readable ReceiverPosition ({reason}); is this SOFA, and whole?")


def _positions(
    values: Float[np.ndarray, "mic 3"], kind: str, units: str
) -> tuple[Float[np.ndarray, "mic 3"], str]:
    """Cartesian positions and their unit."""
    if not np.isfinite(values).all():
        raise ArrayFileError("ReceiverPosition has values that are missing or not finite; complete the file")
    words = units.replace(",", " ").split() or [""]
    said = unit_of(words[-1])
    if said is not None and kind.lower() == "cartesian":
        return values, said
    angle = words[0].lower()
    if said is not None and kind.lower() == "spherical" and angle.startswith(("degree", "radian")):
        angles_deg = values[:, :2] if angle.startswith("degree") else np.degrees(values[:, :2])
        return positions_from_polar(angles_deg[:, 0], angles_deg[:, 1], values[:, 2]), said
    raise ArrayFileError(
        "ReceiverPosition must be cartesian or spherical in degrees or radians, with lengths in metres, "
        f"centimetres or millimetres, got {kind[:40]!r} in {units[:60]!r}"
    )


SOFA = ArrayFormat(".sofa", read_sofa)
