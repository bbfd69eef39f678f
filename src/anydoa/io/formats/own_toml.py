"""Our own array file: TOML with everything a `MicrophoneArray` holds.

schema = 1                         # optional, the version of this format
name = "kitchen"                   # optional, the file's name by default
title = "Four microphones in the kitchen"
unit = "mm"                        # "m" (default), "cm" or "mm": of every length in the file
front = "the window"               # what lies at 0 degrees azimuth
source = "measured with a ruler"   # where the numbers come from
ignore_channels = [4, 5]           # channels that hold no microphone
mount_rpy_deg = [0, 0, 90]         # roll, pitch, yaw from the array's frame to the user's
speed_of_sound = 343.0             # m/s
rigid_sphere_radius = 42.0         # if the microphones sit on a rigid sphere around the origin
device_match = "ReSpeaker"         # text in the name of the sound card
steering = "head.sofa"             # what the microphones hear of each direction, measured; beside this file

[[microphone]]
position = [32.0, 0.0, 0.0]        # x front, y left, z up
channel = 0                        # counts from 0; for every microphone, or for none: then 0, 1, 2, ...
receiver = 0                       # which one of the SOFA file it is; for all or for none, the same
pattern = "cardioid"               # or another name, or its omnidirectional share 0..1; without, "omni"
axis = [1.0, 0.0, 0.0]             # where a pattern other than "omni" looks
"""

import logging
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anydoa.acoustics import delay_agreement
from anydoa.errors import ArrayFileError
from anydoa.geometry import MeasuredSteering, MicrophoneArray
from anydoa.io.files import read_text
from anydoa.io.formats.array_format import ArrayFormat, ReadOptions
from anydoa.io.formats.length_unit import (
    UNITS_PER_METRE,
    chosen_unit,
    in_metres,
    to_metres,
)
from anydoa.io.formats.own_microphones import (
    OwnMicrophones,
    check_keys,
    one_number,
    three_numbers,
    whole_numbers,
)

_logger = logging.getLogger(__name__)

_LEAST_AGREEMENT = 0.7  # of measured delays with positions; heads and balls reach 0.9 and more

_TEXT_KEYS = ("name", "title", "front", "source", "device_match")
_KEYS = (
    "schema", "unit", *_TEXT_KEYS, "ignore_channels", "mount_rpy_deg", "speed_of_sound",
    "rigid_sphere_radius", "steering", "microphone",
)  # fmt: skip


def read_own_toml(path: Path, options: ReadOptions) -> MicrophoneArray:
    """The array in one of our own files.

    Raises:
        ArrayFileError: if the file is not TOML, or a key is unknown, missing or of the wrong type.
        GeometryError: if the array it describes cannot be.
    """
    document = _document(path)
    try:
        return _array_from_document(document, path, options)
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None


def names_channels(path: Path) -> bool:
    """Whether one of our own files says which channel each microphone is."""
    return any("channel" in microphone for microphone in _document(path).get("microphone", ()))


def _document(path: Path) -> dict[str, Any]:
    content = read_text(path)
    try:
        return tomllib.loads(content)
    except ValueError as error:  # also an integer of thousands of digits
        raise ArrayFileError(f"{path}: not TOML: {error}; correct it") from None
    except RecursionError:
        raise ArrayFileError(
            f"{path}: brackets are nested too deeply for an array file; remove some"
        ) from None


