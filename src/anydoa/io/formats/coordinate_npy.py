"""Rows of coordinates as a NumPy `.npy` file, read without unpickling and without trusting its sizes."""

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float

from anydoa.errors import ArrayFileError, ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.io.files import read_bytes
from anydoa.io.formats.array_format import (
    TURN_OVER,
    ArrayFormat,
    ReadOptions,
    needless_three_by_three,
    three_by_three_refusal,
)
from anydoa.io.formats.length_unit import to_metres

_TYPE = re.compile(r"'descr':\s*'([<>|=]?(?:f[248]|[iu][1248]))'")
_ORDER = re.compile(r"'fortran_order':\s*(True|False)")
_SHAPE = re.compile(r"'shape':\s*\((\d{1,9}),\s*(\d{1,9})\)")


def read_npy_table(path: Path) -> Float[np.ndarray, "row column"]:
    """A two-dimensional array of real numbers as float64.

    Raises:
        ArrayFileError: if the file is not NPY, holds another kind of array, or is shorter than it claims.

    Reference:
        NumPy enhancement proposal 1, format versions 1 to 3.
    """
    content = read_bytes(path)
    if content[:6] != b"\x93NUMPY" or len(content) < 12:
        raise ArrayFileError(f"{path}: not a NumPy .npy file; write it with numpy.save")
    # The length of the header has two bytes in version 1, four in later ones.
    start = 10 if content[6] == 1 else 12
    end = start + int.from_bytes(content[8:start], "little")
    header, body = content[start:end].decode("latin-1"), content[end:]
    kind, order, shape = _TYPE.search(header), _ORDER.search(header), _SHAPE.search(header)
    if not (kind and order and shape):
        raise ArrayFileError(
            f"{path}: must hold a table of real numbers, got {header[:100].strip()!r}; save rows of x, y, z"
        )
    dtype = np.dtype(kind[1])
    rows, columns = int(shape[1]), int(shape[2])
    if rows * columns * dtype.itemsize > len(body):
        raise ArrayFileError(
            f"{path}: cut short, {rows} x {columns} numbers do not fit into {len(body)} bytes; copy it anew"
        )
    flat = np.frombuffer(body, dtype, count=rows * columns)
    table = flat.reshape((rows, columns), order="F" if order[1] == "True" else "C")
    with np.errstate(invalid="ignore"):  # a signalling NaN is still a NaN
        return table.astype(np.float64)


def read_array_npy(path: Path, options: ReadOptions) -> MicrophoneArray:
    """The array in an NPY file of shape (microphones, 3); channels in the order of the rows.

    Raises:
        ArrayFileError: if the shape is another, or (3, 3) without a word on how to read it.
        ConfigError: if it is told how to read a table of three rows, and this is none.
        GeometryError: if the array cannot be.
    """
    table = read_npy_table(path)
    if options.three_by_three != "refuse" and len(table) != 3:
        raise ConfigError(needless_three_by_three(path, options.three_by_three))
    if table.shape == (3, 3) and options.three_by_three == "refuse":
        raise ArrayFileError(f"{path}: {three_by_three_refusal(table.tolist())}")
    if table.shape[0] == 3 and options.three_by_three == "columns":
        table = table.T
    if table.shape[1] != 3:
        cure = TURN_OVER if table.shape[0] == 3 else "give x, y, z"
        raise ArrayFileError(f"{path}: must be (microphones, 3), got {table.shape}; {cure}")
    positions = to_metres(table.tolist(), path, told=options.unit)
    return MicrophoneArray(np.reshape(positions, (-1, 3)), path.stem, source=f"NumPy file {path.name}")


def write_array_npy(array: MicrophoneArray, path: Path) -> None:
    """Write the microphones in the user's frame, in the order of their channels."""
    with path.open("wb") as file:
        np.save(file, array.positions[np.argsort(array.channels)], allow_pickle=False)


COORDINATE_NPY = ArrayFormat(".npy", read_array_npy, write_array_npy, is_table=True)
