"""Rows of coordinates as text: comma, semicolon, tab or blanks between them, header and comments optional.

An array file is ``x,y,z`` in metres with an optional ``channel`` column; without a header the columns come in
that order. Channels that hold no microphone stand in a comment: ``# ignore_channels = [4, 5]``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anydoa.errors import ArrayFileError
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.formats.content import read_text

_IGNORED = re.compile(r"#\s*ignore_channels\s*=\s*\[([\d,\s]{0,2000})\]")
_ARRAY_COLUMNS = ("x", "y", "z", "channel")


@dataclass(frozen=True)
class CsvTable:
    """Cells of a text table.

    Args:
        header: lower-case column names, or None when the first row already holds numbers.
        rows: cells of each row, and the line it stands in.
        comments: lines that begin with ``#``.
    """

    header: tuple[str, ...] | None
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    comments: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.rows[0][1])

    def numbers(self, columns: Sequence[str]) -> list[list[float]]:
        """The named columns as numbers, a list a row; without a header, the first columns.

        Raises:
            ArrayFileError: if a column is missing or a cell is no number.
        """
        places = [self.header.index(column) for column in columns] if self.header else range(len(columns))
        return [[_number(cells, place, line) for place in places] for line, cells in self.rows]


def read_csv_table(path: Path) -> CsvTable:
    """Header and rows of a text table.

    Raises:
        ArrayFileError: if there are no rows, or rows of different length.
    """
    lines = [(number, line.strip()) for number, line in enumerate(read_text(path).splitlines(), start=1)]
    comments = tuple(line for _, line in lines if line.startswith("#"))
    rows = [(number, _cells(line)) for number, line in lines if line and not line.startswith("#")]
    header = None
    if rows and not any(_is_number(cell) for cell in rows[0][1]):
        header = tuple(cell.lower() for cell in rows.pop(0)[1])
    if not rows:
        raise ArrayFileError(f"{path}: no rows of numbers")
    width = len(header) if header else len(rows[0][1])
    for number, cells in rows:
        if len(cells) != width:
            raise ArrayFileError(f"{path}: line {number} has {len(cells)} columns, the first has {width}")
    return CsvTable(header, tuple(rows), comments)


def read_array_csv(path: Path) -> MicrophoneArray:
    """The array in a text table.

    Raises:
        ArrayFileError: if the columns are not x, y, z and perhaps channel.
        GeometryError: if the array they describe cannot be.
    """
    table = read_csv_table(path)
    columns = table.header or _ARRAY_COLUMNS[: table.width]
    if sorted(columns) not in (["x", "y", "z"], ["channel", "x", "y", "z"]) or len(columns) != table.width:
        raise ArrayFileError(f"{path}: columns must be x, y, z and perhaps channel, got {', '.join(columns)}")
    try:
        positions = table.numbers("xyz")
        channels = [row[3] for row in table.numbers(_ARRAY_COLUMNS)] if "channel" in columns else None
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None
    if channels is not None and not all(channel.is_integer() for channel in channels):
        raise ArrayFileError(f"{path}: channels must be whole numbers from 0")
    return MicrophoneArray(
        positions,
        path.stem,
        channels=None if channels is None else [int(channel) for channel in channels],
        ignore_channels=_ignored_channels(table.comments),
        source=f"table {path.name}",
    )


def write_array_csv(array: MicrophoneArray, path: Path) -> None:
    """Write the microphones in the user's frame with their channels."""
    lines = [f"# ignore_channels = {list(array.ignore_channels)}"] if array.ignore_channels else []
    lines.append(",".join(_ARRAY_COLUMNS))
    for position, channel in zip(array.positions.tolist(), array.channels, strict=True):
        lines.append(",".join([*(repr(coordinate) for coordinate in position), str(channel)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _ignored_channels(comments: Sequence[str]) -> tuple[int, ...]:
    found = [match[1] for match in map(_IGNORED.match, comments) if match]
    return tuple(int(number) for number in re.findall(r"\d+", " ".join(found)))


def _cells(line: str) -> tuple[str, ...]:
    separator = next((mark for mark in ";\t," if mark in line), None)
    return tuple(cell.strip().strip('"') for cell in line.split(separator))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(cells: Sequence[str], place: int, line: int) -> float:
    if not _is_number(cells[place]):
        raise ArrayFileError(f"line {line}: {cells[place][:20]!r} is not a number")
    return float(cells[place])