def write_own_toml(array: MicrophoneArray, path: Path) -> None:
    """Write an array so that :func:`read_own_toml` gives back the same one, to the last bit."""
    lines = ["schema = 1", 'unit = "m"']
    for key in _TEXT_KEYS:
        if text := getattr(array, key):
            lines.append(f"{key} = {_quoted(text)}")
    if array.ignore_channels:
        lines.append(f"ignore_channels = {list(array.ignore_channels)}")
    if any(array.mount_rpy_deg):
        lines.append(f"mount_rpy_deg = {list(array.mount_rpy_deg)}")
    lines.append(f"speed_of_sound = {array.speed_of_sound!r}")
    if array.rigid_sphere_radius is not None:
        lines.append(f"rigid_sphere_radius = {array.rigid_sphere_radius!r}")
    if array.steering is not None:
        lines.append(f"steering = {_quoted(_steering_name(array.steering, path))}")
    for number, position in enumerate(array.body_positions.tolist()):
        lines += ["", "[[microphone]]", f"position = {position}", f"channel = {array.channels[number]}"]
        if array.steering is not None:
            lines.append(f"receiver = {array.steering.receivers[number]}")
        if array.patterns:
            pattern = array.patterns[number]
            said = f'"{pattern.title}"' if pattern.has_name else repr(pattern.omni_share)
            lines += [f"pattern = {said}", f"axis = {list(pattern.axis)}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    """A TOML basic string; what UTF-8 cannot carry becomes a question mark."""
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text) + '"'


def _steering_name(steering: MeasuredSteering, path: Path) -> str:
    """How a file names the SOFA file of measured steering: as seen from its own folder."""
    if steering.path is None:
        raise ArrayFileError(
            f"{path}: measured steering from memory has no file to name; write it as SOFA and load that"
        )
    source = steering.path.absolute()
    try:
        return Path(os.path.relpath(source, path.absolute().parent)).as_posix()
    except ValueError:  # another drive
        return source.as_posix()


def _array_from_document(document: Mapping[str, Any], path: Path, options: ReadOptions) -> MicrophoneArray:
    check_keys(document, _KEYS, "")
    if document.get("schema", 1) != 1:
        raise ArrayFileError(
            f"schema must be 1, got {document['schema']!r}; a newer anydoa may read this file"
        )
    told, said = options.unit, document.get("unit")
    if "unit" in document and (not isinstance(said, str) or said not in UNITS_PER_METRE):
        raise ArrayFileError(
            f"unit must be one of {', '.join(map(repr, UNITS_PER_METRE))}, got {said!r}; take one of them"
        )
    fields = _fields(document)
    if "rigid_sphere_radius" in document:
        radius = one_number(document["rigid_sphere_radius"], "rigid_sphere_radius")
        fields["rigid_sphere_radius"] = in_metres(radius, chosen_unit(told=told, said=said))
    own = OwnMicrophones.of(document, path.parent, options)
    steering = own.steering
    array = MicrophoneArray(
        to_metres(own.places, path, told=told, said=said) if steering is None or own.tables else own.places,
        channels=own.for_all_or_none("channel"),
        patterns=own.patterns,
        steering=steering,
        **{"name": path.stem, **fields},
    )
    if steering is not None and (agreement := delay_agreement(array)) < _LEAST_AGREEMENT:
        _logger.warning(
            "%s: measured delays are not those of the microphones' positions (correlation %.2f); check the "
            "order of the receivers, the frame, and which way the SOFA file counts angles",
            path,
            agreement,
        )
    return array


def _fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the document says of the whole array, but for lengths and files."""
    fields: dict[str, Any] = {key: document[key] for key in _TEXT_KEYS if key in document}
    for key, value in fields.items():
        if not isinstance(value, str):
            raise ArrayFileError(f"{key} must be text, got {value!r}; put it in quotes")
    if "ignore_channels" in document:
        fields["ignore_channels"] = whole_numbers(document["ignore_channels"], "ignore_channels")
    if "mount_rpy_deg" in document:
        fields["mount_rpy_deg"] = three_numbers(document["mount_rpy_deg"], "mount_rpy_deg")
    if "speed_of_sound" in document:
        fields["speed_of_sound"] = one_number(document["speed_of_sound"], "speed_of_sound")
    return fields


OWN_TOML = ArrayFormat(
    ".toml",
    read_own_toml,
    write_own_toml,
    keeps=("ignore_channels", "speed_of_sound", "rigid_sphere_radius", "patterns", "steering"),
    tells_channels=names_channels,
)
