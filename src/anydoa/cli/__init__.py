"""The command line: one file a command, found by name and imported only when it is run."""

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from anydoa.cli.ending import discard_output, exit_code, one_line, prepare_streams
from anydoa.cli.typed import typed
from anydoa.errors import ConfigError
from anydoa.io.names import nearest_name
from anydoa.io.output import protected_inputs

_COMMANDS = (
    "locate",
    "live",
    "serve",
    "devices",
    "doctor",
    "calibrate",
    "card",
    "array",
    "model",
    "evaluate",
    "simulate",
    "rooms",
    "train",
)


class _LazyGroup(TyperGroup):
    """Imports the module of a command when it is asked for: its `app` or the function of its name is run."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the help text."""
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, or None."""
        if cmd_name not in _COMMANDS:
            return None
        return _command(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the words begin with; an unknown one names the nearest."""
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            near = nearest_name(name[:80], _COMMANDS)
            raise ConfigError(
                f"there is no command {name[:80]!r}; did you mean {near!r}? `anydoa --help` lists all"
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a reader of our output that has had enough is no mistake, as typer thinks."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except BrokenPipeError:
            discard_output()
            return 0


@cache
def _command(name: str) -> Any:
    """The command of this name, made once for whoever runs several."""
    module = import_module(f"anydoa.cli.{name}")
    if hasattr(module, "app"):
        command: Any = typer.main.get_group(module.app)
    else:
        single = typer.Typer(add_completion=False)
        single.command(name)(getattr(module, name))
        command = typer.main.get_command(single)
    command.name = name
    for each in (command, *getattr(command, "commands", {}).values()):
        # Lines of docstrings are as long as those of the source; a terminal wraps paragraphs itself.
        each.help = "\n\n".join(" ".join(part.split()) for part in (each.help or "").split("\n\n"))
    return command


app = typer.Typer(cls=_LazyGroup, add_completion=False, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> bool:
    if wanted:
        import anydoa

        typer.echo(f"anydoa {anydoa.__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find where sound comes from, with any microphone array, on any grid of directions."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: words after the program's name; those of the process if None.

    Returns:
        Exit code: 0, 2 for a mistake the user can mend (one line on standard error says which), 130 if
        interrupted, 1 for a mistake of ours.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = typer.main.get_command(app)
    prepare_streams()
    with _warnings_on_stderr(), protected_inputs(), typed(words):
        return exit_code(lambda: command.main(words or ["--help"], prog_name="anydoa", standalone_mode=False))


@contextmanager
def _warnings_on_stderr() -> Iterator[None]:
    """Shows warnings of the package as lines on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_LineFormatter())
    logger = logging.getLogger("anydoa")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: {one_line(record.getMessage())}"
