"""A record of one measurement: the rows, and all it takes to measure them again or to doubt them."""

import json
import os
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import anydoa
from anydoa.errors import ConfigError
from anydoa.evaluation.report import known_value
from anydoa.io.output import AnyPath, write_text
from anydoa.version import commit

NOT_RECORDED = "not recorded"
"""What stands in place of a machine that nobody has written down."""

Row = Mapping[str, str | int | float | bool | Sequence[float] | None]
"""Named values or lists of them; a name ends with its unit (``mae_deg``, ``seconds``), shares are 0..1."""

_ELSEWHERE = "/", "../"  # how paths begin that other machines do not have


@dataclass(frozen=True)
class Machine:
    """The machine that measured.

    Args:
        processor: its name, as the system tells it.
        cores: how many the system has.
        load_at_start: processes that wanted to run in the minute before; None where no system tells.
        load_at_end: the same in the last minute of the measurement, which itself counts as one or more.
    """

    processor: str
    cores: int
    load_at_start: float | None
    load_at_end: float | None


@dataclass(frozen=True)
class Record:
    """One measurement.

    Args:
        command: what was typed, without the folders of one machine.
        version: version of the package.
        commit: its commit as the measurement began, with ``+`` where files differed; empty outside of a
            repository.
        date: day of the measurement, such as ``2026-11-29``, in UTC.
        machine: the machine that measured; None where nobody has written it down.
        seed: where the random numbers of scenes began; None where nothing is drawn.
        rows: what was measured.
    """

    command: str
    version: str
    commit: str
    date: str
    machine: Machine | None
    seed: int | None
    rows: tuple[Row, ...]

    def to_json(self) -> str:
        """An object, a line for each row; numbers have four decimals, NaN becomes null."""
        head = {**asdict(self), "machine": asdict(self.machine) if self.machine else NOT_RECORDED}
        del head["rows"]
        lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
        rows = [json.dumps({key: known_value(value) for key, value in row.items()}) for row in self.rows]
        lines.append('  "rows": [\n' + ",\n".join(f"    {row}" for row in rows) + "\n  ]")
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> "Record":
        """Read what :meth:`to_json` has written.

        Raises:
            ConfigError: if a key is missing or unknown, or it is not JSON at all.
        """
        try:
            values = json.loads(text)
            machine = None if values["machine"] == NOT_RECORDED else Machine(**values["machine"])
            return cls(**{**values, "machine": machine, "rows": tuple(values["rows"])})
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"a record is an object with the keys of Record ({error}); measure again with --record"
            ) from None


class Measurement:
    """A measurement from its beginning, when the load of the machine is looked at, to its record.

    Args:
        words: words of the command, the program's name first.
        seed: where the random numbers of scenes begin.

    Attributes:
        command: the words as they are kept, without the folders of one machine.
    """

    def __init__(self, words: Sequence[str], *, seed: int | None = None) -> None:
        self.command = shlex.join(_without_folder(word) for word in words)
        self._seed = seed
        self._commit = commit()
        self._load_at_start = _load()

    def record(self, rows: Sequence[Row]) -> Record:
        """What was measured, as of now."""
        return Record(
            command=self.command,
            version=anydoa.__version__,
            commit=self._commit,
            date=datetime.now(UTC).date().isoformat(),
            machine=Machine(_processor(), os.cpu_count() or 1, self._load_at_start, _load()),
            seed=self._seed,
            rows=tuple(rows),
        )


def write_record(path: AnyPath, record: Record) -> None:
    """Write a record, whole or not at all.

    Raises:
        ConfigError: if the file cannot be written.
    """
    write_text(path, record.to_json())


def read_record(path: AnyPath) -> Record:
    """Read a record.

    Raises:
        ConfigError: if the file cannot be read or is no record.
    """
    try:
        return Record.from_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, ConfigError) as error:
        raise ConfigError(f"{path}: {error}") from None


def _without_folder(word: str) -> str:
    """A word of a command; a path from the root or out of the folder, which others do not have, becomes DIR.

    Of files named after a colon, such as those of arrays, the names stay.
    """
    option, equals, value = word.rpartition("=") if word.startswith("--") else ("", "", word)
    kind, colon, rest = value.rpartition(":")
    if colon and "," in rest:
        rest = ",".join(
            f"DIR/{Path(part).name}" if part.startswith(_ELSEWHERE) else part for part in rest.split(",")
        )
    elif rest.startswith(_ELSEWHERE):
        rest = f"DIR/{Path(rest).name}" if colon and Path(rest).suffix else "DIR"
    return f"{option}{equals}{kind}{colon}{rest}"


def _load() -> float | None:
    """Processes that wanted to run, mean over the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _processor() -> str:
    """Name of the processor; Python alone does not know it on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
