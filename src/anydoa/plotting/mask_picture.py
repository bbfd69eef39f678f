"""A picture of a learnt mask: the level of every time-frequency bin, and below it how much is let through."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from anydoa.plotting.picture_file import INK, check_picture_path, save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RANGE_DB = 60.0  # below the loudest bin
_LEAST_POWER = 1e-30


def draw_mask(
    power: Float[np.ndarray, "column freq"],
    mask: Float[np.ndarray, "column freq"],
    path: str | PathLike[str],
    *,
    duration_s: float,
    frequencies_hz: Float[np.ndarray, "freq"],
    title: str = "",
) -> None:
    """Draw level and mask of a recording, one above the other.

    Args:
        power: of every bin, evenly spaced from the beginning of the recording to its end.
        mask: of every bin, 0..1.
        path: where to; the suffix says the format: ``.png``, ``.svg`` or ``.pdf``.
        duration_s: length of the recording.
        frequencies_hz: centre of every bin, evenly spaced.
        title: first lines of the picture.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    path = Path(path)
    check_picture_path(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.4), facecolor="white", layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, sharey=True)
    figure.suptitle(title, color=INK, fontsize=13, fontweight="bold", parse_math=False)
    half_bin = np.ptp(frequencies_hz) / max(len(frequencies_hz) - 1, 1) / 2
    sides = (0.0, duration_s, (frequencies_hz[0] - half_bin) / 1000, (frequencies_hz[-1] + half_bin) / 1000)
    loudest = max(float(power.max()), _LEAST_POWER)  # silence is as white as what is far below the loudest
    level_db = 10 * np.log10(np.maximum(power / loudest, 10 ** (-_RANGE_DB / 10)))
    _paint(figure, upper, level_db, sides, ("Greys", -_RANGE_DB, 0.0, "level, dB below the loudest"))
    _paint(figure, lower, mask, sides, ("Blues", 0.0, 1.0, "mask: share of direct sound"))
    lower.set_xlabel("time (s)", color=INK)
    save_picture(figure, path, dpi=130)


def _paint(
    figure: "Figure",
    axes: "Axes",
    values: Float[np.ndarray, "column freq"],
    sides: tuple[float, float, float, float],
    look: tuple[str, float, float, str],
) -> None:
    """One panel with its scale; ``look`` is colours, the values at their ends, and what they mean."""
    colours, lowest, highest, meaning = look
    painted = axes.imshow(
        values.T, origin="lower", aspect="auto", extent=sides, cmap=colours, vmin=lowest, vmax=highest
    )
    axes.set_ylabel("frequency (kHz)", color=INK)
    bar = figure.colorbar(painted, ax=axes, pad=0.01)
    bar.set_label(meaning, color=INK)
    bar.outline.set_visible(False)
