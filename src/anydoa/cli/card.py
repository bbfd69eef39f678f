"""`anydoa card`: what a healthy start of a sound card looks like, and whether another one came shifted."""

import json
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.options import (
    SOUND,
    ArrayOption,
    DeviceOption,
    IgnoreChannelsOption,
    JoinOption,
    OnlyMicrophonesOption,
    UnitOption,
    named_recording,
    parse_array,
    parse_device,
    parse_output_file,
    parse_recording,
)
from anydoa.cli.printing import tell
from anydoa.errors import AudioError, ConfigError
from anydoa.io.output import check_outputs

if TYPE_CHECKING:
    import numpy as np

    from anydoa.calibration import ChannelProfile
    from anydoa.geometry import MicrophoneArray
    from anydoa.live import AudioFeed

app = typer.Typer(help="Sound cards that start with shifted channels: save, check.", no_args_is_help=True)

_NOT_IN_ORDER = 3

_Recordings = Annotated[
    list[Path] | None, typer.Argument(metavar="[RECORDING]", help="Start of the card, all of its channels.")
]
_SampleRate = Annotated[
    int | None, typer.Option(help="Sample rate of the card in Hz. Default: its best.", rich_help_panel=SOUND)
]


@app.command("save")
def save_command(
    array: ArrayOption,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", parser=parse_output_file, help="Profile to write, JSON."
        ),
    ],
    recordings: _Recordings = None,
    device: DeviceOption = None,
    sample_rate: _SampleRate = None,
    join: JoinOption = False,
    ignore_channels: IgnoreChannelsOption = "",
    only_microphones: OnlyMicrophonesOption = False,
    unit: UnitOption = None,
) -> None:
    """Keep what the channels of a healthy start look like: from a recording, or from the sound card now.

    Do it once, on a start whose directions are right, while somebody talks near the array and nothing is
    played. Starts to come are compared with it by `card check`, `live --profile` and `serve --profile`.
    """
    sound = _Sound.of(recordings, device, sample_rate, join=join)
    listened = parse_array(array, ignore_channels, unit, only_microphones=only_microphones)
    check_outputs(output)
    from anydoa.calibration import profile_channels, save_profile
    from anydoa.io.audio import read_first_minute

    if sound.recording is None:
        profile = profile_of_start(sound.open_card(listened), listened)
    else:
        audio, rate = read_first_minute(sound.recording)
        with named_recording(sound.recording):
            profile = profile_channels(audio, rate, listened)
    save_profile(profile, output)
    tell(f"wrote {output}: how the channels of {listened.name} are when they are in order")


@app.command("check")
def check_command(
    array: ArrayOption,
    profile: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Profile of a healthy start: see `anydoa card save`."),
    ],
    recordings: _Recordings = None,
    device: DeviceOption = None,
    sample_rate: _SampleRate = None,
    form: Annotated[
        Literal["table", "json"], typer.Option("--format", help="Form of the verdict.")
    ] = "table",
    join: JoinOption = False,
    ignore_channels: IgnoreChannelsOption = "",
    only_microphones: OnlyMicrophonesOption = False,
    unit: UnitOption = None,
) -> None:
    """Say whether a start of the sound card came with its channels shifted, and by how many.

    Listens to 3 s as a rule, to 12 s if it is not clear by then. Exit code 0 for channels in order, 3 for
    shifted ones and for an order that cannot be told.
    """
    sound = _Sound.of(recordings, device, sample_rate, join=join)
    listened = parse_array(array, ignore_channels, unit, only_microphones=only_microphones)
    from anydoa.calibration import CardStartCheck, load_profile, remapped_array

    healthy = load_profile(profile)
    with ExitStack() as stack:
        name, rate, blocks = sound.open(listened, stack)
        check = CardStartCheck(listened, healthy, rate)
        with named_recording(sound.recording or Path(name)):
            verdict = next((found for block in blocks if (found := check.push(block))), None)
            verdict = verdict or check.finish()
    if form == "json":
        channels = None if verdict.shift is None else remapped_array(listened, verdict.shift).channels
        content = {
            "sound": name,
            "array": listened.name,
            "shift": verdict.shift,
            "channels": channels,
            "confidence": verdict.confidence,
            "reason": verdict.reason,
            "heard_s": verdict.heard_s,
        }
        typer.echo(json.dumps(content, indent=2))
    elif verdict.shift is None:
        tell(f"{name}: the order of the channels cannot be told; {verdict.reason}")
    elif verdict.shift:
        tell(f"{name}: channels came shifted by {verdict.shift}; {verdict.reason}")
        tell(f"live and serve put them back in order with --profile {profile}")
    else:
        tell(f"{name}: the channels are in order; {verdict.reason}")
    if verdict.shift != 0:
        raise typer.Exit(_NOT_IN_ORDER)


