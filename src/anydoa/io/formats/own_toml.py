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

[[microphone]]
position = [32.0, 0.0, 0.0]        # x front, y left, z up
channel = 0                        # counts from 0; for every microphone, or for none: then 0, 1, 2, ...
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anydoa.errors import ArrayFileError
from anydoa.geometry import MicrophoneArray
from anydoa.io.files import read_text
from anydoa.io.formats.array_format import ArrayFormat, ReadOptions
from anydoa.io.formats.length_unit import (
    UNITS_PER_METRE,
    LengthUnit,
    chosen_unit,
    in_metres,
    to_metres,
)
from anydoa.io.names import nearest_name

_TEXT_KEYS = ("name", "title", "front", "source", "device_match")
_KEYS = (
    "schema", "unit", *_TEXT_KEYS, "ignore_channels", "mount_rpy_deg", "speed_of_sound",
    "rigid_sphere_radius", "microphone",
)  # fmt: skip
_MICROPHONE_KEYS = ("position", "channel")


def read_own_toml(path: Path, options: ReadOptions) -> MicrophoneArray:
    """The array in one of our own files.

    Raises:
        ArrayFileError: if the file is not TOML, or a key is unknown, missing or of the wrong type.
        GeometryError: if the array it describes cannot be.
    """
    content = read_text(path)
    try:
        document = tomllib.loads(content)
    except ValueError as error:  # also an integer of thousands of digits
        raise ArrayFileError(f"{path}: not TOML: {error}") from None
    except RecursionError:
        raise ArrayFileError(f"{path}: brackets are nested too deeply for an array file") from None
    try:
        return _array_from_document(document, path, options.unit)
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None


def write_own_toml(array: MicrophoneArray, path: Path) -> None:
    """Write an array so that :func:`read_own_toml` gives back the same one, to the last bit."""
    lines = ["schema = 1", 'unit = "m"']
    for key in _TEXT_KEYS:
        if text := getattr(array, key):
            # A TOML basic string; what UTF-8 cannot carry becomes a question mark.
            text = text.encode("utf-8", "replace").decode("utf-8").replace("\\", "\\\\").replace('"', '\\"')
            quoted = "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
            lines.append(f'{key} = "{quoted}"')
    if array.ignore_channels:
        lines.append(f"ignore_channels = {list(array.ignore_channels)}")
    if any(array.mount_rpy_deg):
        lines.append(f"mount_rpy_deg = {list(array.mount_rpy_deg)}")
    lines.append(f"speed_of_sound = {array.speed_of_sound!r}")
    if array.rigid_sphere_radius is not None:
        lines.append(f"rigid_sphere_radius = {array.rigid_sphere_radius!r}")
    for position, channel in zip(array.body_positions.tolist(), array.channels, strict=True):
        lines += ["", "[[microphone]]", f"position = {position}", f"channel = {channel}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _array_from_document(document: Mapping[str, Any], path: Path, told: LengthUnit | None) -> MicrophoneArray:
    _check_keys(document, _KEYS, "")
    if document.get("schema", 1) != 1:
        raise ArrayFileError(
            f"schema must be 1, got {document['schema']!r}; a newer anydoa may read this file"
        )
    said = document.get("unit")
    if "unit" in document and (not isinstance(said, str) or said not in UNITS_PER_METRE):
        raise ArrayFileError(f"unit must be one of {', '.join(map(repr, UNITS_PER_METRE))}, got {said!r}")
    positions, channels = _microphones(document)
    fields: dict[str, Any] = {key: document[key] for key in _TEXT_KEYS if key in document}
    for key, value in fields.items():
        if not isinstance(value, str):
            raise ArrayFileError(f"{key} must be text in quotes, got {value!r}")
    if "ignore_channels" in document:
        fields["ignore_channels"] = _channels(document["ignore_channels"], "ignore_channels")
    if "mount_rpy_deg" in document:
        fields["mount_rpy_deg"] = _three_numbers(document["mount_rpy_deg"], "mount_rpy_deg")
    if "speed_of_sound" in document:
        fields["speed_of_sound"] = _number(document["speed_of_sound"], "speed_of_sound")
    if "rigid_sphere_radius" in document:
        radius = _number(document["rigid_sphere_radius"], "rigid_sphere_radius")
        fields["rigid_sphere_radius"] = in_metres(radius, chosen_unit(told=told, said=said))
    return MicrophoneArray(
        to_metres(positions, path, told=told, said=said),
        **{"name": path.stem, "channels": channels, **fields},
    )


def _microphones(
    document: Mapping[str, Any],
) -> tuple[list[tuple[float, float, float]], tuple[int, ...] | None]:
    """Position of each microphone, and its channel, None if no microphone has one."""
    microphones = document.get("microphone")
    if not isinstance(microphones, list) or not all(isinstance(m, dict) for m in microphones):
        raise ArrayFileError("no microphones; give each a [[microphone]] table with position = [x, y, z]")
    for number, microphone in enumerate(microphones):
        _check_keys(microphone, _MICROPHONE_KEYS, f"microphone {number}: ")
        if "position" not in microphone:
            raise ArrayFileError(f"microphone {number} has no position; add position = [x, y, z]")
    positions = [
        _three_numbers(microphone["position"], f"position of microphone {number}")
        for number, microphone in enumerate(microphones)
    ]
    without = [number for number, microphone in enumerate(microphones) if "channel" not in microphone]
    if len(without) == len(microphones):
        return positions, None
    if without:
        raise ArrayFileError(
            f"microphone {without[0]} has no channel but others do; give one to all or to none"
        )
    return positions, _channels([microphone["channel"] for microphone in microphones], "channel")


def _check_keys(table: Mapping[str, Any], valid: Sequence[str], where: str) -> None:
    for key in table:
        if key not in valid:
            raise ArrayFileError(f"{where}unknown key {key!r}; did you mean {nearest_name(key, valid)!r}?")


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArrayFileError(f"{key} must be a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ArrayFileError(f"{key} is too large a number") from None


def _three_numbers(value: object, key: str) -> tuple[float, float, float]:
    if not isinstance(value, list) or len(value) != 3:
        raise ArrayFileError(f"{key} must be three numbers like [0.0, 0.0, 0.0], got {value!r}")
    x, y, z = (_number(item, key) for item in value)
    return x, y, z


def _channels(value: object, key: str) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(isinstance(c, int) and not isinstance(c, bool) for c in value):
        raise ArrayFileError(f"{key} must be whole numbers, got {value!r}")
    return tuple(value)


OWN_TOML = ArrayFormat(
    ".toml",
    read_own_toml,
    write_own_toml,
    keeps=("ignore_channels", "speed_of_sound", "rigid_sphere_radius"),
)
