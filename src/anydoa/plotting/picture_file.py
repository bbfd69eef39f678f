"""Pictures on disk, and the inks that all of them share."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from anydoa.errors import ConfigError
from anydoa.io.output import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
INK = "#1f2933"
FAINT = "#cbd2d9"


def check_picture_path(path: Path) -> None:
    """Refuse a path whose suffix is no picture's.

    Raises:
        ConfigError: naming the suffixes that are.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path}: pictures are written as {', '.join(FORMATS)}; change the suffix")


def save_picture(figure: "Figure", path: Path, *, dpi: int = 150) -> None:
    """Write a figure.

    Args:
        figure: what to write.
        path: where to; the suffix says the format.
        dpi: pixels an inch.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    check_picture_path(path)
    with whole_file(path) as partial, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a title in a script the font lacks
        figure.savefig(partial, dpi=dpi, format=path.suffix.lower().removeprefix("."))
