"""Microphone arrays by name or file: bundled presets, our own format and those of other programs."""

import importlib.resources
import logging
import os
from pathlib import Path

from anydoa.constants import SPEED_OF_SOUND
from anydoa.errors import ArrayFileError, ConfigError, GeometryError
from anydoa.geometry import MicrophoneArray
from anydoa.io.files import check_is_file
from anydoa.io.formats.array_format import (
    ArrayFormat,
    ReadOptions,
    ThreeByThree,
    needless_three_by_three,
)
from anydoa.io.formats.array_xml import ARRAY_XML
from anydoa.io.formats.coordinate_csv import COORDINATE_CSV
from anydoa.io.formats.coordinate_npy import COORDINATE_NPY
from anydoa.io.formats.length_unit import LengthUnit, check_unit
from anydoa.io.formats.odas import ODAS
from anydoa.io.formats.own_toml import OWN_TOML
from anydoa.io.formats.sofa import SOFA
from anydoa.io.names import nearest_names
from anydoa.io.output import note_input, whole_file

_logger = logging.getLogger(__name__)

FORMATS: dict[str, ArrayFormat] = {
    format.suffix: format for format in (OWN_TOML, ODAS, ARRAY_XML, SOFA, COORDINATE_CSV, COORDINATE_NPY)
}
"""Formats of array files by the suffix that chooses them."""

ARRAY_SUFFIXES = tuple(FORMATS)
"""Suffixes of the array files that can be read."""


def load_array(
    name_or_path: str | os.PathLike[str],
    *,
    unit: LengthUnit | None = None,
    three_by_three: ThreeByThree = "refuse",
    other_files: bool = True,
) -> MicrophoneArray:
    """A bundled array by name, or one from a file by its suffix.

    Args:
        name_or_path: a name of :func:`list_presets`, or a file: ``.toml`` (own), ``.cfg`` (ODAS), ``.xml``
            (acoular, HARK), ``.sofa``, ``.csv`` or ``.npy``.
        unit: unit of the lengths in a file, ``m``, ``cm`` or ``mm``; if None, what it says, else metres.
        three_by_three: how to read a table of three rows (``.npy``, or ``.csv`` without a header), which
            could be turned over.
        other_files: whether the file may name others, such as a SOFA file, which are then read, too; False
            for files from people who may not read everything here.

    Raises:
        ArrayFileError: if there is no such preset or file, or the file cannot be read as its suffix says.
        ConfigError: if the unit is another, a unit or three_by_three is told for a bundled array, or
            three_by_three for a file that needs no such word.
        GeometryError: if the array it describes cannot be.
        MissingExtraError: for ``.sofa`` without the ``arrays`` extra.

    Example:
        >>> from anydoa.io import load_array
        >>> load_array("linear-4").num_microphones
        4
    """
    name = os.fspath(name_or_path)
    check_unit(unit)
    if name in list_presets():
        table = None if three_by_three == "refuse" else three_by_three
        for option, told in (("unit", unit), ("three_by_three", table)):
            if told is not None:
                raise ConfigError(
                    f"{option} is for array files, got {told!r} for bundled array {name!r}; leave it out"
                )
        return OWN_TOML.read(preset_path(name), ReadOptions())
    path, format = Path(name), _format_of(name)
    check_is_file(path)
    note_input(path, "array file")
    if three_by_three != "refuse" and not format.is_table:
        raise ConfigError(needless_three_by_three(path, three_by_three))
    try:
        return format.read(path, ReadOptions(unit, three_by_three, other_files))
    except GeometryError as error:
        raise GeometryError(f"{path}: {error}") from None


def tells_channels(name_or_path: str | os.PathLike[str]) -> bool:
    """Whether a bundled array or an array file says which channel of a recording each microphone is.

    Where it does not, microphones are on the channels in their order.

    Args:
        name_or_path: the same as for :func:`load_array`, and already read by it.

    Raises:
        ArrayFileError: as :func:`load_array`.
    """
    name = os.fspath(name_or_path)
    path = preset_path(name) if name in list_presets() else Path(name)
    return _format_of(str(path)).tells_channels(path)


def save_array(array: MicrophoneArray, path: str | os.PathLike[str]) -> None:
    """Write an array as the suffix says: ``.toml`` (own, complete), ``.csv``, ``.npy`` or ``.xml`` (acoular).

    The last three know no mounting: they get the positions in the user's frame. NPY and XML know no channels
    either: rows come in the order of the channels. A loss that changes estimates is logged as a warning.

    Raises:
        ArrayFileError: if the suffix is another or the file cannot be written.
    """
    path = Path(path)
    check_array_path(path)
    suffix = path.suffix.lower()
    format = FORMATS[suffix]
    assert format.write is not None
    try:
        with whole_file(path) as partial:
            format.write(array, partial)
    except ConfigError as error:
        raise ArrayFileError(str(error)) from None
    default = {
        "ignore_channels": (), "speed_of_sound": SPEED_OF_SOUND, "rigid_sphere_radius": None, "patterns": (),
        "steering": None,
    }  # fmt: skip
    lost = [
        field
        for field, value in default.items()
        if field not in format.keeps and getattr(array, field) != value
    ]
    if lost:
        _logger.warning("%s: %s files do not keep %s; .toml does", path, suffix, " and ".join(lost))


def check_array_path(path: Path) -> None:
    """Refuse a file that no array is written to, by its suffix.

    Raises:
        ArrayFileError: if it is one.
    """
    writing = [suffix for suffix, format in FORMATS.items() if format.write is not None]
    if path.suffix.lower() not in writing:
        raise ArrayFileError(
            f"{path}: arrays are written as {', '.join(writing)}, not {path.suffix!r}; change the suffix"
        )


def is_array_file(name: str) -> bool:
    """Whether a name is meant as that of a file, not of a bundled array."""
    return bool(Path(name).suffix) or os.sep in name


def list_presets() -> tuple[str, ...]:
    """Names of the bundled arrays, sorted."""
    return tuple(sorted(path.stem for path in _preset_folder().glob("*.toml")))


def preset_path(name: str) -> Path:
    """The file of a bundled array.

    Raises:
        ArrayFileError: if there is none of that name.
    """
    if name not in list_presets():
        raise _unknown(name, Path(name))
    return _preset_folder() / f"{name}.toml"


def _preset_folder() -> Path:
    return Path(str(importlib.resources.files("anydoa.io") / "presets"))


def _format_of(name: str) -> ArrayFormat:
    format = FORMATS.get(Path(name).suffix.lower())
    if format is None:
        raise _unknown(name, Path(name))
    return format


def _unknown(name: str, path: Path) -> ArrayFileError:
    if is_array_file(name) or path.parent.name:
        return ArrayFileError(
            f"{name}: an array file ends in {', '.join(FORMATS)}; see also `anydoa array list`"
        )
    titles = {preset: load_array(preset).title for preset in list_presets()}
    names = nearest_names(name, list_presets(), titles=titles)
    return ArrayFileError(
        f"no array is called {name!r}; the nearest are {', '.join(names)}; see `anydoa array list`"
    )
