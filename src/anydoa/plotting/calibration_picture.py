"""A picture of refined microphone positions: where they were, where they are, and how sure that is."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from anydoa.geometry.array import MicrophoneArray
from anydoa.plotting.picture_file import FAINT, INK, check_picture_path, save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NOMINAL = "#868e96"
_REFINED = "#2563eb"
_HEARD = "#d9480f"
_RIM = 1.5  # of the array's reach: where directions are marked
_PLANES = (("from above", 1, 0, -1), ("from the right", 0, 2, 1))  # title, axis across, axis up, sense


def draw_calibration(
    nominal: MicrophoneArray,
    refined: MicrophoneArray,
    moves_sd_m: Float[np.ndarray, "mic 3"],
    directions: Float[np.ndarray, "place 3"],
    path: str | PathLike[str],
) -> None:
    """Draw an array before and after refinement, from above and from its right, in millimetres.

    Rings are the file's positions, dots the refined ones, ellipses one standard deviation; marks on the rim
    are directions that sounds came from.

    Args:
        nominal: the array as the file has it.
        refined: the same with refined positions.
        moves_sd_m: standard deviation of each coordinate.
        directions: unit vectors in the user's frame.
        path: where to; the suffix says the format.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    path = Path(path)
    check_picture_path(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.2), facecolor="white")
    figure.suptitle(f"{nominal.title}: refined positions (experimental)", color=INK, fontweight="bold")
    centre = nominal.positions.mean(axis=0)
    places = [1000 * (array.positions - centre) for array in (nominal, refined)]
    for number, (title, across, up, sense) in enumerate(_PLANES):
        axes = figure.add_subplot(1, 2, number + 1)
        plane = [across, up]
        _draw_positions(axes, [place[:, plane] for place in places], 1000 * moves_sd_m[:, plane])
        reach = 1000 * float(np.linalg.norm(nominal.centred_positions, axis=1).max())
        _draw_directions(axes, directions[:, plane], _RIM * reach)
        half = 1.1 * _RIM * reach
        axes.set_xlim(-half * sense, half * sense)
        axes.set_ylim(-half, half)
        axes.set_aspect("equal")
        axes.set_title(title, fontsize=11, color=INK)
        axes.set_xlabel(f"{'xyz'[across]} (mm from the centre)")
        axes.set_ylabel(f"{'xyz'[up]} (mm from the centre)")
        axes.grid(color=FAINT, linewidth=0.5)
    save_picture(figure, path)


def _draw_positions(
    axes: "Axes", places: list[Float[np.ndarray, "mic 2"]], sd: Float[np.ndarray, "mic 2"]
) -> None:
    from matplotlib.patches import Ellipse

    nominal, refined = places
    across, up = nominal.T
    axes.scatter(across, up, s=52, facecolor="none", edgecolor=_NOMINAL, linewidth=1.4, label="file")
    across, up = refined.T
    axes.scatter(across, up, s=10, color=_REFINED, label="refined", zorder=3)
    for number, (point, size) in enumerate(zip(refined, sd, strict=True)):
        axes.add_patch(Ellipse((point[0], point[1]), *(2 * size), color=_REFINED, alpha=0.2, linewidth=0))
        axes.annotate(
            str(number), (point[0], point[1]), (6, 6), textcoords="offset points", color=INK, fontsize=9
        )
    axes.legend(loc="lower right", fontsize=9, framealpha=0.9)


def _draw_directions(axes: "Axes", directions: Float[np.ndarray, "place 2"], rim: float) -> None:
    """A short mark on the rim for each direction; those across the page reach less far out."""
    ends = np.stack([0.93 * rim * directions, rim * directions])
    axes.plot(*np.moveaxis(ends, -1, 0), color=_HEARD, linewidth=1.5)
