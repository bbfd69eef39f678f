"""Microphone arrays by name or file: bundled presets, our own format and those of other programs."""

import importlib.resources
import logging
import os
from collections.abc import Callable
from pathlib import Path

from anydoa.constants import SPEED_OF_SOUND
from anydoa.errors import ArrayFileError, ConfigError, GeometryError
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.formats.acoular import write_acoular
from anydoa.io.formats.array_xml import read_array_xml
from anydoa.io.formats.content import check_is_file
from anydoa.io.formats.coordinate_csv import read_array_csv, write_array_csv
from anydoa.io.formats.coordinate_npy import read_array_npy, write_array_npy
from anydoa.io.formats.length_unit import LengthUnit, check_unit
from anydoa.io.formats.odas import read_odas
from anydoa.io.formats.own_toml import read_own_toml, write_own_toml
from anydoa.io.formats.sofa import read_sofa
from anydoa.io.formats.three_by_three import ThreeByThree
from anydoa.io.nearest_name import nearest_names
from anydoa.output_file import note_input, whole_file

_logger = logging.getLogger(__name__)

_READERS: dict[str, Callable[[Path, LengthUnit | None], MicrophoneArray]] = {
    ".toml": read_own_toml,
    ".cfg": read_odas,
    ".xml": read_array_xml,
    ".sofa": read_sofa,
    ".csv": read_array_csv,
    ".npy": read_array_npy,
}
_TABLE_READERS = {".csv": read_array_csv, ".npy": read_array_npy}
_WRITERS: dict[str, Callable[[MicrophoneArray, Path], None]] = {
    ".toml": write_own_toml,
    ".csv": write_array_csv,
    ".npy": write_array_npy,
    ".xml": write_acoular,
}


def load_array(
    name_or_path: str | os.PathLike[str],
    *,
    unit: LengthUnit | None = None,
    three_by_three: ThreeByThree = "refuse",
) -> MicrophoneArray:
    """A bundled array by name, or one from a file by its suffix.

    Args:
        name_or_path: a name of :func:`list_presets`, or a file: ``.toml`` (own), ``.cfg`` (ODAS), ``.xml``
            (acoular, HARK), ``.sofa``, ``.csv`` or ``.npy``.
        unit: of the lengths in a file: ``m``, ``cm`` or ``mm``; if None, what the file says, else metres.
        three_by_three: how to read a table of three rows (``.npy``, or ``.csv`` without a header), which
            could be turned over.

    Raises:
        ArrayFileError: if there is no such preset or file, or the file cannot be read as its suffix says.
        ConfigError: if the unit is another.
        GeometryError: if the array it describes cannot be.
        MissingExtraError: for ``.sofa`` without the ``arrays`` extra.

    Example:
        >>> from anydoa.io.array_file import load_array
        >>> load_array("linear-4").num_microphones
        4
    """
    name = os.fspath(name_or_path)
    check_unit(unit)
    if name in list_presets():
        return read_own_toml(preset_path(name))
    path = Path(name)
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise _unknown(name, path)
    check_is_file(path)
    note_input(path, "array file")
    try:
        if suffix in _TABLE_READERS:
            return _TABLE_READERS[suffix](path, unit, three_by_three)
        return _READERS[suffix](path, unit)
    except GeometryError as error:
        raise GeometryError(f"{path}: {error}") from None


def save_array(array: MicrophoneArray, path: str | os.PathLike[str]) -> None:
    """Write an array as the suffix says: ``.toml`` (own, complete), ``.csv``, ``.npy`` or ``.xml`` (acoular).

    The last three know no mounting: they get the positions in the user's frame. NPY and XML know no channels
    either: rows come in the order of the channels. A loss that changes estimates is logged as a warning.

    Raises:
        ArrayFileError: if the suffix is another or the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise ArrayFileError(
            f"{path}: arrays are written as {', '.join(_WRITERS)}, not {suffix!r}; change the suffix"
        )
    try:
        with whole_file(path) as partial:
            _WRITERS[suffix](array, partial)
    except ConfigError as error:
        raise ArrayFileError(str(error)) from None
    lost = _lost(array, suffix)
    if lost:
        _logger.warning("%s: %s files do not keep %s; .toml does", path, suffix, " and ".join(lost))


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


def _lost(array: MicrophoneArray, suffix: str) -> list[str]:
    if suffix == ".toml":
        return []
    kept = {
        "ignore_channels": suffix == ".csv" or not array.ignore_channels,
        "speed_of_sound": array.speed_of_sound == SPEED_OF_SOUND,
        "rigid_sphere_radius": array.rigid_sphere_radius is None,
    }
    return [field for field, is_kept in kept.items() if not is_kept]


def _preset_folder() -> Path:
    return Path(str(importlib.resources.files("anydoa.io") / "presets"))


def _unknown(name: str, path: Path) -> ArrayFileError:
    looks_like_file = path.suffix or path.parent.name or os.sep in name
    if looks_like_file:
        return ArrayFileError(
            f"{name}: an array file ends in {', '.join(_READERS)}; see also `anydoa array list`"
        )
    titles = {preset: read_own_toml(preset_path(preset)).title for preset in list_presets()}
    names = nearest_names(name, list_presets(), titles=titles)
    return ArrayFileError(
        f"no array is called {name!r}; the nearest are {', '.join(names)}; see `anydoa array list`"
    )
