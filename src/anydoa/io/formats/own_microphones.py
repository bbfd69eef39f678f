"""The microphones of our own array file: places, channels and patterns, or the receivers of a SOFA file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anydoa.errors import ArrayFileError, GeometryError
from anydoa.geometry import PATTERN_SHARES, MeasuredSteering, MicrophonePattern
from anydoa.io.formats.array_format import ReadOptions
from anydoa.io.formats.sofa import read_sofa
from anydoa.io.names import nearest_name
from anydoa.io.steering_file import load_steering

_KEYS = ("position", "channel", "receiver", "pattern", "axis")


@dataclass(frozen=True)
class OwnMicrophones:
    """What an array file says of its microphones.

    Args:
        tables: table of each; none where the receivers of a SOFA file are meant.
        places: position of each as it stands there; metres where there are no tables.
        steering: measured steering of these microphones, if the file names some.
    """

    tables: tuple[Mapping[str, Any], ...]
    places: list[list[float]]
    steering: MeasuredSteering | None

    @classmethod
    def of(cls, document: Mapping[str, Any], folder: Path, options: ReadOptions) -> "OwnMicrophones":
        """Those of an array file.

        Args:
            document: content of the file.
            folder: folder of the file, from which the name of a SOFA file counts.
            options: whether it may name one, and the unit that a person says it has.

        Raises:
            ArrayFileError: if there are none, or something of one is missing or wrong.
        """
        tables = _tables(document)
        if "steering" not in document:
            return cls(tables, _places(tables), None)
        if not options.other_files:
            raise ArrayFileError(
                "it names a SOFA file (steering), which is read only for arrays of this machine; give the "
                "array to the command, as in `anydoa serve --array FILE`"
            )
        name = document["steering"]
        if not isinstance(name, str) or not name.lower().endswith(".sofa"):
            raise ArrayFileError(
                f'steering must be the name of a SOFA file, got {name!r}; name one, as in "head.sofa"'
            )
        steering = load_steering(folder / name)
        if not tables:
            return cls(tables, _receiver_places(folder / name, document, steering, options), steering)
        return cls(tables, _places(tables), _selected(steering, _for_all_or_none(tables, "receiver")))

    @property
    def patterns(self) -> list[MicrophonePattern]:
        """Pattern of each; none where the receivers of a SOFA file are meant."""
        return [_pattern(table, f"microphone {number}: ") for number, table in enumerate(self.tables)]

    def for_all_or_none(self, key: str) -> tuple[int, ...] | None:
        """A whole number of each microphone, None if no microphone has one."""
        return _for_all_or_none(self.tables, key)


def _receiver_places(
    path: Path, document: Mapping[str, Any], steering: MeasuredSteering, options: ReadOptions
) -> list[list[float]]:
    """Metres: where the receivers of a SOFA file are, which are the microphones."""
    if "unit" in document:
        raise ArrayFileError(
            "unit is for positions of [[microphone]] tables, and a SOFA file says its own; leave it out"
        )
    places: list[list[float]] = read_sofa(path, options).body_positions.tolist()
    if len(places) != steering.num_microphones:  # FreeFieldDirectivityTF has its directions there
        raise ArrayFileError(
            f"the SOFA file has responses of {steering.num_microphones} microphones but {len(places)} "
            "receivers; give each microphone a [[microphone]] table with its position"
        )
    return places


def _tables(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The tables of all microphones; there may be none where a SOFA file has receivers."""
    has_steering = "steering" in document
    tables = document.get("microphone", [] if has_steering else None)
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ArrayFileError("no microphones; give each a [[microphone]] table with position = [x, y, z]")
    for number, table in enumerate(tables):
        check_keys(table, _KEYS, f"microphone {number}: ")
        if "position" not in table:
            raise ArrayFileError(f"microphone {number} has no position; add position = [x, y, z]")
        if "receiver" in table and not has_steering:
            raise ArrayFileError(f'microphone {number} is a receiver of no file; add steering = "head.sofa"')
    return tuple(tables)


