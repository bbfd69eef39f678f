"""Options of the commands that work on many processes or machines, and what is said on the way."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from anydoa.cli.printing import tell
from anydoa.errors import ConfigError

if TYPE_CHECKING:
    from anydoa.bulk import Engine, Progress

MANY = "Processes and machines"
"""Panel of the help text."""

JobsOption = Annotated[
    int,
    typer.Option(min=1, help="Processes on this machine, one thread each.", rich_help_panel=MANY),
]
EngineOption = Annotated[
    Literal["local", "dask"],
    typer.Option(
        help="Who works: processes on this machine, or the workers of a dask cluster.", rich_help_panel=MANY
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(metavar="tcp://HOST:8786", help="Scheduler of the dask cluster.", rich_help_panel=MANY),
]


def check_engine(engine: Literal["local", "dask"], jobs: int, scheduler: str | None) -> None:
    """Refuse options of one engine that the other one does not have.

    Raises:
        ConfigError: if they do not fit together.
    """
    if engine == "dask" and scheduler is None:
        raise ConfigError("--engine dask needs the address of its scheduler; add --scheduler tcp://HOST:8786")
    if engine == "dask" and jobs != 1:
        raise ConfigError(
            f"--jobs counts processes of this machine, and dask has its own workers, got {jobs}; leave it out"
        )
    if engine == "local" and scheduler is not None:
        raise ConfigError("--scheduler is for a dask cluster; add --engine dask")


def open_engine(engine: Literal["local", "dask"], jobs: int, scheduler: str | None) -> "Engine":
    """The engine that a command is told, to be closed.

    Raises:
        ConfigError: if its options do not fit together.
        EngineError: if no scheduler answers.
        MissingExtraError: for dask without the ``bulk`` extra.
    """
    check_engine(engine, jobs, scheduler)
    from anydoa.bulk import DaskEngine, LocalEngine

    return LocalEngine(jobs) if scheduler is None else DaskEngine(scheduler)


@contextmanager
def runner(
    engine: Literal["local", "dask"], jobs: int, scheduler: str | None
) -> "Iterator[Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]]":
    """Something like ``map``, in any order: here where one process is enough, else on an engine.

    Raises:
        AnydoaError: as :func:`open_engine`.
    """
    check_engine(engine, jobs, scheduler)
    if engine == "local" and jobs == 1:
        yield map
        return
    from anydoa.bulk import run_each

    with open_engine(engine, jobs, scheduler) as opened:
        yield partial(run_each, opened)


@contextmanager
def told_progress(form: Literal["bar", "json"], *, quiet: bool) -> "Iterator[Callable[[Progress], None]]":
    """Something to call with how far a run is, for a bar with rate and time left, or a line of JSON.

    Both come on the error stream.
    """
    if quiet:
        yield lambda progress: None
    elif form == "json":
        yield lambda progress: tell(progress.to_json(), err=True)
    else:
        yield from _bar()


def _bar() -> "Iterator[Callable[[Progress], None]]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("recordings"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[left]}"),
    )
    with Bar(*columns, console=Console(stderr=True, markup=False), transient=True) as bar:
        task = bar.add_task("", total=None, rate="", left="")

        def show(progress: "Progress") -> None:
            failed = f", {progress.failed} failed" if progress.failed else ""
            seconds = progress.remaining_s  # rich would take what was there before for speed
            bar.update(
                task,
                completed=progress.before + progress.done + progress.failed,
                total=progress.total,
                rate=f"{progress.rate:.1f} a second{failed}",
                left="" if seconds is None else f"{timedelta(seconds=round(seconds))} left",
            )

        yield show
