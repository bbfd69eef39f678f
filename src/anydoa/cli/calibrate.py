"""`anydoa calibrate`: microphone positions, refined by the sound of a walk around the array."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from anydoa.cli.options import (
    ARRAY,
    ArrayOption,
    IgnoreChannelsOption,
    JoinOption,
    OnlyMicrophonesOption,
    UnitOption,
    named_recording,
    parse_array,
    parse_output_file,
    parse_recording,
)
from anydoa.cli.printing import print_table, tell
from anydoa.errors import ConfigError
from anydoa.io.output import check_outputs

if TYPE_CHECKING:
    from anydoa.calibration import Calibration


def calibrate(
    recordings: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Recording of all channels of the card.")
    ],
    array: ArrayOption,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE.toml",
            parser=parse_output_file,
            help="Array file with the refined positions.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=parse_output_file,
            help="Picture of the refined positions: .png, .svg or .pdf.",
        ),
    ] = None,
    position_sd_mm: Annotated[
        float,
        typer.Option(help="How well the positions are known: standard deviation, mm.", rich_help_panel=ARRAY),
    ] = 5.0,
    delay_sd: Annotated[
        float,
        typer.Option(
            help="How far from 1 a factor on all delays may be; 0 refines the size, too.",
            rich_help_panel=ARRAY,
        ),
    ] = 0.03,
    unit: UnitOption = None,
    join: JoinOption = False,
    ignore_channels: IgnoreChannelsOption = "",
    only_microphones: OnlyMicrophonesOption = False,
) -> None:
    """Experimental: refine microphone positions while somebody talks from all around the array.

    Walk around the array while talking, or clap from twenty places, one and a half metres away or more and
    at least ten times the array's span. Nobody need know where the sounds were. Nothing is written unless
    sounds held out fit clearly better.
    """
    if output is None and plot is None:
        raise ConfigError("there is nothing to do; give --output FILE.toml or --plot PICTURE")
    from anydoa.calibration import CalibrationOptions, calibrate_blocks
    from anydoa.io import check_array_path
    from anydoa.io.audio import audio_info, read_blocks, recording_path
    from anydoa.plotting import check_picture_path

    recording = parse_recording(recordings, join=join)
    nominal = parse_array(array, ignore_channels, unit, only_microphones=only_microphones)
    check_outputs(output, plot)
    if output is not None:
        check_array_path(output)
    if plot is not None:
        check_picture_path(plot)
    options = CalibrationOptions(position_sd_m=position_sd_mm / 1000, delay_sd=delay_sd)
    sample_rate = audio_info(recording).sample_rate
    with named_recording(recording):
        found = calibrate_blocks(read_blocks(recording), sample_rate, nominal, options)
    _print(found)
    if output is not None:
        from anydoa.io import save_array

        name = recording_path(recording).name
        source = f"Positions refined by anydoa calibrate (experimental) from {name}. Before: "
        save_array(found.array.replace(source=source + (nominal.source or "not said")), output)
        tell(f"wrote {output}: {found.array.num_microphones} microphones")
    if plot is not None:
        from anydoa.plotting import draw_calibration

        draw_calibration(nominal, found.array, found.moves_sd_m, found.directions, plot)
        tell(f"wrote {plot}")


def _print(found: "Calibration") -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("microphone", "moved x (mm)", "y (mm)", "z (mm)", "+- x", "+- y", "+- z"):
        table.add_column(heading, justify="right")
    for number, (move, sd) in enumerate(zip(found.moves_m * 1000, found.moves_sd_m * 1000, strict=True)):
        table.add_row(str(number), *(f"{m + 0.0:.1f}" for m in move), *(f"{s:.1f}" for s in sd))
    lines = [
        f"sounds from {len(found.directions)} directions; at those held out, misfit "
        f"{found.before_m * 1000:.2f} mm before, {found.after_m * 1000:.2f} mm after"
    ]
    if found.delay_factor_sd > 0:
        lines.append(
            f"delays are {found.delay_factor:.3f} +- {found.delay_factor_sd:.3f} times those of the new "
            "positions: echoes, temperature or size, which cannot be told apart"
        )
    print_table("experimental: check the new file against a sound whose direction you know", table, *lines)
