"""`anydoa locate`: the directions that the sound of recordings comes from."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    plan_locating,
    reachable,
    refuse_for_one,
    refuse_without_array,
)
from anydoa.cli.locate_pictures import Pictures, Trace, explaining_estimator
from anydoa.cli.locate_talkers import TalkersAudioOption, TalkerSounds
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
from anydoa.cli.printing import angle_words, mirror_words, place_words, tell
from anydoa.errors import AnydoaError, ConfigError
from anydoa.estimators import DEFAULT_ESTIMATOR, estimator_for
from anydoa.io import DEFAULT_GRID
from anydoa.io.output import check_outputs, names_folder, note_input, whole_text

if TYPE_CHECKING:
    from anydoa.geometry import Zone
    from anydoa.io.result_files import TextSink
    from anydoa.io.talkers import Talker
    from anydoa.localizer import LocalizationRun, Localizer
    from anydoa.peaks import Frame

_SUFFIXES = {"json": ".jsonl", "csv": ".csv", "dcase": ".dcase.csv", "rttm": ".rttm"}
_ENDINGS = {"json": (".jsonl", ".json"), "csv": (".csv",), "dcase": (".csv",), "rttm": (".rttm",)}
"""Endings that a person may give the files of a format."""
_PICTURES = (".png", ".svg", ".pdf")


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
    ] = 10.0,
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
        work = plan_locating(
            many.check(output),
            None if array is None else known_array(),
            grid,
            reachable(estimator),
            parse_sources(sources),
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
    targets = _Targets(tuple(files), form, output, plot, plot_mask, beams, skip_existing, parse_zones(zones))
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


@dataclass(frozen=True)
class _Targets:
    """Where results go: checked before any work is done.

    Args:
        files: the recordings.
        form: format of the files; the table is printed.
        output: file, folder or ``-``; None for beside each recording.
        plot: picture or folder; what ends in a slash is a folder.
        plot_mask: picture of the mask, or folder.
        sounds: the sounds of talkers that are wanted.
        skip_existing: whether recordings whose files are there need nothing more.
        zones: zones to name directions by.
    """

    files: tuple[Path, ...]
    form: Literal["table", "json", "csv", "dcase", "rttm"]
    output: str | None
    plot: str | None
    plot_mask: str | None
    sounds: TalkerSounds
    skip_existing: bool = False
    zones: "tuple[Zone, ...]" = ()

    def __post_init__(self) -> None:
        if self.form == "table" and self.output is not None:
            raise ConfigError(
                f"output {self.output!r} needs a format, for the table is printed; add --format json, csv, "
                "dcase or rttm"
            )
        if len(self.files) > 1 and self.output == "-" and self.form != "json":
            raise ConfigError(f"several recordings as {self.form} would run into each other; leave out -o -")
        if self.form == "dcase" and self.zones:
            from anydoa.io.result_files import NO_ZONES_IN_DCASE

            raise ConfigError(NO_ZONES_IN_DCASE)
        self._check_endings()
        if self.skip_existing and self.sounds.folder is not None:
            raise ConfigError(
                "--skip-existing cannot tell whether the sounds of all talkers are there; leave out "
                "--talkers-audio, or --skip-existing"
            )
        if self.skip_existing and not self._written(self.files[0]):
            raise ConfigError(
                "--skip-existing looks for files; add --format json, csv, dcase or rttm, or --plot"
            )
        for picture in (self.picture(self.files[0]), self.mask_picture(self.files[0])):
            if picture is not None:
                from anydoa.plotting import check_picture_path

                check_picture_path(picture)

    def _check_endings(self) -> None:
        """Refuse names that say something else than what is written under them."""
        known = (*chain(*_ENDINGS.values()), *_PICTURES)
        for target in filter(None, (self.output, self.plot, self.plot_mask)):
            is_new_folder = self._is_folder(target) and not names_folder(target) and not Path(target).is_dir()
            if is_new_folder and target.lower().endswith(known):
                raise ConfigError(
                    f"several recordings go into a folder, but {target} is named as a file; name a folder, "
                    f"as in {Path(target).with_suffix('')}"
                )
        if self.output is None or self._is_folder(self.output):
            return
        named = [form for form, endings in _ENDINGS.items() if self.output.lower().endswith(endings)]
        if named and self.form not in named:
            raise ConfigError(
                f"--format {self.form} would be written to {self.output}, named as {named[0]}; end it "
                f"in {_ENDINGS[self.form][0]}, or say --format {named[0]}"
            )

    def check_files(self) -> None:
        """Find out before any work is done whether everything can be written.

        Raises:
            ConfigError: if a file would be written twice, or over one that is read, or not at all.
        """
        for file in self.files:
            note_input(file, "recording")
        check_outputs(*(path for file in self.files for path in self._written(file)), make_folders=True)
        self.sounds.check(file.stem for file in self.files)

    def unfinished(self, *, quiet: bool) -> tuple[Path, ...]:
        """The recordings whose files are not all there, where that matters."""
        if not self.skip_existing:
            return self.files
        left = tuple(file for file in self.files if not all(path.exists() for path in self._written(file)))
        if len(left) < len(self.files) and not quiet:
            tell(f"{len(self.files) - len(left)} of {len(self.files)} were there already", err=True)
        return left

    def _written(self, file: Path) -> list[Path]:
        """Every file that a recording leads to."""
        targets = (self.result, self.picture, self.mask_picture)
        return [path for target in targets if (path := target(file))]

    def result(self, file: Path) -> Path | None:
        """Where the frames of a recording go; None for standard output."""
        if self.output == "-" or self.form == "table":
            return None
        suffix = _SUFFIXES[self.form]
        if self.output is None:
            return file.with_suffix(suffix)
        return self._in_folder(self.output, file, suffix)

    def picture(self, file: Path) -> Path | None:
        """Where the picture of a recording goes; None for no picture."""
        return None if self.plot is None else self._in_folder(self.plot, file, ".png")

    def mask_picture(self, file: Path) -> Path | None:
        """Where the picture of a recording's mask goes; None for no picture."""
        return None if self.plot_mask is None else self._in_folder(self.plot_mask, file, ".mask.png")

    def _in_folder(self, target: str, file: Path, suffix: str) -> Path:
        return Path(target, file.stem + suffix) if self._is_folder(target) else Path(target)

    def _is_folder(self, target: str) -> bool:
        return len(self.files) > 1 or names_folder(target) or Path(target).is_dir()

    @contextmanager
    def open(self, file: Path) -> Iterator["TextSink"]:
        """The open file that the frames of a recording are written to."""
        path = self.result(file)
        if path is None:
            yield sys.stdout
            return
        with whole_text(path) as stream:
            yield stream