def _places(tables: Sequence[Mapping[str, Any]]) -> list[list[float]]:
    return [
        list(three_numbers(table["position"], f"position of microphone {number}"))
        for number, table in enumerate(tables)
    ]


def _selected(steering: MeasuredSteering, receivers: Sequence[int] | None) -> MeasuredSteering:
    """Measured steering of some of the receivers, or of all."""
    if receivers is None:
        return steering
    count = steering.num_microphones
    for receiver in receivers:
        if not 0 <= receiver < count:
            raise ArrayFileError(
                f"receiver must be 0..{count - 1}, for so many were measured, got {receiver}; count from 0"
            )
    twice = [receiver for receiver, uses in Counter(receivers).items() if uses > 1]
    if twice:
        raise ArrayFileError(f"receiver {twice[0]} is used twice; each is one microphone")
    return steering.select(receivers)


def _pattern(table: Mapping[str, Any], where: str) -> MicrophonePattern:
    """How loud a microphone hears each direction: by name, or by its omnidirectional share."""
    said = table.get("pattern", "omni")
    if isinstance(said, str) and said not in PATTERN_SHARES:
        nearest = nearest_name(said, tuple(PATTERN_SHARES))
        raise ArrayFileError(f"{where}no pattern is called {said!r}; did you mean {nearest!r}?")
    share = PATTERN_SHARES[said] if isinstance(said, str) else one_number(said, f"{where}pattern")
    if share != 1 and "axis" not in table:
        raise ArrayFileError(f"{where}pattern {said!r} looks somewhere; add axis = [x, y, z]")
    axis = three_numbers(table.get("axis", [1.0, 0.0, 0.0]), f"{where}axis")
    try:
        return MicrophonePattern(share, axis)
    except GeometryError as error:
        raise ArrayFileError(f"{where}{error}") from None


def _for_all_or_none(tables: Sequence[Mapping[str, Any]], key: str) -> tuple[int, ...] | None:
    """A whole number of each microphone, None if no microphone has one."""
    without = [number for number, table in enumerate(tables) if key not in table]
    if len(without) == len(tables):
        return None
    if without:
        raise ArrayFileError(
            f"microphone {without[0]} has no {key} but others do; give one to all or to none"
        )
    return whole_numbers([table[key] for table in tables], key)


def check_keys(table: Mapping[str, Any], valid: Sequence[str], where: str) -> None:
    """Refuse keys that nobody knows, with the nearest that there is.

    Raises:
        ArrayFileError: if there is one.
    """
    for key in table:
        if key not in valid:
            raise ArrayFileError(f"{where}unknown key {key!r}; did you mean {nearest_name(key, valid)!r}?")


def one_number(value: object, key: str) -> float:
    """The value of a key as a number.

    Raises:
        ArrayFileError: if it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArrayFileError(f"{key} must be a number, got {value!r}; write digits without quotes, as in 0.5")
    try:
        return float(value)
    except OverflowError:
        raise ArrayFileError(f"{key} is too large a number; write a smaller one") from None


def three_numbers(value: object, key: str) -> tuple[float, float, float]:
    """The value of a key as three numbers.

    Raises:
        ArrayFileError: if it is none.
    """
    if not isinstance(value, list) or len(value) != 3:
        raise ArrayFileError(f"{key} must be three numbers, got {value!r}; write them as in [0.0, 0.0, 0.0]")
    x, y, z = (one_number(item, key) for item in value)
    return x, y, z


def whole_numbers(value: object, key: str) -> tuple[int, ...]:
    """The value of a key as whole numbers.

    Raises:
        ArrayFileError: if it is none.
    """
    if not isinstance(value, list) or not all(isinstance(c, int) and not isinstance(c, bool) for c in value):
        cure = "count from 0" if isinstance(value, list) else "write a list such as [4, 5]"
        raise ArrayFileError(f"{key} must be whole numbers, got {value!r}; {cure}")
    return tuple(value)
