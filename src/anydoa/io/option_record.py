"""Frozen records of options from tables that were read from a file."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from anydoa.errors import ConfigError
from anydoa.io.nearest_name import nearest_name

Record = TypeVar("Record")


def record_from_dict(kind: type[Record], values: Mapping[str, Any], what: str) -> Record:
    """A record with these values, its defaults elsewhere; lists become tuples.

    Args:
        kind: a dataclass.
        values: by name.
        what: it describes, for errors.

    Raises:
        ConfigError: if a key does not exist; the record itself refuses values that cannot be.
    """
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type] # a dataclass, as documented
    for key in values:
        if key not in names:
            raise ConfigError(f"{what} has no option {key!r}; did you mean {nearest_name(key, names)!r}?")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