def _locate_file(
    localizer: "Localizer", file: Path, targets: _Targets, *, recording: Path | list[Path], quiet: bool
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
        _print_tables(run, targets.zones)
    elif targets.result(file) and not quiet:
        tell(f"wrote {targets.result(file)}", err=True)
    pictures = Pictures(targets.picture(file), targets.mask_picture(file))
    drawn = pictures.draw(localizer, run, trace, recording)
    for path in chain(drawn, targets.sounds.write(localizer, run, recording, file.stem)):
        if not quiet:
            tell(f"wrote {path}", err=True)


def _write_frames(run: "LocalizationRun", stream: "TextSink", targets: _Targets) -> None:
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


def _print_tables(run: "LocalizationRun", zones: "tuple[Zone, ...]") -> None:
    from anydoa.geometry import ambiguity_sentence, zone_of
    from anydoa.io.talkers import heard_s

    header, talkers = run.header, run.talkers
    tell(f"{header.file}: {run.info.duration_s:.1f} s, {header.array}, {header.estimator}, {header.grid}")
    if not run.directions:
        hint = "see the warning" if run.sound_warnings else "--sources 1 gives the likeliest"
        tell(f"  no source reaches the threshold of {header.estimator}; {hint}")
        return
    tell("  azimuth  elevation  score    heard")
    rows = [(heard_s(talkers, source.direction), source) for source in run.directions]
    for seconds, source in sorted(rows, key=lambda row: -row[0]):
        place = place_words(source.direction, source.score)
        name = zone_of(zones, source.direction, source.mirror)
        zone = f"   {name}" if name else ""
        tell(f"  {place}  {seconds:5.1f} s{zone}{mirror_words(source.mirror)}")
    _print_turns(talkers, zones, run.mirror)
    if any(source.mirror for source in run.directions):
        tell(f"  note: the array {ambiguity_sentence(header.array_rank)}; a grid of one side settles it")


def _print_turns(
    talkers: "Sequence[Talker]", zones: "tuple[Zone, ...]", mirror: "Callable[[Any], tuple[Any, ...]]"
) -> None:
    """Who was where when: the turns that are long and clear enough for a line."""
    from anydoa.geometry import zone_of

    turns = [(turn.begin_s, talker.id, talker, turn) for talker in talkers for turn in talker.turns]
    listed = [each for each in sorted(turns, key=lambda each: each[:2]) if not each[-1].is_brief]
    if listed:
        tell("\n  who      from        to  azimuth  elevation  score")
    for _, id, talker, turn in listed:
        path = talker.path_of(turn)
        place = path.direction if path.stays else path.directions[0]
        walks = "" if path.stays else f"   walks to {', '.join(angle_words(path.directions[-1]))}"
        name = zone_of(zones, place, mirror(place))
        zone = f"   {name}" if name else ""
        time = f"{turn.begin_s:6.1f} s  {turn.end_s:6.1f} s"
        tell(f"  {id:3d}  {time}  {place_words(place, path.score)}{zone}{walks}")
    if len(listed) < len(turns):
        hidden = len(turns) - len(listed)
        ones = "one" if hidden == 1 else "ones"
        tell(f"  and {hidden} brief or faint {ones}; --format json has every turn")
