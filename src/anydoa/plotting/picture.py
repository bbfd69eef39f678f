"""Pictures on disk, and the inks that all of them share."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from anydoa.errors import ConfigError
from anydoa.io.output import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
INK = "#1f2933"
FAINT = "#cbd2d9"
GOOD = "#2563eb"
BAD = "#d9480f"


def check_picture_path(path: Path) -> None:
    """Refuse a path whose suffix is no picture's.

    Raises:
        ConfigError: naming the suffixes that are.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path}: pictures are written as {', '.join(FORMATS)}; change the suffix")


@contextmanager
def picture(
    path: str | PathLike[str],
    size: tuple[float, float],
    *,
    layout: Literal["constrained"] | None = "constrained",
    dpi: int = 150,
) -> Iterator["Figure"]:
    """A white figure to draw on, which is written when the block ends.

    Args:
        path: file to write; the suffix says the format: ``.png``, ``.svg`` or ``.pdf``.
        size: inches across and up.
        layout: how Matplotlib places the panels; None leaves them where they are put.
        dpi: pixels an inch.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    path = Path(path)
    check_picture_path(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, facecolor="white", layout=layout)
    yield figure
    with whole_file(path) as partial, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a title in a script the font lacks
        figure.savefig(partial, dpi=dpi, format=path.suffix.lower().removeprefix("."))
