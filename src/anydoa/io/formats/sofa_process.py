"""Reading of SOFA files in a process of its own, which is ended where a damaged file keeps HDF5 busy."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from anydoa.errors import ArrayFileError, MissingExtraError
from anydoa.io.files import check_is_file


def check_can_read(path: Path) -> None:
    """Refuse what is no file, and to read SOFA without its library.

    Raises:
        ArrayFileError: if there is no such file.
        MissingExtraError: if netCDF4 is not installed.
    """
    check_is_file(path)
    if importlib.util.find_spec("netCDF4") is None:
        raise MissingExtraError("reading SOFA files", "arrays")


def ask_reader(reader: str, words: list[str], *, wall_s: float, wanted: str) -> dict[str, Any]:
    """What a reader in a process of its own says of a file.

    Args:
        reader: module that is run as a program.
        words: its command line.
        wall_s: longest that it may take, starting a process on a busy machine included.
        wanted: what is read, for messages.

    Raises:
        ArrayFileError: if it says what is wrong with the file, or cannot say anything.
    """
    # A process that finds the packages that this one finds, and needs few threads.
    found = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    environment = os.environ | {"PYTHONPATH": found, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

    def damaged(reason: str) -> ArrayFileError:
        return ArrayFileError(f"no readable {wanted} ({reason}); is this SOFA, and whole?")

    try:
        ran = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-m", reader, *words],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=wall_s, check=False, env=environment,
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(ran.stdout)
    except subprocess.TimeoutExpired:
        raise damaged(f"not read within {wall_s:.0f} s") from None
    except ValueError:
        raise damaged("HDF5 gave up on it, or would never have ended") from None
    except OSError as error:
        raise ArrayFileError(
            f"no process to read it in could be started ({error.strerror}); free memory and try again"
        ) from None
    if "damage" in answer:
        raise damaged(answer["damage"])
    if "problem" in answer:
        raise ArrayFileError(answer["problem"])
    return answer
