"""`anydoa serve`: a page in the browser with live directions, which locates recordings dropped on it, too."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anydoa.cli.options import (
    EstimatorOption,
    GridOption,
    IgnoreChannelsOption,
    OnlyMicrophonesOption,
    ProfileOption,
    UnitOption,
    check_host,
    parse_array,
    parse_device,
)
from anydoa.cli.printing import tell
from anydoa.cli.startup import Startup
from anydoa.errors import ConfigError, MissingExtraError
from anydoa.estimators import DEFAULT_ESTIMATOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anydoa.geometry import MicrophoneArray
    from anydoa.live import AudioFeed
    from anydoa.web import Hub


def serve(
    array: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Microphone array: see `anydoa array list`.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Recording to show as if live, over and over.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="N|NAME|auto", help="Sound card to listen to.")
    ] = None,
    estimator: EstimatorOption = DEFAULT_ESTIMATOR,
    grid: GridOption = "fibonacci:2048",
    ignore_channels: IgnoreChannelsOption = "",
    only_microphones: OnlyMicrophonesOption = False,
    profile: ProfileOption = None,
    unit: UnitOption = None,
    host: Annotated[
        str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in, with a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0 takes any that is free.")] = 8765,
    token: Annotated[
        str | None,
        typer.Option(envvar="ANYDOA_TOKEN", help="Secret that clients must show; made where one is needed."),
    ] = None,
    max_upload: Annotated[float, typer.Option(metavar="MB", help="Largest recording the page takes.")] = 100,
    max_minutes: Annotated[float, typer.Option(metavar="MIN", help="Longest recording the page takes.")] = 60,
) -> None:
    """Show directions in a browser: live from a sound card or a replayed file, or of recordings dropped.

    Only this machine reaches the page unless --host says otherwise. Nothing is loaded from elsewhere, and
    recordings are not kept.
    """
    if replay is not None and device is not None:
        raise ConfigError("--replay and --device exclude each other; give one of them")
    if array is None and (replay is not None or device is not None):
        raise ConfigError("a live stream needs the array that hears it; add --array")
    if array is None and (ignore_channels or only_microphones):
        raise ConfigError("--ignore-channels and --only-microphones say more of an array; add --array")
    if profile is not None and replay is None and device is None:
        raise ConfigError("--profile is for a live stream; add --device or --replay")
    with _extra_installed():
        from anydoa.web import Catalogue, PageServer, ServerOptions, UploadLimits

    options = ServerOptions(
        host=check_host(host, "--host"),
        port=port,
        token=token,
        uploads=UploadLimits(max_mb=max_upload, max_minutes=max_minutes),
    )
    own_array = None
    if array is not None:
        own_array = parse_array(array, ignore_channels, unit, only_microphones=only_microphones)
    catalogue = Catalogue(own_array, estimator, grid)
    feed = _feed(own_array, replay, device)
    hub = None
    if own_array is not None and feed is not None:
        hub = _hub(own_array, grid, estimator, Startup(profile, None).watch(feed, own_array))
    server = PageServer(options, catalogue, hub)
    tell(f"open {server.url} (Ctrl+C stops)")
    server.run()


@contextmanager
def _extra_installed() -> "Iterator[None]":
    try:
        yield
    except MissingExtraError:
        raise
    except ImportError as error:
        raise MissingExtraError("serving a page", "web", error) from None


def _feed(array: "MicrophoneArray | None", replay: Path | None, device: str | None) -> "AudioFeed | None":
    """What is heard live; None for nothing."""
    if replay is not None:
        from anydoa.live.feeds import FileFeed

        return FileFeed(replay, repeat=True)
    if device is None or array is None:
        return None
    from anydoa.live.feeds import DeviceFeed

    card = None if device == "auto" else parse_device(device)
    return DeviceFeed(card, array.num_recording_channels, match=array.device_match)


def _hub(array: "MicrophoneArray", grid: str, estimator: str, feed: "AudioFeed") -> "Hub":
    from anydoa.live import LivePipeline
    from anydoa.localizer import Localizer
    from anydoa.web import Hub, hello_message

    localizer = Localizer(array, grid, estimator)
    return Hub(LivePipeline(localizer, feed), hello_message(localizer, feed))
