"""Metres out of the lengths of a file: the unit that a person tells, else the file's own, else metres."""

import logging
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np

from anydoa.constants import MAX_SPAN, MIN_SPAN
from anydoa.errors import ArrayFileError, ConfigError, GeometryError

LengthUnit = Literal["m", "cm", "mm"]

UNITS_PER_METRE = {"m": 1, "cm": 100, "mm": 1000}
_WORDS = {
    "m": "m", "metre": "m", "metres": "m", "meter": "m", "meters": "m",
    "cm": "cm", "centimetre": "cm", "centimetres": "cm", "centimeter": "cm", "centimeters": "cm",
    "mm": "mm", "millimetre": "mm", "millimetres": "mm", "millimeter": "mm", "millimeters": "mm",
}  # fmt: skip

_logger = logging.getLogger(__name__)


def to_metres(
    lengths: object,
    path: Path,
    *,
    told: LengthUnit | None = None,
    said: str | None = None,
) -> list[list[float]]:
    """Positions of a file in metres, each coordinate right to its last digit.

    Args:
        lengths: rows of three coordinates as they stand in the file; anything else is refused.
        path: file that they come from, for messages.
        told: unit that a person gave; wins over the file's own.
        said: unit that the file itself names.

    Raises:
        ArrayFileError: if a row is not three numbers.
        GeometryError: if nobody named a unit and the array is wider than any that can be used, or it is
            too small in the unit named.
    """
    unit = chosen_unit(told=told, said=said)
    if told is not None and said is not None and told != said:
        _logger.warning("%s: the file says its lengths are in %s; taken as %s, as told", path, said, told)
    rows = [[in_metres(length, unit) for length in row] for row in _rows_of_three(lengths, path)]
    _check_span(rows, unit, nobody_said=told is None and said is None)
    return rows


def unit_of(word: str) -> str | None:
    """The unit that a file means by a word, in either case; None if it is none of ours."""
    return _WORDS.get(word.strip().lower())


def check_unit(told: LengthUnit | None) -> None:
    """Refuse a unit that is none of ours.

    Raises:
        ConfigError: if it is; the message names those that are.
    """
    if told is not None and told not in UNITS_PER_METRE:
        raise ConfigError(f"unit must be one of {', '.join(UNITS_PER_METRE)}, got {told!r}; take one of them")


def chosen_unit(*, told: LengthUnit | None, said: str | None) -> str:
    """The unit that counts: told by a person, else said by the file, else metres."""
    return told or said or "m"


def in_metres(length: float, unit: str) -> float:
    """A length in metres; by way of its decimal digits, so that 46.3 mm is 0.0463 m to the last bit."""
    per_metre = UNITS_PER_METRE[unit]
    return float(length) if per_metre == 1 else float(Decimal(repr(float(length))) / per_metre)


def _rows_of_three(rows: object, path: Path) -> list[Sequence[float]]:
    """The rows as they are; a parser of JSON or YAML may have given anything."""
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise ArrayFileError(
            f"{path}: positions must be a list of [x, y, z], got {str(rows)!r:.80}; give one for each "
            "microphone"
        )
    for number, row in enumerate(rows):
        three = isinstance(row, Sequence) and len(row) == 3
        if not three or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in row):
            raise ArrayFileError(
                f"{path}: position of microphone {number} must be three numbers, got {str(row)!r:.80}; give "
                "x, y and z"
            )
    return list(rows)


def _check_span(rows: list[list[float]], unit: str, *, nobody_said: bool) -> None:
    """Refuse what is too wide or too small, with the units in which it could have been meant."""
    positions = np.array([row for row in rows if np.isfinite(row).all()]).reshape(-1, 3)
    # The largest distance between two positions; of very many, the diagonal of the box that holds them.
    span = 0.0
    with np.errstate(over="ignore"):
        if len(positions):
            span = float(np.linalg.norm(positions.max(axis=0) - positions.min(axis=0)))
        if span > MAX_SPAN and len(positions) <= 256:
            span = float(np.linalg.norm(positions[:, None] - positions[None], axis=-1).max())
    if span > MAX_SPAN and nobody_said:
        # Hardly an array is smaller than 2 cm, so units in which it would be were not meant.
        likely = [unit for unit in ("cm", "mm") if 0.02 <= span / UNITS_PER_METRE[unit] <= MAX_SPAN]
        advice = (
            (
                f"; not metres? then say {' or '.join(f'--unit {unit}' for unit in likely)}, "
                f"as in `anydoa array convert FILE -o OUT.toml --unit {likely[-1]}` "
                f"(in Python load_array(..., unit={likely[-1]!r}))"
            )
            if likely
            else ""
        )
        raise GeometryError(
            f"spans {span:.3g} m; arrays wider than {MAX_SPAN:g} m are not supported (far field only)"
            + advice
        )
    if 0 < span < MIN_SPAN and unit != "m":
        raise GeometryError(
            f"spans {span * 1000:.3g} mm with its numbers taken as {unit}, less than {MIN_SPAN * 1000:g} mm; "
            'are they metres? then say unit = "m" (--unit m)'
        )
