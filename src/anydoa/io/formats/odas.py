"""Arrays out of ODAS configuration files (`.cfg`).

Read: ``general.mics[].mu`` (metres), ``mapping.map`` (channels, counted from 1), ``raw.nChannels`` (those
beyond the map are ignored) and ``general.speedofsound.mu``. The frame is the user's and stays as it is.
"""

from pathlib import Path
from typing import Any

from anydoa.constants import SPEED_OF_SOUND
from anydoa.errors import ArrayFileError
from anydoa.geometry import MicrophoneArray
from anydoa.io.files import read_text
from anydoa.io.formats.array_format import ArrayFormat, ReadOptions
from anydoa.io.formats.length_unit import to_metres
from anydoa.io.formats.libconfig import parse_libconfig
from anydoa.io.samples import MAX_CHANNELS


def read_odas(path: Path, options: ReadOptions) -> MicrophoneArray:
    """The array of an ODAS configuration.

    Raises:
        ArrayFileError: if the file is not libconfig or holds no microphones.
        GeometryError: if the array it describes cannot be.
    """
    content = read_text(path)
    try:
        settings = parse_libconfig(content)
        positions = _positions(settings)
        channels, ignored = _channels(settings, len(positions))
        speed = _lookup(settings, "general.speedofsound.mu")
        if speed is not None and not _is_number(speed):
            raise ArrayFileError(f"general.speedofsound.mu must be a number, got {speed!r}; air has 343.0")
    except ArrayFileError as error:
        raise ArrayFileError(f"{path}: {error}") from None
    return MicrophoneArray(
        to_metres(positions, path, told=options.unit),
        path.stem,
        channels=channels,
        ignore_channels=ignored,
        speed_of_sound=SPEED_OF_SOUND if speed is None else float(speed),
        source=f"ODAS configuration {path.name}",
    )


def names_channels(path: Path) -> bool:
    """Whether an ODAS configuration says which channel each microphone is."""
    return _lookup(parse_libconfig(read_text(path)), "mapping.map") is not None


def _lookup(settings: dict[str, Any], keys: str) -> Any:
    value: Any = settings
    for key in keys.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _positions(settings: dict[str, Any]) -> list[list[float]]:
    microphones = _lookup(settings, "general.mics")
    if not isinstance(microphones, list) or not microphones:
        raise ArrayFileError("no general.mics; is this an ODAS configuration?")
    positions = []
    for number, microphone in enumerate(microphones):
        mu = microphone.get("mu") if isinstance(microphone, dict) else None
        if not isinstance(mu, list) or len(mu) != 3 or not all(map(_is_number, mu)):
            raise ArrayFileError(
                f"general.mics: entry {number} needs mu = (x, y, z) in metres, got {mu!r}; write 3 numbers"
            )
        positions.append([float(coordinate) for coordinate in mu])
    return positions


def _channels(settings: dict[str, Any], num_microphones: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Channels of the microphones, counted from 0, and channels without one."""
    numbers = _lookup(settings, "mapping.map")
    if numbers is None:
        numbers = list(range(1, num_microphones + 1))
    if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
        raise ArrayFileError(
            f"mapping.map must be a list of channel numbers from 1, got {numbers!r}; write it as in (1, 2, 3)"
        )
    channels = tuple(int(number) - 1 for number in numbers)
    if len(channels) != num_microphones:
        raise ArrayFileError(
            f"mapping.map has {len(channels)} channels for {num_microphones} general.mics; give one for each"
        )
    if not all(0 <= channel < MAX_CHANNELS for channel in channels):
        raise ArrayFileError(
            f"mapping.map counts from 1 to at most {MAX_CHANNELS}, got {numbers!r}; the first channel is 1"
        )
    total = _lookup(settings, "raw.nChannels")
    if total is None:
        total = max(channels) + 1
    if type(total) is not int or not max(channels) < total <= MAX_CHANNELS:
        raise ArrayFileError(
            f"raw.nChannels must be a whole number from {max(channels) + 1}, the highest in mapping.map, "
            f"to {MAX_CHANNELS}, got {total!r}; count the channels of the recording"
        )
    return channels, tuple(sorted(set(range(total)) - set(channels)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


ODAS = ArrayFormat(".cfg", read_odas, tells_channels=names_channels)
