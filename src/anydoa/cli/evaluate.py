"""``anydoa evaluate``: any number of estimators on a suite, in one table."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from anydoa.cli.engine import EngineOption, JobsOption, SchedulerOption, check_engine, open_engine
from anydoa.cli.options import ESTIMATOR, OUTPUT, SOUND, parse_output_file
from anydoa.cli.printing import print_table, progress_bar
from anydoa.cli.typed import typed_words
from anydoa.errors import ConfigError
from anydoa.io import DEFAULT_GRID
from anydoa.io.output import check_outputs, prepare_folder, write_text

if TYPE_CHECKING:
    from anydoa.evaluation import ClipScore


def evaluate(
    suite: Annotated[
        str,
        typer.Option(
            help="Suite: dynamic-s, dynamic-u, presets, array:NAME or array:FILE, real:DIR, locata:DIR, "
            "realman:DIR, rsl2019:DIR, or a folder that `anydoa simulate` has written."
        ),
    ],
    estimator: Annotated[
        list[str] | None,
        typer.Option(
            help="Name of an estimator; may be given several times. Default: all that look for talkers "
            "and are no protocol of published tables."
        ),
    ] = None,
    look_ahead: Annotated[
        list[str] | None,
        typer.Option(
            metavar="all|0|SECONDS",
            help="Later sound that a frame may be judged by; may be given several times. Default: 0, as "
            "published figures are, and all that helps, as locate does, side by side.",
            rich_help_panel=ESTIMATOR,
        ),
    ] = None,
    form: Annotated[
        Literal["table", "json", "csv", "markdown"],
        typer.Option("--format", help="Form of the table that is printed."),
    ] = "table",
    duration: Annotated[
        float | None,
        typer.Option(
            help="Seconds of each simulated clip. Default: 2; published figures are for 4.",
            rich_help_panel=SOUND,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Most clips of each row of the table."),
    ] = None,
    speech: Annotated[
        Path | None,
        typer.Option(
            help="Folder of dry speech; its test speakers are used. Default: installed Asterisk prompts.",
            rich_help_panel=SOUND,
        ),
    ] = None,
    noise: Annotated[
        Path | None,
        typer.Option(
            help="Folder of noise; its test part is used. Default: generated noise.", rich_help_panel=SOUND
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            help="Another number makes another suite; published figures have 0.",
            rich_help_panel=SOUND,
        ),
    ] = 0,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder to keep decoded speech and rendered clips in for the next run.",
            rich_help_panel=SOUND,
        ),
    ] = None,
    grid: Annotated[
        str,
        typer.Option(
            help="Directions to look in, such as fibonacci:2048 or icosphere:4.", rich_help_panel=ESTIMATOR
        ),
    ] = DEFAULT_GRID,
    rule: Annotated[
        Literal["published", "maxima"],
        typer.Option(
            help="How peaks of frames are picked: published (on the grid) or maxima (as locate does).",
            rich_help_panel=ESTIMATOR,
        ),
    ] = "published",
    jobs: JobsOption = 1,
    engine: EngineOption = "local",
    scheduler: SchedulerOption = None,
    causes: Annotated[
        bool,
        typer.Option(
            "--causes",
            help="A second table: what the errors come from. Only as table and markdown.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    causes_json: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=parse_output_file,
            help="File to write what the errors come from to, as JSON.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=parse_output_file,
            help="File to keep the measurement in, as JSON: rows, command, commit, date, machine.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress bar.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Measure estimators: mean error and share within 10 degrees with 95 % intervals, and detection."""
    if causes and form in ("json", "csv"):
        raise ConfigError(f"--causes prints a second table; with --format {form} give --causes-json FILE")
    check_engine(engine, jobs, scheduler)
    from anydoa.cli.estimator import parse_look_ahead
    from anydoa.estimators import ESTIMATORS, learned_any_sound
    from anydoa.estimators.model import list_models
    from anydoa.evaluation import is_simulated, open_suite, run_suite
    from anydoa.evaluation.record import Measurement, write_record
    from anydoa.evaluation.report import cause_rows, causes_to_json, record_rows
    from anydoa.io import load_grid

    directions, heard = load_grid(grid), [parse_look_ahead(text) for text in look_ahead or ("0", "all")]
    recordings = open_suite(suite, speech=speech, noise=noise, seed=seed, duration_s=duration, cache=cache)
    check_outputs(causes_json, record)
    if cache is not None:
        prepare_folder(cache)
    drawn_from = seed if is_simulated(suite) else None
    measurement = Measurement(typed_words(without=("--record", "--cache")), seed=drawn_from)
    for_talkers = (name for name in (*ESTIMATORS, *list_models()) if not learned_any_sound(name))
    names = list(dict.fromkeys(estimator or for_talkers))
    with (
        progress_bar(f"{recordings.name}: {', '.join(names)}", quiet=quiet) as bar,
        nullcontext() if jobs == 1 and engine == "local" else open_engine(engine, jobs, scheduler) as workers,
    ):
        scores = run_suite(
            recordings,
            names,
            directions,
            limit=limit,
            engine=workers,
            rule=rule,
            look_ahead_s=heard,
            report=bar,
        )
    _print_scores(scores, form, causes=causes)
    # After the table, so that nothing that goes wrong here can cost it.
    if causes_json is not None:
        write_text(causes_json, causes_to_json(cause_rows(scores)))
    if record is not None:
        write_record(record, measurement.record(record_rows(scores, grid=grid, rule=rule)))


def _print_scores(
    scores: "Sequence[ClipScore]", form: Literal["table", "json", "csv", "markdown"], *, causes: bool
) -> None:
    """The main table and, if wanted, what its errors come from."""
    from anydoa.evaluation import report

    rows = report.report_rows(scores)
    if form == "json":
        typer.echo(report.rows_to_json(rows), nl=False)
    elif form == "csv":
        typer.echo(report.rows_to_csv(rows), nl=False)
    elif form == "markdown":
        typer.echo(report.rows_to_markdown(rows), nl=False)
        if causes:
            typer.echo("\n" + report.causes_to_markdown(report.cause_rows(scores)), nl=False)
    else:
        print_table(report.rows_to_table(rows))
        if causes:
            print_table(report.causes_to_table(report.cause_rows(scores)))
