"""`anydoa serve`: a page in the browser with live directions, which locates recordings dropped on it, too."""

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

if TYPE_CHECKING:
    from anydoa.geometry import MicrophoneArray
    from anydoa.live import AudioFeed

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
    grid: GridOption = "fibonacci:2048",
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
    if replay is not None and device is not None:
        raise ConfigError("--replay and --device exclude each other; give one of them")
    if array is None and (replay is not None or device is not None):
        raise ConfigError("a live stream needs the array that hears it; add --array")
    if array is None and (ignore_channels or only_microphones):
        raise ConfigError("--ignore-channels and --only-microphones say more of an array; add --array")
    if profile is not None and replay is None and device is None:
        raise ConfigError("--profile is for a live stream; add --device or --replay")
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
        uploads=UploadLimits(max_mb=max_upload, max_minutes=max_minutes),
    )
    own_array = None
    if array is not None:
        own_array = parse_array(array, ignore_channels, unit, only_microphones=only_microphones)
    own_zones = parse_zones(zones)
    catalogue = Catalogue(own_array, estimator_for(estimator, sounds), grid)
    name = "" if own_array is None else own_array.name

    def order(feed: "AudioFeed", heard_by: "MicrophoneArray") -> "AudioFeed":
        return ordered_feed(feed, heard_by, profile if heard_by.name == name else None)

    listening = Listening(
        catalogue,
        Sounds([] if replay is None else [replay], order),
        ListeningOptions(
            is_locked=locked,
            vad=sounds == "speech",
            zones=own_zones,
            recordings=RecordingLimits(max_mb=max_recording),
        ),
    )
    if replay is not None or device is not None:
        card = None if replay is not None else device
        listening.prepare(LiveChoice(Choice(name), card, None if replay is None else replay.name))
    server = PageServer(options, catalogue, listening)
    tell(f"open {server.url} (Ctrl+C stops)")
    server.run()