def ordered_feed(feed: "AudioFeed", array: "MicrophoneArray", profile: Path | None) -> "AudioFeed":
    """The feed with its channels in the order of a healthy start; as it is without a profile."""
    if profile is None:
        return feed
    from anydoa.calibration import CardStartCheck, load_profile
    from anydoa.live.feeds import OrderedFeed

    return OrderedFeed(feed, CardStartCheck(array, load_profile(profile), feed.sample_rate))


def profile_of_start(feed: "AudioFeed", array: "MicrophoneArray") -> "ChannelProfile":
    """The profile of the first seconds that one can be made of; says why those before will not do.

    Raises:
        AudioError: if the sound ends before there is one.
    """
    from anydoa.calibration import ProfileMaker

    maker, problem = (
        ProfileMaker(array, feed.sample_rate),
        "too little sound came: let somebody talk for longer",
    )
    with closing(feed):
        for block in feed:
            try:
                profile = maker.push(block)
            except AudioError as error:
                if str(error) != problem:
                    tell(f"no profile yet: {error}", err=True)
                problem = str(error)
                continue
            if profile is not None:
                return profile
    raise AudioError(f"{feed.name}: no profile was made; {problem}")


@dataclass(frozen=True)
class _Sound:
    """Where the start is heard: checked before any work is done.

    Args:
        recording: a file, or the files of one recording; None for the card.
        device: number or part of the name of a sound card, None for the likeliest.
        sample_rate: sample rate of the card in Hz, None for its best.
    """

    recording: Path | list[Path] | None
    device: int | str | None = None
    sample_rate: int | None = None

    @classmethod
    def of(
        cls, recordings: list[Path] | None, device: str | None, sample_rate: int | None, *, join: bool
    ) -> "_Sound":
        """The one place that the options name."""
        if bool(recordings) == (device is not None):
            raise ConfigError("a start is heard from one place; give a recording, or --device auto")
        if recordings:
            if sample_rate is not None:
                raise ConfigError("a recording says its own sample rate; leave out --sample-rate")
            return cls(parse_recording(recordings, join=join))
        return cls(None, parse_device(device), sample_rate)

    def open(self, array: "MicrophoneArray", stack: ExitStack) -> "tuple[str, int, Iterable[np.ndarray]]":
        """Name, sample rate and blocks of the sound."""
        from anydoa.io.audio import audio_info, read_blocks

        if self.recording is None:
            feed = stack.enter_context(closing(self.open_card(array)))
            return feed.name, feed.sample_rate, feed
        info = audio_info(self.recording)
        return Path(info.name).name, info.sample_rate, read_blocks(self.recording, warn=False)

    def open_card(self, array: "MicrophoneArray") -> "AudioFeed":
        """The sound card that records the array."""
        from anydoa.live.feeds import DeviceFeed

        count, match = array.num_recording_channels, array.device_match
        feed = DeviceFeed(self.device, count, self.sample_rate, match=match)
        tell(f"listening to {feed.name}; let somebody talk near the array, Ctrl-C ends", err=True)
        return feed
