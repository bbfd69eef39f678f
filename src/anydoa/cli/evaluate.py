"""``anydoa evaluate``: any number of estimators on a suite, in one table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from anydoa.errors import ConfigError
from anydoa.output_file import check_outputs, prepare_folder, write_text

if TYPE_CHECKING:
    from anydoa.evaluation.clip import Suite
    from anydoa.evaluation.scoring import ClipScore
    from anydoa.geometry.grid import DirectionGrid
    from anydoa.peaks import Rule


def evaluate(
    suite: Annotated[
        str,
        typer.Option(
            help="dynamic-s, dynamic-u, presets, array:NAME or array:FILE, real:DIR, locata:DIR, "
            "realman:DIR, rsl2019:DIR, or a folder that "
            "`anydoa simulate` has written."
        ),
    ],
    estimator: Annotated[
        list[str] | None, typer.Option(help="Name of an estimator; may be given several times. Default: all.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Most clips of each row of the table.")] = None,
    speech: Annotated[
        Path | None,
        typer.Option(
            help="Folder of dry speech; its test speakers are used. Default: installed Asterisk prompts."
        ),
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(help="Folder of noise; its test part is used. Default: generated noise.")
    ] = None,
    grid: Annotated[
        str, typer.Option(help="Directions to look in, such as fibonacci:2048 or icosphere:4.")
    ] = "fibonacci:2048",
    rule: Annotated[
        str,
        typer.Option(
            help="How peaks of frames are picked: published (on the grid) or maxima (as locate does)."
        ),
    ] = "published",
    seed: Annotated[
        int, typer.Option(min=0, help="Another number makes another suite; published figures have 0.")
    ] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes; several use one thread each.")] = 1,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder to keep decoded speech and rendered clips in for the next run."),
    ] = None,
    causes: Annotated[
        bool,
        typer.Option(
            "--causes", help="A second table: what the errors come from. Not with --json and --csv."
        ),
    ] = False,
    causes_json: Annotated[
        Path | None, typer.Option(help="File to write what the errors come from to, as JSON.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of rows as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print rows as CSV.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Measure estimators: mean error and share within 10 degrees with 95 % intervals, and detection."""
    if as_json + as_csv + as_markdown > 1:
        raise ConfigError("--json, --csv and --markdown exclude each other; give one of them")
    if causes and (as_json or as_csv):
        raise ConfigError("--causes prints a second table; with --json or --csv give --causes-json FILE")
    from anydoa.estimators import ESTIMATORS
    from anydoa.evaluation.report import cause_rows, causes_to_json
    from anydoa.evaluation.suite import open_suite
    from anydoa.io.grid_file import load_grid
    from anydoa.runtime.folder import list_models

    directions = load_grid(grid)
    recordings = open_suite(suite, speech=speech, noise=noise, seed=seed, cache=cache)
    check_outputs(causes_json)
    if cache is not None:
        prepare_folder(cache)
    names = list(dict.fromkeys(estimator or (*ESTIMATORS, *list_models())))
    scores = _run(
        recordings, names, directions, limit=limit, jobs=jobs, rule=_checked_rule(rule), quiet=quiet
    )
    if as_json or as_csv:
        _print_rows(scores, as_json=as_json)
    else:
        _print_tables(scores, causes=causes, as_markdown=as_markdown)
    # After the table, so that nothing that goes wrong here can cost it.
    if causes_json is not None:
        write_text(causes_json, causes_to_json(cause_rows(scores)))


def _checked_rule(text: str) -> "Rule":
    from anydoa.peaks import Rule

    if text not in get_args(Rule):
        raise ConfigError(f"--rule must be one of {', '.join(get_args(Rule))}, got {text!r}")
    return cast(Rule, text)


def _run(
    recordings: "Suite",
    names: Sequence[str],
    directions: "DirectionGrid",
    *,
    limit: int | None,
    jobs: int,
    rule: "Rule",
    quiet: bool,
) -> "list[ClipScore]":
    """Scores, with a progress bar on the error stream."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from anydoa.evaluation.runner import run_suite

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=Console(stderr=True, markup=False), transient=True, disable=quiet
    ) as progress:
        task = progress.add_task(f"{recordings.name}: {', '.join(names)}", total=None)
        return run_suite(
            recordings,
            names,
            directions,
            limit=limit,
            jobs=jobs,
            rule=rule,
            report=lambda done, total: progress.update(task, completed=done, total=total),
        )


def _print_rows(scores: "Sequence[ClipScore]", *, as_json: bool) -> None:
    from anydoa.evaluation.report import report_rows, rows_to_csv, rows_to_json

    typer.echo((rows_to_json if as_json else rows_to_csv)(report_rows(scores)), nl=False)


def _print_tables(scores: "Sequence[ClipScore]", *, causes: bool, as_markdown: bool) -> None:
    """The main table and, if wanted, what its errors come from."""
    from rich.console import Console

    from anydoa.evaluation.report import (
        cause_rows,
        causes_to_markdown,
        causes_to_table,
        report_rows,
        rows_to_markdown,
        rows_to_table,
    )

    if as_markdown:
        typer.echo(rows_to_markdown(report_rows(scores)), nl=False)
        if causes:
            typer.echo("\n" + causes_to_markdown(cause_rows(scores)), nl=False)
        return
    # What is not a terminal has no width to wrap at.
    console = Console(markup=False) if Console().is_terminal else Console(width=160, markup=False)
    console.print(rows_to_table(report_rows(scores)))
    if causes:
        console.print(causes_to_table(cause_rows(scores)))
