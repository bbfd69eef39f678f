"""`anydoa array`: which arrays there are, what one looks like, what it can tell apart, other formats."""

import json
from math import degrees
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from anydoa.cli.options import PICTURE, UnitOption, parse_output_file
from anydoa.cli.printing import print_table, tell

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    from anydoa.geometry import ArrayReport, MicrophoneArray, MicrophonePattern

app = typer.Typer(help="Microphone arrays: list, show, check, convert.", no_args_is_help=True)

_ARRAY_HELP = "A bundled array, or an array file of any format."
_Array = Annotated[str, typer.Argument(metavar="NAME|FILE", help=_ARRAY_HELP)]

_WIDE = 1500.0  # Hz; phases that wrap below this do so where speech is strongest
_SMALL = 1000.0  # Hz; an array deaf to phase below this misses where speech is strongest


@app.command("list")
def list_command(
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Form of the list.")] = "table",
) -> None:
    """Name the bundled arrays."""
    from rich.table import Table

    from anydoa.geometry import ArrayReport
    from anydoa.io import list_presets, load_array

    arrays = [load_array(name) for name in list_presets()]
    if form == "json":
        typer.echo(json.dumps([_report_json(array, ArrayReport.of(array)) for array in arrays], indent=2))
        return
    table = Table("name", "mics", "shape", "span (mm)", "what", box=None, pad_edge=False)
    for array in arrays:
        report = ArrayReport.of(array)
        span = f"{report.span * 1000:.0f}"
        table.add_row(array.name, str(report.num_microphones), report.rank, span, array.title)
    print_table(table)


@app.command("show")
def show_command(
    array: _Array,
    output: Annotated[Path | None, PICTURE] = None,
    form: Annotated[
        Literal["table", "json"], typer.Option("--format", help="Form of what is printed without --output.")
    ] = "table",
    unit: UnitOption = None,
) -> None:
    """Draw an array with its numbers and its 0 degrees, or print its microphones and channels."""
    from anydoa.io import load_array

    shown = load_array(array, unit=unit)
    if output is None and form == "json":
        content = {
            "name": shown.name,
            "title": shown.title,
            "hash": shown.hash,
            "positions_m": (shown.positions + 0.0).round(6).tolist(),
            "channels": shown.channels,
            "ignore_channels": shown.ignore_channels,
            "front": shown.front or "along +x",
            **_hearing_json(shown),
        }
        typer.echo(json.dumps(content, indent=2))
        return
    if output is None:
        _print_microphones(shown)
        return
    from anydoa.plotting import draw_array

    draw_array(shown, output)
    tell(f"wrote {output}")


@app.command("check")
def check_command(
    array: _Array,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Form of the report.")] = "table",
    unit: UnitOption = None,
) -> None:
    """Say what an array can tell apart, and in which band, before any sound is heard."""
    from anydoa.geometry import ArrayReport
    from anydoa.io import load_array

    checked = load_array(array, unit=unit)
    report = ArrayReport.of(checked)
    if form == "json":
        typer.echo(json.dumps(_report_json(checked, report), indent=2))
    else:
        tell("\n".join([_verdict(report), *_facts(checked, report)]))


@app.command("convert")
def convert_command(
    source: _Array,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            parser=parse_output_file,
            help="File to write; its suffix says the format.",
        ),
    ],
    three_by_three: Annotated[
        Literal["refuse", "rows", "columns"],
        typer.Option(help="What the microphones are in a table of 3 rows without a header."),
    ] = "refuse",
    unit: UnitOption = None,
) -> None:
    """Write an array in another format: our own TOML, CSV, NPY or acoular's XML."""
    from anydoa.io import load_array, save_array

    array = load_array(source, unit=unit, three_by_three=three_by_three)
    save_array(array, output)
    tell(f"wrote {output}: {array.num_microphones} microphones")
    if output.suffix.lower() == ".xml":
        tell("in acoular's frame: 0 degrees is along its -z, left its -x, up its y")
    else:
        tell(f"0 degrees is {array.front or 'along +x'}")


def _print_microphones(array: "MicrophoneArray") -> None:
    from rich.table import Table

    from anydoa.geometry.channels import channel_text

    table = Table(box=None, pad_edge=False)
    headings = [
        "microphone",
        "channel",
        "x (mm)",
        "y (mm)",
        "z (mm)",
        *(["pattern"] if array.patterns else []),
    ]
    for heading in headings:
        table.add_column(heading, justify="right")
    looks = [f"{pattern.title} to {_angles(axis)}" for pattern, axis in _patterns(array)]
    for number, position in enumerate(array.positions * 1000 + 0.0):
        places = [f"{value:.1f}" for value in position]
        table.add_row(str(number), str(array.channels[number]), *places, *looks[number : number + 1])
    print_table(f"{array.title}\n0° is {array.front or 'along +x'}", table)
    if array.ignore_channels:
        print_table(f"without a microphone: channels {channel_text(array.ignore_channels)}")
    if array.steering is not None:
        print_table(f"steering vectors: {array.steering.title}")


