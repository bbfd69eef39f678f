"""`anydoa locate --format parts`: any number of recordings into one folder that a stopped run goes on in."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.engine import MANY, check_engine, open_engine, told_progress
from anydoa.cli.options import parse_output_file
from anydoa.cli.printing import tell
from anydoa.errors import ConfigError
from anydoa.io.output import check_outputs, note_input

if TYPE_CHECKING:
    from anydoa.bulk import Locating, Plan, Progress, RecordingList, ResultFolder, Shard

ManifestOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        help="List of recordings, a path or a JSON object a line; - is standard input.",
        rich_help_panel=MANY,
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        metavar="I/N", help="The I-th of N shares of the recordings, I from 1.", rich_help_panel=MANY
    ),
]
MergeOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        parser=parse_output_file,
        help="One .jsonl or .parquet to make of all results.",
        rich_help_panel=MANY,
    ),
]
ProgressOption = Annotated[
    Literal["bar", "json"],
    typer.Option(help="A bar, or JSON lines for programs; on standard error.", rich_help_panel=MANY),
]


@dataclass(frozen=True)
class Many:
    """What a person says of many recordings.

    Args:
        manifest: list of recordings; ``-`` for standard input.
        jobs: processes on this machine.
        engine: who works.
        scheduler: address of a dask cluster.
        shard: share of the recordings.
        merge: file to make of all results.
        progress: form of what is said on the way.
    """

    manifest: str | None
    jobs: int
    engine: Literal["local", "dask"]
    scheduler: str | None
    shard: str | None
    merge: Path | None
    progress: Literal["bar", "json"]

    def refuse(self) -> None:
        """Refuse all of it where each recording has a result of its own.

        Raises:
            ConfigError: if something of it was given.
        """
        given = {
            "--manifest": self.manifest is not None,
            "--jobs": self.jobs != 1,
            "--engine": self.engine != "local",
            "--scheduler": self.scheduler is not None,
            "--shard": self.shard is not None,
            "--merge": self.merge is not None,
            "--progress": self.progress != "bar",
        }
        first = _first_given(given)
        if first is not None:
            raise ConfigError(
                f"{first} is for results that lie in one folder; add --format parts and -o FOLDER"
            )

    def check(self, output: str | None) -> Path:
        """The folder of the results, if all goes together.

        Raises:
            ConfigError: if it does not.
        """
        if output is None or output == "-":
            raise ConfigError("--format parts writes a folder; name it with -o FOLDER")
        if self.merge is not None and self.shard is not None:
            raise ConfigError(
                "--merge needs all shares; give the command once more without --shard when they are done"
            )
        check_engine(self.engine, self.jobs, self.scheduler)
        if self.merge is not None:
            from anydoa.bulk import check_merged_path

            check_merged_path(self.merge)
        return Path(output).absolute()


def _first_given(options: Mapping[str, object]) -> str | None:
    return next((option for option, value in options.items() if value), None)


def refuse_for_one(options: dict[str, bool | str | Path | None]) -> None:
    """Refuse what only makes sense for one recording, where there are many.

    Args:
        options: what was given, by the name of its option.

    Raises:
        ConfigError: if any of it was given.
    """
    first = _first_given(options)
    if first is not None:
        cure = " (a list of paths in a manifest joins them)" if first == "--join" else ""
        raise ConfigError(f"{first} is for single recordings; leave out --format parts{cure}")


def reachable(estimator: str) -> str:
    """The estimator by a name that processes in other folders know, too."""
    from anydoa.estimators import is_bundled

    is_folder = not is_bundled(estimator) and Path(estimator).is_dir()
    return str(Path(estimator).absolute()) if is_folder else estimator


def refuse_without_array(options: dict[str, object]) -> None:
    """Refuse what changes the array that is named for all, where none is.

    Args:
        options: what was given, by the name of its option.

    Raises:
        ConfigError: if any of it was given.
    """
    first = _first_given(options)
    if first is not None:
        raise ConfigError(f"{first} changes the array of --array; name one, or say it in the array files")


def locate_many(files: list[Path], work: "Locating", many: Many, *, quiet: bool) -> None:
    """All recordings that are named, into the folder of the work.

    Raises:
        AnydoaError: whatever keeps the run from its end.
        Exit: with code 1 if recordings have no results.
    """
    from anydoa.bulk import RecordingList, ResultFolder, Shard

    for file in files:
        note_input(file, "recording")
    standard_input = sys.stdin.buffer if many.manifest == "-" else None
    recordings = RecordingList([str(file) for file in files], many.manifest, standard_input)
    folder, settings = ResultFolder(work.folder), work.settings()
    if many.merge is not None:
        folder.check_not_own(many.merge)
    check_outputs(many.merge, make_folders=True)
    shard = None if many.shard is None else Shard.parse(many.shard)
    if _are_absolute(recordings):
        del settings["working folder"]
    with folder.begun(settings, shard):
        plan, progress = _run(recordings, folder, work, many, shard, quiet=quiet)
        if many.merge is not None:
            _merge(folder, plan, many.merge, quiet=quiet)
    if progress.failed:
        tell(
            f"error: {progress.failed} of {progress.total} recordings have no results; "
            f"{folder.failures_file(shard)} says why",
            err=True,
        )
        raise typer.Exit(1)


def _are_absolute(recordings: "RecordingList") -> bool:
    """Whether the names of all recordings, of which there are some, mean the same in every folder."""
    entries = iter(recordings)
    first = next(entries, None)
    return first is not None and all(
        os.path.isabs(path) for each in chain([first], entries) for path in each.paths
    )


def _run(
    recordings: "RecordingList",
    folder: "ResultFolder",
    work: "Locating",
    many: Many,
    shard: "Shard | None",
    *,
    quiet: bool,
) -> "tuple[Plan, Progress]":
    """Locate what is left."""
    from anydoa.bulk import Plan, locate_all

    plan = Plan(recordings, folder.done_keys(), shard)
    if not quiet and plan.num_left < plan.total:
        tell(f"{plan.total - plan.num_left} of {plan.total} were there already", err=True)
    try:
        with (
            told_progress(many.progress, quiet=quiet) as report,
            open_engine(many.engine, many.jobs, many.scheduler) as engine,
        ):
            progress = locate_all(plan, work, engine, shard=shard, report=report)
    except (KeyboardInterrupt, SystemExit):
        tell(f"stopped; what is done is in {folder.path}, and the same command goes on", err=True)
        raise
    if not quiet and progress.done:
        tell(
            f"{progress.done} recordings, {progress.sound_s / 3600:.2f} h of sound, in "
            f"{progress.elapsed_s:.0f} s; results in {folder.path}",
            err=True,
        )
    return plan, progress


def _merge(folder: "ResultFolder", plan: "Plan", path: Path, *, quiet: bool) -> None:
    from anydoa.bulk import merge

    count = merge(folder.places(), plan.order, path)
    if not quiet:
        tell(f"wrote {path}: {count} of {len(plan.order)} recordings", err=True)
