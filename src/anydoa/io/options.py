"""Options as frozen dataclasses: filled by name, and their numbers checked."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from anydoa.errors import ConfigError
from anydoa.io.names import nearest_name

Record = TypeVar("Record")


def record_from_dict(kind: type[Record], values: Mapping[str, Any], what: str) -> Record:
    """A frozen record with these values, its defaults elsewhere; lists become tuples.

    Args:
        kind: a dataclass.
        values: values of its fields by name, as a file holds them.
        what: what the record describes, for errors.

    Raises:
        ConfigError: if a key does not exist; the record itself refuses values that cannot be.
    """
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type] # a dataclass, as documented
    for key in values:
        if key not in names:
            raise ConfigError(f"{what} has no option {key!r}; did you mean {nearest_name(key, names)!r}?")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def check_positive(options: Any, *names: str) -> None:
    """Refuse options of which one of these is not above 0, or endless.

    Args:
        options: a dataclass.
        names: names of its fields.

    Raises:
        ConfigError: if one is not.
    """
    usual = {one.name: one.default for one in fields(options)}
    for name in names:
        value = getattr(options, name)
        if not 0 < value < math.inf:
            cure = "a positive number" if usual[name] is MISSING else usual[name]
            raise ConfigError(f"{name} must be above 0 and finite, got {value}; give {cure}")