def _patterns(array: "MicrophoneArray") -> "list[tuple[MicrophonePattern, Float[np.ndarray, '3']]]":
    """Pattern of each microphone, and its axis in the user's frame; none if all are omnidirectional."""
    return list(zip(array.patterns, array.pattern_axes, strict=True)) if array.patterns else []


def _angles(axis: "Float[np.ndarray, '3']") -> str:
    """Azimuth and elevation of an axis in whole degrees."""
    from anydoa.io.angles import round_angles_deg

    azimuth_deg, elevation_deg = round_angles_deg(axis, 0)
    return f"{azimuth_deg:.0f}°, {elevation_deg:.0f}°"


def _hearing_json(array: "MicrophoneArray") -> dict[str, Any]:
    """What an array file says of how its microphones hear, for programs; nothing of points in free air."""
    heard: dict[str, Any] = {}
    if array.patterns:
        heard["patterns"] = [
            {"omni_share": pattern.omni_share, "axis": axis.round(6).tolist()}
            for pattern, axis in _patterns(array)
        ]
    if array.steering is not None:
        heard["steering"] = {
            "file": str(array.steering.path or ""),
            "num_directions": len(array.steering.directions),
            "receivers": array.steering.receivers,
        }
    if array.rigid_sphere_radius is not None:
        heard["rigid_sphere_radius_m"] = array.rigid_sphere_radius
    return heard


def _verdict(report: "ArrayReport") -> str:
    return f"{report.name}, {report.num_microphones} microphones in a {report.rank}: it {report.sentence}."


def _facts(array: "MicrophoneArray", report: "ArrayReport") -> list[str]:
    """Lines for a person: what the geometry says, and what to expect of it."""
    from anydoa.geometry.channels import channel_text

    low, high = report.lowest_frequency, report.aliasing_frequency
    facts = {
        "size": f"{report.span * 1000:.0f} mm from end to end, nearest pair {report.spacing * 1000:.0f} mm",
        "useful from": f"{low:.0f} Hz; below, the phases of all microphones are nearly equal",
        "unwrapped to": f"{high:.0f} Hz; above, phases wrap: tones show ghosts, speech as a whole does not",
        "separates": report.separates,
        "channels": f"{channel_text(array.channels)} of {array.num_recording_channels}",
        "0 degrees": array.front or "along +x",
        "speed of sound": f"{array.speed_of_sound:g} m/s",
        "numbers from": array.source or "not said",
        **_hearing_facts(array),
        "hash": array.hash,
    }
    lines = [f"  {key:<15}{value}" for key, value in facts.items()]
    if report.aliasing_frequency < _WIDE:
        lines.append(
            "  The microphones are far apart for speech: pairs cover every dimension only from "
            f"{report.aliasing_spacing * 1000:.0f} mm on. Expect ghosts from tones and hums."
        )
    if report.lowest_frequency > _SMALL:
        lines.append("  The array is small for speech: expect broad peaks, and errors in reverberant rooms.")
    return lines


def _hearing_facts(array: "MicrophoneArray") -> dict[str, str]:
    """What an array file says of how its microphones hear; nothing of points in free air."""
    if array.steering is not None:
        return {"waves": f"as {array.steering.title}"}
    if array.patterns:
        return {"patterns": ", ".join(dict.fromkeys(pattern.title for pattern in array.patterns))}
    if array.rigid_sphere_radius is not None:
        return {"waves": f"around a rigid sphere of {array.rigid_sphere_radius * 1000:.0f} mm radius"}
    return {}


def _report_json(array: "MicrophoneArray", report: "ArrayReport") -> dict[str, Any]:
    return {
        "name": report.name,
        "title": array.title,
        "hash": array.hash,
        "verdict": _verdict(report),
        "num_microphones": report.num_microphones,
        "channels": array.channels,
        "ignore_channels": array.ignore_channels,
        "rank": report.rank,
        "axis": report.axis,
        "span_m": report.span,
        "spacing_m": report.spacing,
        "thickness_m": report.thickness,
        "aliasing_spacing_m": report.aliasing_spacing,
        "aliasing_frequency_hz": report.aliasing_frequency,
        "lowest_frequency_hz": report.lowest_frequency,
        "resolvable_angles_deg": {
            f"{hertz:.0f}": degrees(angle) for hertz, angle in report.resolvable_angles
        },
        "speed_of_sound": array.speed_of_sound,
        "front": array.front,
        "source": array.source,
        **_hearing_json(array),
    }
