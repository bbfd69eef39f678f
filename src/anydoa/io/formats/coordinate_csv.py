"""Arrays as text tables: ``x,y,z`` or ``azimuth_deg,elevation_deg,radius``, with an optional ``channel``.

Lengths are metres unless the header says otherwise (``x_mm``, ``x (cm)``) or the user does. Without a header
the columns are x, y, z and channel. A first column that only numbers or names the rows is passed over.
Channels that hold no microphone stand in a comment: ``# ignore_channels = [4, 5]``.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from anydoa.errors import ArrayFileError, ConfigError
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.dialects import positions_from_polar
from anydoa.io.formats.array_format import (
    TURN_OVER,
    ArrayFormat,
    ReadOptions,
    ThreeByThree,
    needless_three_by_three,
    three_by_three_refusal,
)
from anydoa.io.formats.length_unit import to_metres, unit_of
from anydoa.io.formats.text_table import TextTable, is_number, read_text_table

_IGNORED = re.compile(r"#\s*ignore_channels\s*=\s*\[([\d,\s]{0,2000})\]")
_ARRAY_COLUMNS = ("x", "y", "z", "channel")
_CARTESIAN = ("x", "y", "z")
_POLAR = ("azimuth", "elevation", "radius")
_ROW_NAMES = ("", "mic", "microphone", "id", "index", "name", "label", "no", "nr", "number", "#")
_COLUMN = re.compile(r"(x|y|z|radius|azimuth|elevation)(?:[\s_/(\[]+([a-z°]+)[)\]]?)?")
_DEGREES_PER = {
    "deg": 1.0, "°": 1.0, "degree": 1.0, "degrees": 1.0,
    "rad": 180 / np.pi, "radian": 180 / np.pi, "radians": 180 / np.pi,
}  # fmt: skip


def read_array_csv(path: Path, options: ReadOptions) -> MicrophoneArray:
    """The array in a text table.

    Raises:
        ArrayFileError: if the columns are not x, y, z or azimuth, elevation, radius, and perhaps channel.
        ConfigError: if it is told how to read a table of three rows, and this is none.
        GeometryError: if the array they describe cannot be.
    """
    table = read_text_table(path)
    if options.three_by_three != "refuse" and (table.header is not None or len(table.rows) != 3):
        raise ConfigError(needless_three_by_three(path, options.three_by_three))
    try:
        table = _without_row_names(_with_header(table, options.three_by_three))
        names, units, said = _columns(table)
        positions = _positions(table, names, units)
        numbers = table.numbers([names.index("channel")]) if "channel" in names else []
        odd = next((number for (number,) in numbers if not number.is_integer()), None)
        if odd is not None:
            raise ArrayFileError(f"channels must be whole numbers from 0, got {odd:g}; count them from 0")
        ignored = [match[1] for match in map(_IGNORED.match, table.comments) if match]
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None
    return MicrophoneArray(
        to_metres(positions.tolist(), path, told=options.unit, said=said),
        path.stem,
        channels=[int(number) for (number,) in numbers] or None,
        ignore_channels=[int(number) for number in re.findall(r"\d+", " ".join(ignored))],
        source=f"table {path.name}",
    )


def write_array_csv(array: MicrophoneArray, path: Path) -> None:
    """Write the microphones in the user's frame with their channels."""
    lines = [f"# ignore_channels = {list(array.ignore_channels)}"] if array.ignore_channels else []
    lines.append(",".join(_ARRAY_COLUMNS))
    for position, channel in zip(array.positions.tolist(), array.channels, strict=True):
        lines.append(",".join([*(repr(coordinate) for coordinate in position), str(channel)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def names_channels(path: Path) -> bool:
    """Whether a text table has a column of channels."""
    return "channel" in (_with_header(read_text_table(path), "refuse").header or ())


def _with_header(table: TextTable, three_by_three: ThreeByThree) -> TextTable:
    """The table with column names, which one without a header gets by its shape and content."""
    if table.header is not None:
        return table
    named = table.width > 3 and not any(map(is_number, table.column(0)))
    width = table.width - named
    if len(table.rows) == 3 and three_by_three == "columns" and not named:
        columns = zip(*(cells for _, cells in table.rows), strict=True)
        return replace(table, header=_CARTESIAN, rows=tuple(enumerate(columns)))
    if (len(table.rows), width) == (3, 3) and three_by_three == "refuse":
        raise ArrayFileError(three_by_three_refusal(table.numbers(range(named, table.width))))
    if width == 3 or (width == 4 and (named or _is_channel_column(table))):
        return replace(table, header=(*[""] * named, *_ARRAY_COLUMNS[:width]))
    if width == 4 and _counts_rows(table.column(0)):
        return replace(table, header=("", *_CARTESIAN))
    if len(table.rows) == 3:
        raise ArrayFileError(
            f"3 rows of {width} numbers: microphones in columns? {TURN_OVER}; "
            "if the rows are microphones, write a header such as x,y,z"
        )
    raise ArrayFileError(
        f"columns must be x, y, z and perhaps channel (whole numbers from 0), got {width} without a header; "
        "write one such as x,y,z,channel"
    )


def _is_channel_column(table: TextTable) -> bool:
    """Whether the fourth column is whole numbers, and not all of them those of a first that counts rows."""
    channels = [row[0] for row in table.numbers([3])]
    whole = all(channel >= 0 and float(channel).is_integer() for channel in channels)
    return whole and (len(set(channels)) == len(channels) or not _counts_rows(table.column(0)))


def _without_row_names(table: TextTable) -> TextTable:
    """The table without a first column that only numbers or names its rows.

    Raises:
        ArrayFileError: if its numbers are not in order, so that they may be channels.
    """
    header = table.header or ()
    if header[0] not in _ROW_NAMES:
        return table
    numbers = [re.findall(r"\d+", cell) for cell in table.column(0)]
    if all(len(found) == 1 for found in numbers) and not _counts_rows([found[0] for found in numbers]):
        listed = ", ".join(cell[:10] for cell in table.column(0)[:4])
        raise ArrayFileError(
            f"column {header[0] or '1'!r} does not count its rows ({listed}, ...); call it channel "
            "if it says which channel each microphone is, else sort the rows"
        )
    rows = tuple((line, cells[1:]) for line, cells in table.rows)
    return replace(table, header=header[1:], rows=rows)


def _counts_rows(cells: Sequence[str]) -> bool:
    """Whether cells are 0, 1, 2, ... or 1, 2, 3, ..."""
    numbers = [float(cell) for cell in cells if is_number(cell) and "," not in cell]
    return len(numbers) == len(cells) and numbers in (
        list(range(len(cells))),
        list(range(1, len(cells) + 1)),
    )


def _columns(table: TextTable) -> tuple[list[str], list[str], str | None]:
    """What each column is, its unit, empty where none is said, and the unit of length that the header names.

    Raises:
        ArrayFileError: if they do not describe an array, or a unit is unknown or not the same for all.
    """
    matches = [_COLUMN.fullmatch(name) for name in table.header or ()]
    names = [match[1] if match else name for match, name in zip(matches, table.header or (), strict=True)]
    units = [(match[2] or "") if match else "" for match in matches]
    wanted = sorted(name for name in names if name != "channel")
    if wanted not in (sorted(_CARTESIAN), sorted(_POLAR)) or names.count("channel") > 1:
        got = ", ".join(table.header or ())[:100]
        raise ArrayFileError(
            f"columns must be x, y, z and perhaps channel, got {got}; a unit is said as in x_mm, "
            "polar columns are azimuth_deg, elevation_deg, radius"
        )
    lengths = {unit for name, unit in zip(names, units, strict=True) if name in (*_CARTESIAN, "radius")}
    if lengths == {""}:
        return names, units, None
    if len(lengths) > 1:
        raise ArrayFileError("columns differ in their unit; write all in one, as in x_mm,y_mm,z_mm")
    unit = lengths.pop()
    said = unit_of(unit)
    if said is None:
        raise ArrayFileError(f"units are m, cm and mm, got {unit!r}; write one of them, as in x_mm,y_mm,z_mm")
    return names, units, said


def _positions(table: TextTable, names: list[str], units: list[str]) -> Float[np.ndarray, "mic 3"]:
    """Cartesian positions, lengths in the unit of the file."""
    kind = _CARTESIAN if "x" in names else _POLAR
    values = np.array(table.numbers([names.index(name) for name in kind]))
    if kind == _CARTESIAN:
        return values
    if not (np.abs(values) < 1e9).all():  # in any unit
        raise ArrayFileError("angles and radii must be finite numbers of usual size; correct the rows")
    for place, name in enumerate(_POLAR[:2]):
        unit = units[names.index(name)]
        if unit not in _DEGREES_PER:
            raise ArrayFileError(f"degrees or radians? call the column {name}_deg or {name}_rad")
        values[:, place] *= _DEGREES_PER[unit]
    azimuth_deg, elevation_deg = values[:, :2].T
    if not (np.abs(elevation_deg) <= 90 + 1e-9).all():
        raise ArrayFileError(
            "elevations must be -90..90 degrees, up from the horizontal, got "
            f"{elevation_deg[np.abs(elevation_deg).argmax()]:g}; do they count from straight above? then "
            "take each from 90"
        )
    return positions_from_polar(azimuth_deg, np.clip(elevation_deg, -90, 90), values[:, 2])


COORDINATE_CSV = ArrayFormat(
    ".csv",
    read_array_csv,
    write_array_csv,
    keeps=("ignore_channels",),
    tells_channels=names_channels,
    is_table=True,
)
