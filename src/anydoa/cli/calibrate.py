"""``anydoa calibrate``: refined microphone positions, or what a healthy start of a sound card looks like."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anydoa.cli.first_minute import read_first_minute
from anydoa.cli.options import (
    IgnoreChannelsOption,
    JoinOption,
    OnlyMicrophonesOption,
    UnitOption,
    parse_array,
    parse_recording,
)
from anydoa.cli.printing import tell
from anydoa.errors import AudioError, ConfigError
from anydoa.io.output import check_outputs

if TYPE_CHECKING:
    from anydoa.calibration import Calibration
    from anydoa.geometry import MicrophoneArray


def calibrate(
    recordings: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Recording of all channels of the card.")
    ],
    array: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Microphone array: see `anydoa array list`.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Array file to write: .toml; positions are refined for it.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Picture of the refined positions: .png, .svg or .pdf.")
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(help="Profile to write (.json): how the channels are now, when the array works well."),
    ] = None,
    position_sd_mm: Annotated[
        float, typer.Option(help="How well the positions are known: standard deviation, mm.")
    ] = 5.0,
    unit: UnitOption = None,
    delay_sd: Annotated[
        float, typer.Option(help="How far from 1 a factor on all delays may be; 0 refines the size, too.")
    ] = 0.03,
    join: JoinOption = False,
    ignore_channels: IgnoreChannelsOption = "",
    only_microphones: OnlyMicrophonesOption = False,
) -> None:
    """Experimental: refine microphone positions while somebody talks from all around the array.

    Walk around the array while talking, or clap from twenty places, two metres away or more. Nobody need
    know where the sounds were. Nothing is written unless sounds held out fit clearly better.

    With --profile, keeps what the channels of a healthy recording look like, so that a later start with
    shifted channels is recognized.
    """
    if out is None and profile is None and plot is None:
        raise ConfigError("nothing to do: give --out FILE.toml, --plot PICTURE or --profile FILE.json")
    from anydoa.calibration import CalibrationOptions, calibrate_blocks
    from anydoa.io.audio import audio_info, read_blocks, recording_path

    recording = parse_recording(recordings, join=join)
    nominal = parse_array(array, ignore_channels, unit, only_microphones=only_microphones)
    check_outputs(out, profile, plot)
    options = CalibrationOptions(position_sd_m=position_sd_mm / 1000, delay_sd=delay_sd)
    if profile is not None:
        _write_profile(recording, nominal, profile)
    if out is None and plot is None:
        return
    sample_rate = audio_info(recording).sample_rate
    with _named(recording):
        found = calibrate_blocks(read_blocks(recording), sample_rate, nominal, options)
    _print(found)
    if out is not None:
        from anydoa.io import save_array

        name = recording_path(recording).name
        source = f"Positions refined by anydoa calibrate (experimental) from {name}. Before: "
        save_array(found.array.replace(source=source + (nominal.source or "not said")), out)
        tell(f"wrote {out}: {found.array.num_microphones} microphones")
    if plot is not None:
        from anydoa.plotting import draw_calibration

        draw_calibration(nominal, found.array, found.moves_sd_m, found.directions, plot)
        tell(f"wrote {plot}")


def _write_profile(recording: Path | list[Path], nominal: "MicrophoneArray", profile: Path) -> None:
    from anydoa.calibration import profile_channels, save_profile

    audio, sample_rate = read_first_minute(recording)
    with _named(recording):
        signs = profile_channels(audio, sample_rate, nominal)
    save_profile(signs, profile)
    tell(f"wrote {profile}: how the channels of {nominal.name} are when they are in order")


@contextmanager
def _named(recording: Path | list[Path]) -> Iterator[None]:
    """Says of which recording an error is, where it does not say so itself."""
    from anydoa.io.audio import recording_path

    try:
        yield
    except AudioError as error:
        path = recording_path(recording)
        named = str(error) if str(error).startswith(str(path)) else f"{path}: {error}"
        raise AudioError(named) from None


def _print(found: "Calibration") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("microphone", "moved x (mm)", "y (mm)", "z (mm)", "+- x", "+- y", "+- z"):
        table.add_column(heading, justify="right")
    for number, (move, sd) in enumerate(zip(found.moves_m * 1000, found.moves_sd_m * 1000, strict=True)):
        table.add_row(str(number), *(f"{m + 0.0:.1f}" for m in move), *(f"{s:.1f}" for s in sd))
    console = Console(markup=False)
    console.print(
        "experimental: check the new file against a sound whose direction you know", highlight=False
    )
    console.print(table)
    console.print(
        f"sounds from {len(found.directions)} directions; at those held out, misfit "
        f"{found.before_m * 1000:.2f} mm before, {found.after_m * 1000:.2f} mm after",
        highlight=False,
    )
    if found.delay_factor_sd > 0:
        console.print(
            f"delays are {found.delay_factor:.3f} +- {found.delay_factor_sd:.3f} times those of the new "
            "positions: echoes, temperature or size, which cannot be told apart",
            highlight=False,
        )
