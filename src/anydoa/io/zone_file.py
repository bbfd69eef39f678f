"""Files of zones: TOML with a table for each.

[[zone]]
name = "desk"
azimuth = [20, 60]       # degrees anticlockwise from the front, from where to where; may pass 180
elevation = [-10, 40]    # degrees up from the horizontal, optional

[[zone]]
name = "door"
azimuth = [150, -150]
"""

import os
import tomllib
from pathlib import Path
from typing import Any

from anydoa.errors import ArrayFileError, ConfigError, GeometryError
from anydoa.geometry import Zone
from anydoa.io.files import check_is_file, read_text
from anydoa.io.output import note_input

_KEYS = {"name", "azimuth", "elevation"}


def load_zones(path: str | os.PathLike[str]) -> tuple[Zone, ...]:
    """The zones of a file, in its order; a direction belongs to the first that holds it.

    Raises:
        ConfigError: if the file is missing, is not TOML, or a zone of it cannot be.
    """
    path = Path(path)
    try:
        check_is_file(path)
        note_input(path, "file of zones")
        text = read_text(path)
    except ArrayFileError as error:  # the same reader, of another kind of file
        raise ConfigError(str(error)) from None
    try:
        document = tomllib.loads(text)
        tables = document.pop("zone", [])
        if document or not isinstance(tables, list) or not tables:
            got = str(list(document))[:60] if document else "none"
            raise ConfigError(
                f"a file of zones has [[zone]] tables and nothing else, got {got}; see docs/zones.md"
            )
        zones = tuple(_zone(table, number) for number, table in enumerate(tables, start=1))
    except (ValueError, RecursionError, ConfigError, GeometryError) as error:
        raise ConfigError(f"{path}: {error}") from None
    names = [zone.name for zone in zones]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{path}: two zones are called {twice!r}; give each a name of its own")
    return zones


def _zone(table: Any, number: int) -> Zone:
    if not isinstance(table, dict) or set(table) - _KEYS or not isinstance(table.get("name"), str):
        raise ConfigError(
            f"zone {number} has name, azimuth and perhaps elevation, got {table!r:.100}; see docs/zones.md"
        )
    ranges = {
        f"{key}_deg": _range(table[key], key, number) for key in ("azimuth", "elevation") if key in table
    }
    return Zone(table["name"], **ranges)


def _range(value: Any, key: str, number: int) -> tuple[float, float]:
    numbers = [one for one in value if type(one) in (int, float)] if isinstance(value, list) else []
    if not isinstance(value, list) or len(numbers) != len(value) or len(value) != 2:
        raise ConfigError(
            f"zone {number}: {key} is two numbers, got {value!r:.60}; write them as in [20, 60]"
        )
    return float(numbers[0]), float(numbers[1])
