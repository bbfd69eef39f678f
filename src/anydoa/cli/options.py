"""What several commands share: options, what their words mean, and the recording that they name."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.errors import AudioError, ConfigError, MissingExtraError
from anydoa.io.output import names_folder, note_input

if TYPE_CHECKING:
    from anydoa.geometry import MicrophoneArray, Zone

SOUND, ARRAY, ESTIMATOR, OUTPUT = "Sound", "Array", "Estimator", "Output"
"""Panels of the help text; what everybody needs stands before them, in the first."""

STANDARD_OUTPUT = Path("-")
"""What a person writes for standard output where a file could stand."""

ArrayOption = Annotated[
    str, typer.Option(metavar="NAME|FILE", help="Microphone array: see `anydoa array list`.")
]
DeviceOption = Annotated[
    str | None,
    typer.Option(metavar="N|NAME|auto", help="Sound card: see `anydoa devices`; auto takes the likeliest."),
]
IgnoreChannelsOption = Annotated[
    str,
    typer.Option(
        metavar="6,7",
        help="Channels of the recording, from 0, without a microphone; also 6-9.",
        rich_help_panel=ARRAY,
    ),
]
OnlyMicrophonesOption = Annotated[
    bool,
    typer.Option(
        "--only-microphones",
        help="The recording holds just the microphones in their order, whatever channels the array names.",
        rich_help_panel=ARRAY,
    ),
]
JoinOption = Annotated[
    bool,
    typer.Option(
        "--join",
        help="The files are one recording: one file a microphone, in their order.",
        rich_help_panel=SOUND,
    ),
]
UnitOption = Annotated[
    Literal["m", "cm", "mm"] | None,
    typer.Option(
        help="Unit of the lengths in an array file. Default: what the file says, else metres.",
        rich_help_panel=ARRAY,
    ),
]
ZonesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Names for ranges of directions, such as desk and door: results say who is where.",
        rich_help_panel=OUTPUT,
    ),
]
BeamformerOption = Annotated[
    Literal["mvdr", "delay-and-sum"],
    typer.Option(
        help="How a talker's sound is taken out of the microphones: mvdr weakens everybody else and noise, "
        "delay-and-sum only adds up.",
        rich_help_panel=OUTPUT,
    ),
]
ProfileOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Profile of a healthy start: if channels come shifted, put them in order.",
        rich_help_panel=SOUND,
    ),
]


def parse_array(
    name: str,
    ignore_channels: str = "",
    unit: Literal["m", "cm", "mm"] | None = None,
    *,
    only_microphones: bool = False,
) -> "MicrophoneArray":
    """The array that a command is told.

    Args:
        name: a bundled array, or a file.
        ignore_channels: channels without a microphone, such as ``6,7`` or ``6-9``; none if empty.
        unit: unit of the lengths in a file; if None, what the file says, else metres.
        only_microphones: whether the recording has no other channels, in the order of the positions.

    Raises:
        ArrayFileError: if there is no such array, or its file cannot be read.
        ConfigError: if the channels are not those of a recording, or one of them is a microphone's.
        GeometryError: if the array cannot be.
    """
    from anydoa.io import load_array, tells_channels

    array = load_array(name, unit=unit)
    if only_microphones:
        if ignore_channels:
            raise ConfigError("--only-microphones has no channels to ignore; leave out --ignore-channels")
        return array.replace(channels=None, ignore_channels=())
    if not ignore_channels:
        return array
    ignored = _parse_ignored(ignore_channels)
    if tells_channels(name):
        for number, channel in enumerate(array.channels):
            if channel in ignored:
                raise ConfigError(
                    f"channel {channel} is microphone {number} of {array.name!r}; to do without it, or to "
                    "give it another channel, change its [[microphone]] in an array file, which "
                    f"`anydoa array convert {name} -o OUT.toml` writes"
                )
        return array.replace(ignore_channels=ignored)
    # An array that does not say where its microphones are recorded has them on the channels that remain.
    count, left_out = array.num_microphones, set(ignored)
    remaining = [channel for channel in range(count + len(ignored)) if channel not in left_out]
    return array.replace(ignore_channels=ignored, channels=remaining[:count])


def _parse_ignored(text: str) -> tuple[int, ...]:
    """Channels that hold no microphone.

    Raises:
        ConfigError: if they are no channels of a recording.
    """
    from anydoa.geometry.channels import parse_channels
    from anydoa.io.samples import MAX_CHANNELS

    try:
        ignored = parse_channels(text)
    except ValueError:
        raise ConfigError(
            f"--ignore-channels takes numbers of channels, got {text!r:.60}; write them as in 6,7 or 6-9"
        ) from None
    if min(ignored) < 0:
        raise ConfigError(f"--ignore-channels counts from 0, got {min(ignored)}; the first channel is 0")
    if max(ignored) >= MAX_CHANNELS:
        raise ConfigError(
            f"--ignore-channels goes up to {MAX_CHANNELS - 1}, the last channel that a recording can have, "
            f"got {max(ignored)}; name those of yours"
        )
    return ignored


def parse_output_file(text: str) -> Path:
    """A file that a command shall write, or ``-``.

    Raises:
        BadParameter: if it ends in a slash as the name of a folder does, which the path would not show.
    """
    if names_folder(text):
        raise typer.BadParameter(f"{text} is a folder; name a file in it")
    return Path(text)


PICTURE = typer.Option(
    "--output",
    "-o",
    metavar="FILE",
    parser=parse_output_file,
    help="Picture to write: .png, .svg or .pdf.",
)
"""The option of commands that draw."""


def parse_recording(files: list[Path], *, join: bool) -> Path | list[Path]:
    """The one recording that a command takes; no result may be written over a file of it.

    Raises:
        ConfigError: if there are several files that are not to be joined.
    """
    if len(files) > 1 and not join:
        raise ConfigError("one recording at a time; are they one file a microphone? then add --join")
    for file in files:
        note_input(file, "recording")
    return files if join else files[0]


@contextmanager
def named_recording(recording: Path | list[Path]) -> Iterator[None]:
    """Says of which recording an error is, where it does not say so itself."""
    from anydoa.io.audio import recording_path

    try:
        yield
    except AudioError as error:
        path = str(recording_path(recording))
        raise error if str(error).startswith(path) else error.of(path) from None


def parse_zones(path: Path | None) -> "tuple[Zone, ...]":
    """The zones of a file; none without one.

    Raises:
        ConfigError: if the file is missing or wrong.
    """
    from anydoa.io import load_zones

    return () if path is None else load_zones(path)


def parse_sources(text: str) -> int | None:
    """How many sources there are; None where the sound shall decide.

    Raises:
        ConfigError: if the text is neither ``auto`` nor a number of sources that can be told.
    """
    from anydoa.localizer import parse_num_sources

    return parse_num_sources(text, "--sources")


def parse_device(text: str | None) -> int | str | None:
    """A sound card by its number or a part of its name; None for the likeliest."""
    if text in (None, "auto"):
        return None
    from anydoa.live import number_or_name

    return number_or_name(text)


def check_host(name: str, option: str) -> str:
    """The name of a machine as it was given, if the network could know it.

    Raises:
        ConfigError: if it is no possible name.
    """
    try:
        name.encode("idna")
    except UnicodeError:
        raise ConfigError(
            f"{option}: {name[:80]!r} is no possible name of a machine; give one such as 192.168.1.20"
        ) from None
    return name


def parse_address(text: str, option: str) -> tuple[str, int]:
    """Name and port of ``HOST:PORT``.

    Raises:
        ConfigError: if it is none.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ConfigError(f"{option} takes HOST:PORT, got {text!r:.80}; give one such as 192.168.1.20:5000")
    return check_host(host, option), int(port)


def require_extra(purpose: str, extra: str, packages: Iterable[str]) -> None:
    """Make sure that the packages of an extra are there before anything imports them.

    Args:
        purpose: what they are for, such as "training".
        extra: its name.
        packages: their names as they are imported.

    Raises:
        MissingExtraError: if one is not installed.
    """
    if any(find_spec(package) is None for package in packages):
        raise MissingExtraError(purpose, extra)
