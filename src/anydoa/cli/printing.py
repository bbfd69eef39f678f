"""What a person sees on the terminal: lines that command no terminal, directions, tables, a progress bar."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from anydoa.io.files import printable_text

if TYPE_CHECKING:
    import numpy as np
    from rich.console import RenderableType

_NO_AZIMUTH_DEG = 86.0  # elevation up and down from which azimuth means less than an estimate is sure of

_ENDLESS = 10**6  # columns; no line is as long


def tell(text: str, *, err: bool = False) -> None:
    """Print lines, on standard error if told so."""
    typer.echo("\n".join(map(printable_text, text.split("\n"))), err=err)


def angle_words(direction: "np.ndarray") -> tuple[str, str]:
    """Azimuth and elevation; straight up and down there is no azimuth worth the name."""
    from anydoa.io.angles import round_angles_deg

    azimuth_deg, elevation_deg = round_angles_deg(direction, 1)
    azimuth = "any" if abs(elevation_deg) >= _NO_AZIMUTH_DEG else f"{azimuth_deg}°"
    return azimuth, f"{elevation_deg}°"


def place_words(direction: "np.ndarray", score: float) -> str:
    """The columns azimuth, elevation and score of a table."""
    azimuth, elevation = angle_words(direction)
    return f"{azimuth:>7}  {elevation:>9}  {score:5.2f}"


def mirror_words(mirror: "Sequence[np.ndarray]") -> str:
    """Where else the source of a row may be; the last column."""
    return "".join(f"   or {', '.join(angle_words(twin))} mirrored" for twin in mirror)


def print_table(*parts: "RenderableType") -> None:
    """Print tables and lines between them; what is not a terminal has no width to wrap at."""
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        # As wide as the widest line: programs that read along find every row on one line.
        endless = console.options.update(width=_ENDLESS)
        console.width = max(console.measure(part, options=endless).maximum for part in parts)
    for part in parts:
        console.print(part)


@contextmanager
def progress_bar(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on the error stream; what it gives is called with the number done and the number in all."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    text = TextColumn("{task.description}", markup=False)
    columns = (text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True, markup=False)
    with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
