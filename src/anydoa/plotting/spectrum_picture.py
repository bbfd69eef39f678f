"""A picture of a localization: the spectrum as a map of all directions, and azimuth over time.

The map is a Mollweide projection seen from the array: the front in the middle, left on the left. Azimuth,
which grows anticlockwise, therefore grows to the left.
"""

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from anydoa.geometry.coordinates import angles_to_direction, direction_to_angles, direction_to_angles_deg
from anydoa.geometry.grid import DirectionGrid
from anydoa.plotting.picture import BAD, FAINT, GOOD, INK, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RASTER = (361, 181)  # azimuths and elevations of the map
_MERIDIANS_DEG = (150, 120, 90, 60, 30, 0, -30, -60, -90, -120, -150)
_MIN_DISC = np.deg2rad(1.5)  # radius that a direction fills on the map at least, to be seen at all


@dataclass(frozen=True, eq=False)
class AzimuthTrace:
    """Where sources were in each frame.

    Args:
        times_s: seconds from the beginning to the frame of each point.
        azimuth_deg: azimuth of each point.
        score: score of each point, 0..1; paler points score less.
        duration_s: length of the recording.
    """

    times_s: Float[np.ndarray, "point"]
    azimuth_deg: Float[np.ndarray, "point"]
    score: Float[np.ndarray, "point"]
    duration_s: float


def draw_spectrum(
    values: Float[np.ndarray, "grid"],
    grid: DirectionGrid,
    path: str | PathLike[str],
    *,
    directions: Float[np.ndarray, "source 3"],
    title: str = "",
    trace: AzimuthTrace | None = None,
) -> None:
    """Draw a spectrum with its sources marked, and under it azimuth over time if given.

    Args:
        values: spectrum, 0..1.
        grid: directions of the spectrum.
        path: picture to write; the suffix says the format: ``.png``, ``.svg`` or ``.pdf``.
        directions: unit vectors towards the sources to mark.
        title: first line of the picture.
        trace: sources of each frame.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    with picture(path, (10, 5.4 if trace is None else 8.2), dpi=130) as figure:
        panels = figure.add_gridspec(
            1 if trace is None else 2, 1, height_ratios=[1] if trace is None else [2, 1]
        )
        if title:
            figure.suptitle(title, color=INK, fontsize=13, fontweight="bold", parse_math=False)
        sphere = figure.add_subplot(panels[0], projection="mollweide")
        _draw_map(sphere, figure, values, grid)
        for azimuth, elevation in np.stack(direction_to_angles(directions), axis=-1).tolist():
            sphere.plot(-azimuth, elevation, "o", ms=13, mfc="none", mec=BAD, mew=2)
            # Labels lean towards the middle of the map, so that none is cut off at its rim.
            sideways = 1 if azimuth > 0 else -1
            sphere.annotate(
                f"{np.rad2deg(azimuth):.0f}°, {np.rad2deg(elevation):.0f}°",
                (-azimuth, elevation), (12 * sideways, 10), textcoords="offset points",
                ha="left" if sideways > 0 else "right", color=BAD, fontsize=11, fontweight="bold",
                bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
            )  # fmt: skip
        if trace is not None:
            _draw_trace(figure.add_subplot(panels[1]), trace, directions)


def _draw_map(axes: "Axes", figure: "Figure", values: Float[np.ndarray, "grid"], grid: DirectionGrid) -> None:
    from matplotlib.patheffects import withStroke

    across = np.linspace(-np.pi, np.pi, _RASTER[0])
    up = np.linspace(-np.pi / 2, np.pi / 2, _RASTER[1])
    places = angles_to_direction(-across[None, :], up[:, None])  # (up, across, 3)
    # Values between directions are weighted by nearness, and masked where the grid does not look.
    shape = (len(up), len(across), min(4, len(grid)))
    distance, index = (part.reshape(shape) for part in cKDTree(grid.directions).query(places, k=shape[2]))
    weight = 1 / np.maximum(distance, 1e-3) ** 2
    mixed = (weight * values[index]).sum(axis=-1) / weight.sum(axis=-1)
    reach = np.clip(grid.reach, _MIN_DISC, max(0.5, _MIN_DISC))[index[..., 0]]
    raster = np.ma.masked_where(distance[..., 0] > reach, mixed)
    painted = axes.pcolormesh(across, up, raster, cmap="Blues", shading="gouraud")
    axes.set_facecolor("#f5f7fa")
    axes.set_xticks([np.deg2rad(-azimuth) for azimuth in _MERIDIANS_DEG])
    halo = [withStroke(linewidth=2, foreground="white")]
    axes.set_xticklabels(
        [f"{azimuth}°" for azimuth in _MERIDIANS_DEG], fontsize=8, color=INK, path_effects=halo
    )
    axes.set_yticks(np.deg2rad([-60, -30, 0, 30, 60]))
    axes.tick_params(axis="y", labelsize=8, labelcolor=INK)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_xlabel("azimuth seen from the array: left is positive, the front in the middle", color=INK)
    axes.set_ylabel("elevation", color=INK)
    bar = figure.colorbar(painted, ax=axes, shrink=0.7, pad=0.02)
    bar.set_label("spectrum, mean of the recording", color=INK)
    bar.outline.set_visible(False)


def _draw_trace(axes: "Axes", trace: AzimuthTrace, directions: Float[np.ndarray, "source 3"]) -> None:
    from matplotlib.colors import to_rgba

    strength = np.clip(trace.score / max(float(trace.score.max(initial=0)), 1e-6), 0.15, 1)
    colours = [to_rgba(GOOD, float(alpha)) for alpha in strength]
    axes.scatter(trace.times_s, trace.azimuth_deg, s=16, color=colours, linewidth=0)
    for azimuth_deg in direction_to_angles_deg(directions)[0]:
        axes.axhline(azimuth_deg, color=BAD, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            f"{azimuth_deg:.0f}°", (1, azimuth_deg), (5, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", color=BAD, va="center", fontsize=10, fontweight="bold",
        )  # fmt: skip
    axes.set_xlim(0, trace.duration_s)
    axes.set_ylim(-180, 180)
    axes.set_yticks(range(-180, 181, 60))
    axes.set_xlabel("time (s)", color=INK)
    axes.set_ylabel("azimuth (°), left is positive", color=INK)
    axes.grid(color=FAINT, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
