"""What a format of array files is; docs/array-files.md says how to add one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anydoa.geometry import MicrophoneArray
from anydoa.io.formats.length_unit import LengthUnit

ThreeByThree = Literal["refuse", "rows", "columns"]
"""How to read a table of three rows: a microphone a row, a microphone a column, or not without being told."""

TURN_OVER = (
    "turn it over with `anydoa array convert FILE -o OUT.toml --three-by-three columns` "
    "(in Python load_array(..., three_by_three='columns'))"
)
"""How a table whose columns are microphones becomes an array."""


@dataclass(frozen=True)
class ReadOptions:
    """What a person says of a file, for it does not say it itself.

    Args:
        unit: unit of its lengths; if None, what the file says, else metres.
        three_by_three: how to read a table of three rows, which could be turned over.
        other_files: whether the file may name others, which are then read, too.
    """

    unit: LengthUnit | None = None
    three_by_three: ThreeByThree = "refuse"
    other_files: bool = True


def _says_nothing(path: Path) -> bool:
    """That files of a format never say something, for it has no place for it."""
    return False


@dataclass(frozen=True)
class ArrayFormat:
    """One format of array files.

    Args:
        suffix: ending of its files, with the dot, in lower case.
        read: gives the array of a file, or raises an ArrayFileError that says what is wrong and the cure.
        write: writes an array to a file; None where anydoa only reads the format.
        keeps: fields of an array that the format keeps, of those that change estimates:
            ``ignore_channels``, ``speed_of_sound``, ``rigid_sphere_radius``, ``patterns``, ``steering``.
        tells_channels: whether a file that can be read says which channel each microphone is; where it does
            not, microphones come in the order of the channels.
        is_table: whether a file may be a table of three rows that could be turned over.
    """

    suffix: str
    read: Callable[[Path, ReadOptions], MicrophoneArray]
    write: Callable[[MicrophoneArray, Path], None] | None = None
    keeps: tuple[str, ...] = ()
    tells_channels: Callable[[Path], bool] = _says_nothing
    is_table: bool = False


def needless_three_by_three(path: Path, three_by_three: ThreeByThree) -> str:
    """What to say where a table needs no word on what its rows are."""
    return (
        f"{path}: three_by_three is for tables of 3 rows without a header, got {three_by_three!r}; leave it "
        "out"
    )


def three_by_three_refusal(table: Sequence[Sequence[float]]) -> str:
    """The question to the user of a 3 x 3 table."""
    return (
        f"3 x 3 numbers: microphone 0 is at {list(table[0])} if rows are microphones, at "
        f"{[row[0] for row in table]} if columns are; save a CSV with the header x,y,z, or say "
        "`array convert --three-by-three rows` or `columns` "
        "(in Python load_array(..., three_by_three='rows'))"
    )
