"""Pictures of a diagnosis: delays measured against delays expected, and directions that sound alike."""

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from anydoa.acoustics import plane_arrival_times
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction, direction_to_angles_deg
from anydoa.plotting.picture import BAD, FAINT, GOOD, INK, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_REFERENCES_DEG = ((0.0, 0.0), (40.0, 30.0))  # azimuth, elevation of the directions that others sound like


@dataclass(frozen=True, eq=False)
class DelayScatter:
    """What the picture of delays shows.

    Args:
        title: heading of the picture.
        pairs: the two channels of each pair.
        measured_s: seconds by which the first hears later, not a number where that is not known.
        expected_s: delays of plane waves, as the array file says.
        mended_s: delays of plane waves after all repairs.
        limit_s: longest delay that sound in air can have between the two.
    """

    title: str
    pairs: Int[np.ndarray, "pair 2"]
    measured_s: Float[np.ndarray, "piece pair"]
    expected_s: Float[np.ndarray, "piece pair"]
    mended_s: Float[np.ndarray, "piece pair"]
    limit_s: Float[np.ndarray, "pair"]


def draw_delays(scatter: DelayScatter, path: str | PathLike[str]) -> None:
    """Draw measured against expected delays, and the delays of each pair within their limits.

    On the left, points on the diagonal are delays as they should be: as the file says, and after repairs if
    those move anything. On the right, dots beyond a pair's bar are impossible.

    Args:
        scatter: delays to draw.
        path: picture to write; the suffix says the format: ``.png``, ``.svg`` or ``.pdf``.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    with picture(path, (15, 6.2)) as figure:
        figure.suptitle(
            scatter.title, x=0.01, ha="left", fontsize=16, fontweight="bold", color=INK, parse_math=False
        )
        moved = not np.allclose(scatter.expected_s, scatter.mended_s)
        panels = figure.subplots(1, 3 if moved else 2)
        colour = BAD if moved else GOOD
        _draw_diagonal(panels[0], scatter.measured_s, scatter.expected_s, "as the array file says", colour)
        if moved:
            _draw_diagonal(panels[1], scatter.measured_s, scatter.mended_s, "after the repairs", GOOD)
        _draw_limits(panels[-1], scatter)


def draw_ambiguity(array: MicrophoneArray, path: str | PathLike[str]) -> None:
    """Draw, for two directions, how differently every other direction reaches the array.

    Dark places sound like the marked direction: its mirror image for a planar array, a cone for a linear one.

    Args:
        array: array to draw.
        path: picture to write; the suffix says the format: ``.png``, ``.svg`` or ``.pdf``.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    azimuth_deg, elevation_deg = np.meshgrid(np.linspace(180, -180, 181), np.linspace(-90, 90, 91))
    directions = angles_deg_to_direction(azimuth_deg, elevation_deg)
    with picture(path, (15, 5)) as figure:
        title = f"{array.title}: dark directions sound like the one marked"
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold", color=INK, parse_math=False)
        panels = figure.subplots(1, len(_REFERENCES_DEG))
        for axes, (azimuth, elevation) in zip(panels, _REFERENCES_DEG, strict=True):
            reference = angles_deg_to_direction(azimuth, elevation)
            # (mic, direction): a delay that all share is not heard
            late = plane_arrival_times(array, directions.reshape(-1, 3))
            late = late - plane_arrival_times(array, reference[None])
            late -= late.mean(axis=0)
            difference = 1e6 * np.sqrt(np.square(late).mean(axis=0)).reshape(azimuth_deg.shape)
            shown = axes.contourf(azimuth_deg, elevation_deg, difference, levels=24, cmap="viridis")
            # Differences below 15 microseconds are not heard in a room.
            axes.contour(azimuth_deg, elevation_deg, difference, levels=[15.0], colors="white", linewidths=1)
            twins = direction_to_angles_deg(array.ambiguity.sounds_like(reference))
            style: dict[str, Any] = {"linestyle": "none", "markeredgecolor": "white"}
            axes.plot(*twins, marker="o", markersize=5, color=BAD, **style)
            axes.plot(azimuth, elevation, marker="*", markersize=16, color=BAD, **style)
            axes.set_xlim(180, -180)
            figure.colorbar(shown, ax=axes, label="difference of the delays (µs, root mean square)")
            marked = f"like azimuth {azimuth:.0f}°, elevation {elevation:.0f}°"
            _label(axes, marked, "azimuth (°)", "elevation (°)")


def _draw_diagonal(
    axes: "Axes",
    measured_s: Float[np.ndarray, "piece pair"],
    expected_s: Float[np.ndarray, "piece pair"],
    title: str,
    colour: str,
) -> None:
    known = np.isfinite(measured_s)
    measured, expected = 1e6 * measured_s[known], 1e6 * expected_s[known]
    reach = 1.1 * max(np.abs(measured).max(initial=1.0), np.abs(expected).max(initial=1.0))
    axes.plot([-reach, reach], [-reach, reach], color=FAINT, linewidth=1.5)
    axes.scatter(expected, measured, s=9, color=colour, alpha=0.5, linewidth=0)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    _label(axes, title, "expected delay (µs)", "measured delay (µs)")


def _draw_limits(axes: "Axes", scatter: DelayScatter) -> None:
    count = len(scatter.pairs)
    limit = 1e6 * scatter.limit_s
    axes.barh(np.arange(count), 2 * limit, left=-limit, height=0.8, color=FAINT)
    for row, delays in enumerate(1e6 * scatter.measured_s.T):
        known = delays[np.isfinite(delays)]
        for inside, colour in ((np.abs(known) <= limit[row], GOOD), (np.abs(known) > limit[row], BAD)):
            axes.scatter(known[inside], np.full(inside.sum(), row), s=7, color=colour, linewidth=0)
    step = -(-count // 45)  # more labels are not readable along an axis
    axes.set_yticks(np.arange(count)[::step], [f"{a}-{b}" for a, b in scatter.pairs[::step]], fontsize=7)
    axes.invert_yaxis()
    _label(axes, "what sound in air can do (bars)", "measured delay (µs)", "pair of channels")


def _label(axes: "Axes", title: str, across: str, up: str) -> None:
    axes.set_title(title, fontsize=11, color=INK)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)
