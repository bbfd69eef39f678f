"""Reading the choices of a training run from TOML, which mirrors the records one to one.

A file may begin with ``base = "other.toml"``: the path, seen from the file, of one whose choices hold where
the file itself makes none. Tables are merged key by key; a list, such as that of all stages, replaces the
whole list. Likewise a stage's tables hold for the keys they name, and those of the run for the others.
"""

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from anydoa.errors import ConfigError
from anydoa.io.names import nearest_name
from anydoa.training.catalogue import config_class
from anydoa.training.config import TrainingConfig, shared_tables

_WORDS: dict[Any, tuple[str, str]] = {
    float: ("a number", "give one such as 0.5"),
    int: ("a whole number", "give one such as 4"),
    bool: ("true or false", "take one of them"),
    str: ("text", "put it in quotes"),
}
"""What the value of a key of each type must be, and how it becomes that."""


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> TrainingConfig:
    """The run that a TOML file and the files it is based on describe.

    Args:
        path: the file.
        overrides: single keys, as ``optimizer.lr=1e-4`` or ``stages.0.length=2``.

    Raises:
        ConfigError: if the file cannot be read, a key does not exist, a value cannot be, or an override is of
            a key of which every stage has its own.
    """
    values = _read(Path(path))
    for override in overrides:
        _override(values, override)
    config = config_from_dict(values)
    for override in overrides:
        _refuse_hidden(values, override.partition("=")[0].strip())
    return config


def config_from_dict(values: Mapping[str, Any]) -> TrainingConfig:
    """The run with these values, the defaults elsewhere.

    Raises:
        ConfigError: if a key does not exist or a value cannot be.
    """
    kind = config_class(values.get("network", "agg-rl"))
    config: TrainingConfig = _build(kind, _with_whole_stages(kind, values), "")
    return config


def _read(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The values of a file on top of those it is based on; ``above`` are the files based on it."""
    if path.resolve() in above:
        raise ConfigError(f"{path}: is based on itself, by way of {above[-1].name}; leave out one base")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the name") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML ({error}); correct it") from None
    base = values.pop("base", None)
    if base is None:
        return values
    if not isinstance(base, str):
        raise ConfigError(f"{path}: base must be the path of another file, got {base!r}; put it in quotes")
    return _merge(_read(path.parent / base, (*above, path.resolve())), values)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """The values of both, those above where both have one; tables inside key by key."""
    merged = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping):
            merged[key] = _merge(below[key], above[key])
    return merged


def _with_whole_stages(kind: type[TrainingConfig], values: Mapping[str, Any]) -> dict[str, Any]:
    """The same with every table of a stage filled up from that of the run."""
    stages = values.get("stages")
    if not isinstance(stages, list | tuple):
        return dict(values)
    of_stages = next(one.type for one in dataclasses.fields(kind) if one.name == "stages")
    tables = [
        name for name in shared_tables(kind, get_args(of_stages)[0]) if isinstance(values.get(name), Mapping)
    ]
    whole = []
    for stage in stages:
        own = [name for name in tables if isinstance(stage, Mapping) and isinstance(stage.get(name), Mapping)]
        filled = {name: _merge(values[name], stage[name]) for name in own}
        whole.append({**stage, **filled} if filled else stage)
    return {**values, "stages": whole}


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"an override is key=value, got {override!r}; write it as in optimizer.lr=1e-4")
    *parents, last = key.strip().split(".")
    table: Any = values
    for part in parents:
        child = table[_index(table, part, key)] if isinstance(table, list) else table.setdefault(part, {})
        if not isinstance(child, dict | list):
            raise ConfigError(
                f"override {key!r}: {part!r} is a value and has no keys inside; leave out what follows it"
            )
        table = child
    if isinstance(table, list):
        table[_index(table, last, key)] = _parse(text)
    else:
        table[last] = _parse(text)


def _refuse_hidden(values: Mapping[str, Any], key: str) -> None:
    """Refuse an override of the run that no stage would take."""
    table, _, name = key.partition(".")
    stages = values["stages"]
    if name and all(name in stage.get(table, {}) for stage in stages):
        rows = f"stages.0.{key} to stages.{len(stages) - 1}.{key}"
        raise ConfigError(f"override {key!r}: every stage has its own; override {rows}")


def _index(rows: list[Any], part: str, key: str) -> int:
    if not part.isdigit() or int(part) >= len(rows):
        raise ConfigError(
            f"override {key!r}: {part!r} must be the number of a row, 0..{len(rows) - 1}; count from 0"
        )
    return int(part)


def _parse(text: str) -> Any:
    """A TOML value; what is none is text, so that paths need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _build(kind: Any, values: Any, path: str) -> Any:
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path.rstrip('.')} must be a table, got {values!r}; give it keys with values")
    fields = {one.name: one for one in dataclasses.fields(kind)}
    known = {key: _convert(fields[key].type, values[key], path + key) for key in values if key in fields}
    if hasattr(kind, "from_dict"):  # such as the configuration of a network, which knows its own names
        return kind.from_dict({**values, **known})
    for key in values:
        if key not in fields:
            raise ConfigError(
                f"there is no key {path + key!r}; did you mean {path + nearest_name(key, list(fields))!r}?"
            )
    for name, one in fields.items():
        if name not in values and one.default is one.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{path + name!r} is missing; add it")
    try:
        return kind(**known)
    except ConfigError as error:
        raise ConfigError(f"{path.rstrip('.')}: {error}" if path else str(error)) from None


def _convert(kind: Any, value: Any, path: str) -> Any:
    """The value as a field of this type holds it."""
    if isinstance(kind, UnionType):
        return None if value is None else _convert(get_args(kind)[0], value, path)
    if dataclasses.is_dataclass(kind):
        return _build(kind, value, path + ".")
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ConfigError(
                f"{path} must be one of {', '.join(get_args(kind))}, got {value!r}; take one of them"
            )
        return value
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{path} must be a list, got {value!r}; write it in brackets")
        if Ellipsis not in kinds and len(value) != len(kinds):
            raise ConfigError(f"{path} takes {len(kinds)} values, got {len(value)}: {value}; give as many")
        return tuple(_convert(kinds[0], item, f"{path}.{i}") for i, item in enumerate(value))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        rule, cure = _WORDS[kind]
        raise ConfigError(f"{path} must be {rule}, got {value!r}; {cure}")
    return value
