"""`anydoa serve`: a page in the browser with live directions, which locates recordings dropped on it, too."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anydoa.cli.card import ordered_feed
from anydoa.cli.estimator import EstimatorOption, GridOption, SoundsOption
from anydoa.cli.options import (
    DeviceOption,
    IgnoreChannelsOption,
    OnlyMicrophonesOption,
    ProfileOption,
    UnitOption,
    ZonesOption,
    check_host,
    parse_array,
    parse_zones,
)
from anydoa.cli.printing import tell
from anydoa.errors import ConfigError, MissingExtraError
from anydoa.estimators import DEFAULT_ESTIMATOR, estimator_for
from anydoa.io import DEFAULT_GRID

if TYPE_CHECKING:
    from anydoa.geometry import MicrophoneArray
    from anydoa.live import AudioFeed
    from anydoa.web import Order

_logger = logging.getLogger(__name__)

_LIMITS = "Access and limits"


def serve(
    array: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Microphone array: see `anydoa array list`.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Recording to show as if live, over and over.")
    ] = None,
    device: DeviceOption = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in, with a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0 takes any that is free.")] = 8765,
    estimator: EstimatorOption = DEFAULT_ESTIMATOR,
    sounds: SoundsOption = "speech",
    grid: GridOption = DEFAULT_GRID,
    ignore_channels: IgnoreChannelsOption = "",
    only_microphones: OnlyMicrophonesOption = False,
    profile: ProfileOption = None,
    unit: UnitOption = None,
    zones: ZonesOption = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="ANYDOA_TOKEN",
            help="Secret that clients must show; made where one is needed.",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    max_upload: Annotated[
        float, typer.Option(metavar="MB", help="Largest recording the page takes.", rich_help_panel=_LIMITS)
    ] = 100,
    max_minutes: Annotated[
        float, typer.Option(metavar="MIN", help="Longest recording the page takes.", rich_help_panel=_LIMITS)
    ] = 60,
    max_recording: Annotated[
        float,
        typer.Option(
            metavar="MB", help="Largest recording of the live stream, up to 4000.", rich_help_panel=_LIMITS
        ),
    ] = 1000,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name", metavar="HOST", help="Name that a proxy in front of it has; may be repeated.",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    end_with_sound: Annotated[
        bool,
        typer.Option(
            "--end-with-sound", help="End when the live stream fails, for a service that starts it anew.",
            rich_help_panel=_LIMITS,
        ),
    ] = False,
    locked: Annotated[
        bool,
        typer.Option(
            "--locked", help="Nobody changes from the page what is listened to, nor records it.",
            rich_help_panel=_LIMITS,
        ),
    ] = False,
) -> None:  # fmt: skip
    """Show directions in a browser: live from a sound card or a replayed file, or of recordings dropped.

    What is listened to can be changed on the page. Only this machine reaches it unless --host says otherwise.
    Nothing is loaded from elsewhere, and recordings are not kept.
    """
    is_live = replay is not None or device is not None
    if replay is not None and device is not None:
        raise ConfigError("--replay and --device exclude each other; give one of them")
    says_more = bool(ignore_channels) or only_microphones or unit is not None
    _refuse_without_array(array, is_live=is_live, says_more=says_more)
    for option, is_given in (("--profile", profile is not None), ("--end-with-sound", end_with_sound)):
        if is_given and not is_live:
            raise ConfigError(f"{option} is for a live stream; add --device or --replay")
    try:
        from anydoa.web import (
            Catalogue,
            Choice,
            Listening,
            ListeningOptions,
            LiveChoice,
            PageServer,
            RecordingLimits,
            ServerOptions,
            Sounds,
            UploadLimits,
        )
    except MissingExtraError:
        raise
    except ImportError as error:
        raise MissingExtraError("serving a page", "web", error) from None

    options = ServerOptions(
        host=check_host(host, "--host"),
        port=port,
        token=token,
        names=tuple(check_host(name, "--name") for name in names or ()),
        ends_with_sound=end_with_sound,
        uploads=UploadLimits(max_mb=max_upload, max_minutes=max_minutes),
    )
    own_array = None
    if array is not None:
        own_array = parse_array(array, ignore_channels, unit, only_microphones=only_microphones)
    own_zones = parse_zones(zones)
    catalogue = Catalogue(own_array, estimator_for(estimator, sounds), grid)
    name = "" if own_array is None else own_array.name

    listening = Listening(
        catalogue,
        Sounds([] if replay is None else [replay], _order(own_array, profile)),
        ListeningOptions(
            is_locked=locked,
            vad=sounds == "speech",
            zones=own_zones,
            recordings=RecordingLimits(max_mb=max_recording),
        ),
    )
    if is_live:
        card = None if replay is not None else device
        listening.prepare(LiveChoice(Choice(name), card, None if replay is None else replay.name))
    server = PageServer(options, catalogue, listening)
    tell(f"open {server.url} (Ctrl+C stops)")
    server.run()


def _order(own_array: "MicrophoneArray | None", profile: Path | None) -> "Order":
    """Checks every start of a card by a profile, also for an array that is chosen on the page.

    Args:
        own_array: array of the command line, which the profile was made with.
        profile: profile of a healthy start; None for no check.
    """

    def order(feed: "AudioFeed", heard_by: "MicrophoneArray") -> "AudioFeed":
        if own_array is None or profile is None:
            return feed
        if _has_channels_of(heard_by, own_array):
            # A refined or corrected array has other positions, and the profile knows none but those before.
            return ordered_feed(feed, own_array, profile)
        _logger.warning(
            "%s: channels may come shifted, for the profile %s is of array %r and %r has other channels; "
            "choose %r, or start with --array and --profile of the other",
            feed.name,
            profile,
            own_array.name,
            heard_by.name,
            own_array.name,
        )
        return feed

    return order


def _has_channels_of(array: "MicrophoneArray", other: "MicrophoneArray") -> bool:
    """Whether microphones of two arrays are on the same channels of a card, in any order."""
    return (
        array.num_recording_channels == other.num_recording_channels
        and sorted(array.channels) == sorted(other.channels)
        and sorted(array.ignore_channels) == sorted(other.ignore_channels)
    )


def _refuse_without_array(array: str | None, *, is_live: bool, says_more: bool) -> None:
    """Refuse what needs an array where none is named."""
    if array is None and is_live:
        raise ConfigError("a live stream needs the array that hears it; add --array")
    if array is None and says_more:
        raise ConfigError("--ignore-channels, --only-microphones and --unit change the array; add --array")
