"""A picture of how a network sees the sphere: its representations of directions on their chief axes."""

from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from anydoa.geometry.coordinates import direction_to_angles_deg
from anydoa.geometry.grid import DirectionGrid
from anydoa.plotting.picture import FAINT, INK, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def principal_components(
    latents: Float[np.ndarray, "grid latent"],
) -> tuple[Float[np.ndarray, "grid 2"], Float[np.ndarray, "2"]]:
    """Vectors on the two axes along which they differ most, and the share of their variance on each.

    The mean is taken out. An axis points to where the direction farthest along it lies, so that a picture of
    the same vectors is always the same.

    Args:
        latents: a vector a direction.
    """
    centred = latents.astype(np.float64) - latents.mean(axis=0, dtype=np.float64)
    left, scale, _ = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :2] * scale[:2]
    farthest = places[np.abs(places).argmax(axis=0), [0, 1]]
    share = scale[:2] ** 2 / max(float((scale**2).sum()), np.finfo(float).tiny)
    return places * np.where(farthest < 0, -1.0, 1.0), share


def draw_latent_map(
    latents: Float[np.ndarray, "grid latent"],
    grid: DirectionGrid,
    path: str | PathLike[str],
    *,
    title: str = "",
) -> None:
    """Draw the latent space of a grid twice, coloured by azimuth and by elevation.

    Args:
        latents: representation of each direction.
        grid: the directions.
        path: picture to write; the suffix says the format: ``.png``, ``.svg`` or ``.pdf``.
        title: heading of the picture.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    places, share = principal_components(latents)
    azimuth_deg, elevation_deg = direction_to_angles_deg(grid.directions)
    with picture(path, (9, 4), dpi=80) as figure:
        figure.suptitle(title, color=INK, fontsize=12, fontweight="bold", parse_math=False)
        left, right = figure.subplots(1, 2, sharex=True, sharey=True)
        # Azimuth comes round to where it began, and so do its colours.
        _scatter(figure, left, places, azimuth_deg, ("twilight_shifted", 180, "azimuth, degrees"))
        _scatter(figure, right, places, elevation_deg, ("viridis", 90, "elevation, degrees"))
        for axes in (left, right):
            axes.set_xlabel(f"first component, {100 * share[0]:.0f} % of the variance", color=INK)
        left.set_ylabel(f"second component, {100 * share[1]:.0f} %", color=INK)


def _scatter(
    figure: "Figure",
    axes: "Axes",
    places: Float[np.ndarray, "grid 2"],
    angle_deg: Float[np.ndarray, "grid"],
    look: tuple[str, int, str],
) -> None:
    """One panel with its scale; ``look`` is colours, the greatest angle to both sides, and what it is."""
    colours, limit, meaning = look
    across, up = places.T
    dots = axes.scatter(across, up, c=angle_deg, s=7, lw=0, cmap=colours, vmin=-limit, vmax=limit)
    axes.set_aspect("equal")
    axes.grid(color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    bar = figure.colorbar(
        dots, ax=axes, shrink=0.7, pad=0.02, ticks=[-limit, -limit / 2, 0, limit / 2, limit]
    )
    bar.set_label(meaning, color=INK)
    bar.outline.set_visible(False)
