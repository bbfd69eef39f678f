"""`anydoa doctor`: what is wrong with an array, in plain words, and an array file that mends it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.options import (
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
from anydoa.cli.printing import tell
from anydoa.errors import ConfigError
from anydoa.io.output import check_outputs

if TYPE_CHECKING:
    from anydoa.doctor import Diagnosis

_PROBLEMS_FOUND = 3


def doctor(
    array: ArrayOption,
    recordings: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RECORDING]", help="Somebody talks or claps, from two places or more; all channels."
        ),
    ] = None,
    known_azimuth: Annotated[
        float | None,
        typer.Option(
            metavar="DEG",
            help="Where the only talker is: tells a turned array, and what symmetry leaves open.",
        ),
    ] = None,
    fix: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.toml", parser=parse_output_file, help="Corrected array file, if the cure is certain."
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=parse_output_file,
            help="Picture of the delays; without a recording, of what looks alike.",
        ),
    ] = None,
    form: Annotated[
        Literal["table", "json"], typer.Option("--format", help="Form of the report that is printed.")
    ] = "table",
    join: JoinOption = False,
    ignore_channels: IgnoreChannelsOption = "",
    only_microphones: OnlyMicrophonesOption = False,
    unit: UnitOption = None,
) -> None:
    """Say what is wrong with a microphone array: channels, their order, polarity, timing, gain.

    Without a recording, say what its geometry can and cannot tell apart. Exit code 0 for healthy, 3 for
    problems found.
    """
    recording = parse_recording(recordings, join=join) if recordings else None
    _check_options(recording, known_azimuth, fix, plot)
    declared = parse_array(array, ignore_channels, unit, only_microphones=only_microphones)
    check_outputs(fix, plot)
    from anydoa.doctor import diagnose, diagnose_geometry, report_json, report_text
    from anydoa.io.audio import read_first_minute

    if recording is None:
        diagnosis = diagnose_geometry(declared)
    else:
        audio, sample_rate = read_first_minute(recording)
        with named_recording(recording):
            diagnosis = diagnose(audio, sample_rate, declared, known_azimuth_deg=known_azimuth)
    if form == "json":
        import json

        typer.echo(json.dumps(report_json(diagnosis), indent=2))
    else:
        tell(report_text(diagnosis))
    if plot is not None:
        _draw(diagnosis, plot)
    if fix is not None:
        _write_corrected(diagnosis, fix)
    if not diagnosis.is_healthy:
        raise typer.Exit(_PROBLEMS_FOUND)


def _check_options(
    recording: Path | list[Path] | None, known_azimuth: float | None, fix: Path | None, plot: Path | None
) -> None:
    """Everything that would be wrong later, before any work is done."""
    if recording is None and known_azimuth is not None:
        raise ConfigError("--known-azimuth says where the talker of a recording is; give a recording")
    if recording is None and fix is not None:
        raise ConfigError("--fix corrects what a recording shows; give a recording")
    if known_azimuth is not None:
        from anydoa.doctor import check_azimuth

        check_azimuth(known_azimuth, "--known-azimuth", f"{known_azimuth:g}")
    if fix is not None and fix.suffix.lower() != ".toml":
        raise ConfigError(f"--fix writes .toml, which alone keeps everything, got {fix}; change the suffix")
    if plot is not None:
        from anydoa.plotting import check_picture_path

        check_picture_path(plot)


def _write_corrected(diagnosis: "Diagnosis", path: Path) -> None:
    """Write the corrected array file, or say why there is none."""
    if diagnosis.corrected is None:
        reason = diagnosis.why_not_corrected.rstrip(".") or "nothing to correct"
        tell(f"{reason[0].lower()}{reason[1:]}; {path} was not written", err=True)
        return
    from anydoa.io import save_array

    save_array(diagnosis.corrected, path)
    tell(f"wrote {path}", err=True)


def _draw(diagnosis: "Diagnosis", path: Path) -> None:
    from anydoa.plotting import DelayScatter, draw_ambiguity, draw_delays

    check = diagnosis.delays
    if check is None:
        draw_ambiguity(diagnosis.array, path)
    else:
        draw_delays(
            DelayScatter(
                diagnosis.array.title,
                check.pairs,
                check.measured_s,
                check.expected_s,
                check.repaired_s,
                check.limit_s,
            ),
            path,
        )
    tell(f"wrote {path}", err=True)
