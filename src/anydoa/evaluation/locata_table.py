"""Tables of the LOCATA corpus: a line of names, then numbers, tab between them, the time in six columns."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from anydoa.errors import AudioError

_CLOCK = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True, eq=False)
class LocataTable:
    """Numbers by column name.

    Args:
        path: the file.
        names: of the columns.
        values: one row a line.
    """

    path: Path
    names: tuple[str, ...]
    values: Float[np.ndarray, "row column"]

    def columns(self, *names: str) -> Float[np.ndarray, "row column"]:
        """Columns by name.

        Raises:
            AudioError: if there is no such column.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            raise AudioError(f"{self.path}: column {missing[0]!r} is missing; download the file again")
        return self.values[:, [self.names.index(name) for name in names]]

    @property
    def times_s(self) -> Float[np.ndarray, "row"]:
        """Seconds since the beginning of the calendar."""
        clock = self.columns(*_CLOCK)
        day = np.array([_day_number(self.path, row) for row in clock[:, :3]])
        # A double holds these to ten microseconds, a sixth of a sample at 16 kHz.
        return day * 86400.0 + clock[:, 3:] @ np.array([3600.0, 60.0, 1.0])

    def rows(self, kept: Bool[np.ndarray, "row"]) -> "LocataTable":
        """The table without some of its rows."""
        return LocataTable(self.path, self.names, self.values[kept])

    def interpolate(
        self, times_s: Float[np.ndarray, "time"], *names: str
    ) -> Float[np.ndarray, "time column"]:
        """Columns at other times, along straight lines, held before the first row and after the last."""
        own = self.times_s
        return np.stack([np.interp(times_s, own, column) for column in self.columns(*names).T], axis=1)


def read_table(path: Path) -> LocataTable:
    """A table of any number of lines.

    Raises:
        AudioError: if it is not one.
    """
    return _parse(path, path.read_text(encoding="utf-8-sig", errors="replace").splitlines())


def first_time(path: Path) -> float:
    """Time of the first line; tables of audio have a line a sample, 48,000 a second.

    Raises:
        AudioError: if it has none.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        lines = [stream.readline(), stream.readline()]
    return float(_parse(path, lines).times_s[0])


def _parse(path: Path, lines: list[str]) -> LocataTable:
    names = tuple(lines[0].split()) if lines else ()
    try:
        values = np.loadtxt(lines[1:], ndmin=2) if len(lines) > 1 else np.zeros((0, 0))
    except ValueError as error:
        raise AudioError(
            f"{path}: cannot be read as a table of numbers ({error}); download it again"
        ) from None
    if not values.size or values.shape[1] != len(names):
        raise AudioError(
            f"{path}: a table needs lines of {len(names)} numbers, as many as names; download it again"
        )
    return LocataTable(path, names, values)


def _day_number(path: Path, day: Float[np.ndarray, "3"]) -> int:
    try:
        return date(*(int(number) for number in day)).toordinal()
    except ValueError as error:
        raise AudioError(f"{path}: {day} is no date ({error}); download it again") from None
