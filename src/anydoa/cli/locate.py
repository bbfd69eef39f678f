"""`anydoa locate`: the directions that the sound of recordings comes from."""

import secrets
import sys
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.engine import EngineOption, JobsOption, SchedulerOption
from anydoa.cli.estimator import EstimatorOption, GridOption, LookAheadOption, SoundsOption, parse_look_ahead
from anydoa.cli.locate_many import (
    ManifestOption,
    Many,
    MergeOption,
    ProgressOption,
    ShardOption,
    locate_many,
    reachable,
    refuse_for_one,
    refuse_without_array,
)
from anydoa.cli.locate_pictures import Pictures, Trace, explaining_estimator
from anydoa.cli.locate_tables import print_tables
from anydoa.cli.locate_talkers import TalkersAudioOption, TalkerSounds
from anydoa.cli.locate_targets import Targets
from anydoa.cli.options import (
    ESTIMATOR,
    OUTPUT,
    STANDARD_OUTPUT,
    BeamformerOption,
    IgnoreChannelsOption,
    JoinOption,
    OnlyMicrophonesOption,
    UnitOption,
    ZonesOption,
    parse_array,
    parse_sources,
    parse_zones,
)
from anydoa.cli.printing import tell
from anydoa.constants import MIN_SEPARATION_DEG
from anydoa.errors import AnydoaError, ConfigError
from anydoa.estimators import DEFAULT_ESTIMATOR, estimator_for
from anydoa.io import DEFAULT_GRID, load_grid
from anydoa.io.output import note_input

if TYPE_CHECKING:
    from anydoa.io.result_files import TextSink
    from anydoa.localizer import LocalizationRun, Localizer
    from anydoa.peaks import Frame


def locate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]", help="Recordings: WAV, FLAC, OGG, MP3 and others (docs/recordings.md)."
        ),
    ] = None,
    array: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="Microphone array: see `anydoa array list`.", show_default="required"
        ),
    ] = None,
    sources: Annotated[str, typer.Option(metavar="N|auto", help="How many sources there are.")] = "auto",
    form: Annotated[
        Literal["table", "json", "csv", "dcase", "rttm", "parts"],
        typer.Option(
            "--format",
            help="A table is printed; json (lines) and csv hold every frame, dcase one in 100 ms, "
            "rttm turns; parts is json of many recordings in one folder.",
        ),
    ] = "table",
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH|-",
            help="File or folder to write; - is standard output. Default: beside each recording.",
        ),
    ] = None,
    plot: Annotated[
        str | None, typer.Option(metavar="PATH", help="Picture to draw; a folder for several recordings.")
    ] = None,
    join: JoinOption = False,
    ignore_channels: IgnoreChannelsOption = "",
    only_microphones: OnlyMicrophonesOption = False,
    unit: UnitOption = None,
    estimator: EstimatorOption = DEFAULT_ESTIMATOR,
    sounds: SoundsOption = "speech",
    grid: GridOption = DEFAULT_GRID,
    look_ahead: LookAheadOption = "all",
    min_separation: Annotated[
        float,
        typer.Option(help="Nearest that two sources can be, in degrees.", rich_help_panel=ESTIMATOR),
    ] = MIN_SEPARATION_DEG,
    plot_mask: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Picture of the mask that the estimator learned; a folder for several recordings.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    talkers_audio: TalkersAudioOption = None,
    beamformer: BeamformerOption = "mvdr",
    skip_existing: Annotated[
        bool,
        typer.Option(
            "--skip-existing",
            help="Pass over recordings whose results are there already.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="No progress bar, no word of files written.", rich_help_panel=OUTPUT
        ),
    ] = False,
    zones: ZonesOption = None,
    manifest: ManifestOption = None,
    jobs: JobsOption = 1,
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    shard: ShardOption = None,
    merge: MergeOption = None,
    progress: ProgressOption = "bar",
) -> None:
    """Find the directions that the sound of recordings comes from.

    Azimuth runs anticlockwise from the front, so left is positive; elevation runs up from the horizontal;
    both in degrees. Prints a table: the directions of each recording as a whole and over time. Another
    --format writes every frame to a file, or with -o - to standard output. A file appears when it is whole,
    so a long run that was stopped goes on with --skip-existing. Thousands of recordings and more go into one
    folder with --format parts: on many processes, and again where a stopped run ended.
    """
    estimator = estimator_for(estimator, sounds)
    many = Many(manifest, jobs, engine, scheduler, shard, merge, progress)
    known_array = partial(parse_array, array or "", ignore_channels, unit, only_microphones=only_microphones)
    if form == "parts":
        refuse_for_one(
            {
                "--join": join,
                "--plot": plot,
                "--plot-mask": plot_mask,
                "--talkers-audio": talkers_audio,
                "--beamformer": beamformer != "mvdr",
                "--skip-existing": skip_existing,
            }
        )
        if array is None:
            refuse_without_array(
                {"--unit": unit, "--ignore-channels": ignore_channels, "--only-microphones": only_microphones}
            )
        from anydoa.bulk import Locating

        work = Locating(
            folder=many.check(output),
            base=Path.cwd(),
            run=secrets.token_hex(8),
            array=None if array is None else known_array(),
            grid=load_grid(grid),
            estimator=reachable(estimator),
            num_sources=parse_sources(sources),
            min_separation_deg=min_separation,
            look_ahead_s=parse_look_ahead(look_ahead),
            zones=parse_zones(zones),
        )
        locate_many(files or [], work, many, quiet=quiet)
        return
    many.refuse()
    files = _files_and_array_given(files, array)
    joined, files = (files, files[:1]) if join else (None, files)
    for file in joined or ():
        note_input(file, "recording")
    beams = TalkerSounds(talkers_audio, beamformer)
    targets = Targets(tuple(files), form, output, plot, plot_mask, beams, skip_existing, parse_zones(zones))
    from anydoa.localizer import Localizer

    localizer = Localizer(
        known_array(),
        grid,
        estimator,
        parse_sources(sources),
        min_separation_deg=min_separation,
        look_ahead_s=parse_look_ahead(look_ahead),
    )
    if plot_mask is not None:
        explaining_estimator(localizer.estimator)
    targets.check_files()
    failed = False
    for file in targets.unfinished(quiet=quiet):
        try:
            _locate_file(localizer, file, targets, recording=joined or file, quiet=quiet)
        except AnydoaError as error:
            if len(files) == 1:
                raise
            failed = True
            tell(f"error: {error.command_line}", err=True)
    if failed:
        raise typer.Exit(2)


