"""Reading the choices of a training run from TOML, which mirrors the records one to one."""

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from anydoa.errors import ConfigError
from anydoa.io.nearest_name import nearest_name
from anydoa.models.config import AggRlConfig
from anydoa.models.talker_mask import TalkerMaskConfig
from anydoa.models.talker_score import TalkerScoreConfig
from anydoa.steered.options import SteeredOptions
from anydoa.training.config import TrainingConfig


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> TrainingConfig:
    """The run that a TOML file describes.

    Args:
        path: the file.
        overrides: single keys, as ``optimizer.lr=1e-4`` or ``stages.0.length=2``.

    Raises:
        ConfigError: if the file cannot be read, a key does not exist or a value cannot be.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML ({error})") from None
    for override in overrides:
        _override(values, override)
    return config_from_dict(values)


def config_from_dict(values: Mapping[str, Any]) -> TrainingConfig:
    """The run with these values, the defaults elsewhere.

    Raises:
        ConfigError: if a key does not exist or a value cannot be.
    """
    config = _build(TrainingConfig, values, "")
    assert isinstance(config, TrainingConfig)
    return config


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"an override is key=value, such as optimizer.lr=1e-4, got {override!r}")
    *parents, last = key.strip().split(".")
    table: Any = values
    for part in parents:
        table = _child(table, part, key)
    if isinstance(table, list):
        table[_index(table, last, key)] = _parse(text)
    else:
        table[last] = _parse(text)


def _child(table: Any, part: str, key: str) -> Any:
    child = table[_index(table, part, key)] if isinstance(table, list) else table.setdefault(part, {})
    if not isinstance(child, dict | list):
        raise ConfigError(f"override {key!r}: {part!r} is a value and has no keys inside")
    return child


def _index(rows: list[Any], part: str, key: str) -> int:
    if not part.isdigit() or int(part) >= len(rows):
        raise ConfigError(f"override {key!r}: {part!r} must be the number of a row, 0..{len(rows) - 1}")
    return int(part)


def _parse(text: str) -> Any:
    """A TOML value; what is none is text, so that paths need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _build(kind: Any, values: Any, path: str) -> Any:
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path} must be a table, got {values!r}")
    if kind in (AggRlConfig, TalkerMaskConfig, TalkerScoreConfig, SteeredOptions):
        return kind.from_dict(values)
    fields = {one.name: one for one in dataclasses.fields(kind)}
    for key in values:
        if key not in fields:
            raise ConfigError(
                f"there is no key {path + key!r}; did you mean {path + nearest_name(key, list(fields))!r}?"
            )
    for name, one in fields.items():
        if name not in values and one.default is one.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{path + name!r} is missing; add it")
    return kind(**{key: _convert(fields[key].type, value, path + key) for key, value in values.items()})


def _convert(kind: Any, value: Any, path: str) -> Any:
    """The value as a field of this type holds it."""
    if dataclasses.is_dataclass(kind):
        return _build(kind, value, path + ".")
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise ConfigError(f"{path} must be one of {', '.join(get_args(kind))}, got {value!r}")
        return value
    if get_origin(kind) is tuple:
        return _list(get_args(kind), value, path)
    return _scalar(kind, value, path)


def _list(kinds: tuple[Any, ...], values: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(values, list | tuple):
        raise ConfigError(f"{path} must be a list, got {values!r}")
    if Ellipsis not in kinds and len(values) != len(kinds):
        raise ConfigError(f"{path} takes {len(kinds)} values, got {len(values)}: {values}")
    return tuple(_convert(kinds[0], item, f"{path}.{i}") for i, item in enumerate(values))


def _scalar(kind: Any, value: Any, path: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        names = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
        raise ConfigError(f"{path} must be {names[kind]}, got {value!r}")
    return value
