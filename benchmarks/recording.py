"""What a benchmark measured, kept in a record: ``--record FILE`` of each of them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from anydoa.evaluation.record import Measurement, Row, write_record

OPTION = "--record"


class BenchmarkRecord:
    """The measurement of this script, from now on.

    Args:
        path: record to write; None for none.
        seed: where the random numbers of scenes begin.
    """

    def __init__(self, path: Path | None, *, seed: int | None = None) -> None:
        self._path = path
        script = f"benchmarks/{Path(sys.argv[0]).name}"
        self._measurement = Measurement(["python", script, *_words()], seed=seed)

    def keep(self, rows: Sequence[Row]) -> None:
        """Write the record, if one is wanted."""
        if self._path is not None:
            write_record(self._path, self._measurement.record(rows))


def add_record_option(parser: argparse.ArgumentParser) -> None:
    """Give a benchmark the option that all have."""
    parser.add_argument(OPTION, type=Path, metavar="FILE", help="keep rows, command and machine there")


def _words() -> list[str]:
    """Words after the name of the script, but for the record itself."""
    known = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_record_option(known)
    return known.parse_known_args()[1]