def _files_and_array_given(files: list[Path] | None, array: str | None) -> list[Path]:
    """The recordings, if there are some and an array for them.

    Raises:
        AudioError: if one is a folder without a name.
        ConfigError: if there are none, or no array.
    """
    if not files:
        raise ConfigError("Missing argument 'FILE...'; name a recording")
    if STANDARD_OUTPUT in files:
        raise ConfigError(
            "- is no recording: standard input cannot be located in; for standard output use -o -"
        )
    for file in files:
        if not file.name:  # nothing can be named after the working folder or a root, which is no recording
            from anydoa.io.audio import audio_info

            audio_info(file)
    if array is None:
        raise ConfigError("Missing option '--array'; `anydoa array list` names those that are bundled")
    return files


def _locate_file(
    localizer: "Localizer", file: Path, targets: Targets, *, recording: Path | list[Path], quiet: bool
) -> None:
    """One recording from start to end, every output at once; ``file`` is what they are named after."""
    trace = Trace()
    try:
        run = localizer.iterate(recording)
        with targets.open(file) as stream:
            for frame in _with_progress(run, quiet=quiet):
                if targets.plot is not None:
                    trace.add(frame)
            if targets.form != "table":
                _write_frames(run, stream, targets)
    except KeyboardInterrupt:  # files appear when they are whole
        if targets.result(file) is not None:
            tell(f"interrupted; {targets.result(file)} was not written", err=True)
        raise
    if targets.form == "table":
        print_tables(run, targets.zones)
    elif targets.result(file) and not quiet:
        tell(f"wrote {targets.result(file)}", err=True)
    pictures = Pictures(targets.picture(file), targets.mask_picture(file))
    drawn = pictures.draw(localizer, run, trace, recording)
    for path in chain(drawn, targets.sounds.write(localizer, run, recording, file.stem)):
        if not quiet:
            tell(f"wrote {path}", err=True)


def _write_frames(run: "LocalizationRun", stream: "TextSink", targets: Targets) -> None:
    """Every frame and the summary: who a talker is shows when the recording is over."""
    from anydoa.io.result_files import WRITERS

    writer = WRITERS[targets.form](stream, run.header, zones=targets.zones)
    for frame in run.frames:
        writer.write(frame)
    writer.finish(run.summary)


def _with_progress(run: "LocalizationRun", *, quiet: bool) -> Iterator["Frame"]:
    """The frames, with a progress bar if the recording is longer than 20 s and a person is watching."""
    if quiet or run.info.duration_s < 20 or not sys.stderr.isatty():
        yield from run
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
    )
    with Progress(
        *columns, TimeRemainingColumn(), console=Console(stderr=True, markup=False), transient=True
    ) as progress:
        task = progress.add_task(Path(run.info.name).name, total=run.info.duration_s)
        for frame in run:
            progress.update(task, completed=frame.time_s)
            yield frame
