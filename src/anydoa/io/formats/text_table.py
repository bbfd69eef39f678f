"""Tables of numbers as text: comma, semicolon, tab or blanks between columns, header and comments optional.

Comments begin with ``#``, ``%`` or ``//``. A comment right above the numbers that consists of column names is
the header. Decimal commas are read where they cannot be anything else.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anydoa.errors import ArrayFileError
from anydoa.io.files import read_text

_Row = tuple[int, tuple[str, ...]]

_COMMENT_MARKS = ("#", "%", "//")
_TRAILING_COMMENT = re.compile(r"\s(?:#|%|//).*")
_COLUMN_NAME = re.compile(
    r"(?:x|y|z|radius|azimuth|elevation)(?:\s*[_/(\[]\s*[a-z°]{1,11}\s*[)\]]?|\s+(?:m|cm|mm|deg|rad))?"
    r"|channel|mic|id|index|name|"
)
_COMMENTED_NAMES = re.compile(r"(?P<names>.*?)(?:,?\s+in\s+(?P<unit>[A-Za-z]{1,11})\.?)?")
_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


@dataclass(frozen=True)
class TextTable:
    """Cells of a text table.

    Args:
        header: lower-case column names, or None when the first row already holds numbers.
        rows: cells of each row, and the line it stands in.
        comments: lines that are comments.
    """

    header: tuple[str, ...] | None
    rows: tuple[_Row, ...]
    comments: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.rows[0][1])

    def column(self, place: int) -> list[str]:
        """The cells of a column."""
        return [cells[place] for _, cells in self.rows]

    def numbers(self, places: Sequence[int]) -> list[list[float]]:
        """Some columns as numbers, a list a row.

        Raises:
            ArrayFileError: if a cell is no number.
        """
        rows: list[list[float]] = []
        for line, cells in self.rows:
            rows.append([])
            for place in places:
                try:
                    rows[-1].append(float(cells[place]))
                except ValueError:
                    raise ArrayFileError(
                        f"line {line}: {cells[place][:20]!r} is not a number; correct it"
                    ) from None
        return rows


def read_text_table(path: Path) -> TextTable:
    """Header, rows and comments of a text table.

    Raises:
        ArrayFileError: if there are no rows, rows of different length, or commas that could mean two things.
    """
    lines = [(number, line.strip()) for number, line in enumerate(read_text(path).splitlines(), start=1)]
    comments = tuple(line for _, line in lines if line.startswith(_COMMENT_MARKS))
    content = [
        (number, _TRAILING_COMMENT.sub("", line))
        for number, line in lines
        if line and not line.startswith(_COMMENT_MARKS)
    ]
    header = None
    if content and not any(is_number(cell) for cell in _header_cells(content[0][1])):
        header = _header_cells(content.pop(0)[1])
    if not content:
        raise ArrayFileError(f"{path}: no rows of numbers; write one for each microphone or direction")
    try:
        rows = _with_decimal_points(_split(content))
        header = header or _commented_header(lines, content[0][0], len(rows[0][1]))
        width = len(header) if header else len(rows[0][1])
        number, cells = next((row for row in rows if len(row[1]) != width), (0, ()))
        if number:
            is_doubled = len(cells) == 2 * width
            cure = "decimal commas? then separate columns by ;" if is_doubled else "give each row as many"
            raise ArrayFileError(f"line {number} has {len(cells)} columns, the first has {width}; {cure}")
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None
    return TextTable(header, rows, comments)


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, with a decimal point or comma."""
    try:
        float(cell)
    except ValueError:
        return _COMMA_NUMBER.fullmatch(cell) is not None
    return True


def _header_cells(line: str) -> tuple[str, ...]:
    """Column names; a unit in brackets belongs to the name before it."""
    line = re.sub(r"\s+(?=[(\[])", "", line)
    mark = next((mark for mark in ";\t," if mark in line), None)
    return tuple(cell.lower() for cell in _cells(line, mark))


def _commented_header(lines: Sequence[tuple[int, str]], first_row: int, width: int) -> tuple[str, ...] | None:
    """Column names in the comment right above the numbers, such as ``% x y z in metres``."""
    above = next((line for number, line in reversed(lines) if number < first_row and line), "")
    if not above.startswith(_COMMENT_MARKS):
        return None
    said = _COMMENTED_NAMES.fullmatch(above.lstrip("#%/ "))
    names = _header_cells(said["names"]) if said else ()
    if len(names) != width or not all(map(_COLUMN_NAME.fullmatch, names)):
        return None
    unit = said["unit"] if said else None
    return tuple(f"{name}_{unit.lower()}" if unit and name in "xyz" else name for name in names)


def _split(content: Sequence[tuple[int, str]]) -> tuple[_Row, ...]:
    """The cells of all rows, at the mark that most of them have."""
    common = [mark for mark in ";\t," if sum(mark in line for _, line in content) * 2 > len(content)]
    mark = common[0] if common else None
    rows = tuple((number, _cells(line, mark)) for number, line in content)
    # A comma between blanks is a decimal one.
    if mark == "," and any(
        len(cell.split()) > 1 and all(map(is_number, cell.split())) for _, cells in rows for cell in cells
    ):
        return tuple((number, _cells(line, None)) for number, line in content)
    return rows


def _cells(line: str, mark: str | None) -> tuple[str, ...]:
    if mark is None:
        return tuple(cell.strip('"') for cell in line.split())
    try:
        return tuple(cell.strip() for cell in next(csv.reader([line], delimiter=mark, skipinitialspace=True)))
    except csv.Error as error:
        raise ArrayFileError(f"not a table ({error}); save it as CSV") from None


def _with_decimal_points(rows: tuple[_Row, ...]) -> tuple[_Row, ...]:
    cells = [cell for _, row in rows for cell in row]
    commas = [cell for cell in cells if _COMMA_NUMBER.fullmatch(cell)]
    if not commas:
        return rows
    point = next((cell for cell in cells if "." in cell and is_number(cell)), None)
    if point is not None:
        raise ArrayFileError(f"decimal commas ({commas[0][:20]}) and points ({point[:20]}) together; use one")
    if all(map(_THOUSANDS.fullmatch, commas)):
        raise ArrayFileError(
            f"{commas[0][:20]!r} may be {commas[0].replace(',', '.')} or {commas[0].replace(',', '')}; "
            "write it without a comma"
        )
    return tuple(
        (line, tuple(cell.replace(",", ".") if _COMMA_NUMBER.fullmatch(cell) else cell for cell in row))
        for line, row in rows
    )
