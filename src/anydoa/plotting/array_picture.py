"""Pictures of an array: its microphones with numbers and 0 degrees, and how refined positions moved."""

import textwrap
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from anydoa.geometry import MicrophoneArray
from anydoa.geometry.channels import channel_ranges
from anydoa.plotting.picture import BAD, FAINT, GOOD, INK, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AXIS_COLOURS = ("#c92a2a", "#2b8a3e", "#1864ab")  # x, y, z as everywhere: red, green, blue
_COMPASS = {90: "90° left", 180: "180°", -90: "-90° right"}


@dataclass(frozen=True)
class _Plane:
    """Which axis of the frame (0..2) runs across the page and which up; ``sense`` -1 runs to the left."""

    across: int
    up: int
    sense: int = 1


_ABOVE = _Plane(across=1, up=0, sense=-1)
_RIGHT = _Plane(across=0, up=2)
_FRONT = _Plane(across=1, up=2)


@dataclass(frozen=True)
class _View:
    """One projection of the array.

    Args:
        axes: panel to draw on.
        plane: plane of the projection.
        points: projected microphones in millimetres, across and up the page.
        centre: the array's centre in the same terms.
        reach: millimetres from the centre to the farthest microphone, in space.
    """

    axes: "Axes"
    plane: _Plane
    points: Float[np.ndarray, "mic 2"]
    centre: Float[np.ndarray, "2"]
    reach: float


def draw_array(array: MicrophoneArray, path: str | PathLike[str]) -> None:
    """Draw an array from above (front up the page), from its right side and from its front.

    All views have one scale, in millimetres of the user's frame. Numbers are microphones, from 0.

    Args:
        array: array to draw.
        path: picture to write; the suffix says the format: ``.png``, ``.svg`` or ``.pdf``.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    facts = (
        f"{array.num_microphones} microphones in a {array.ambiguity.rank}, "
        f"{array.span * 1000:.0f} mm from end to end, nearest pair {array.spacing * 1000:.0f} mm"
    )
    facing = textwrap.shorten(f"0° is {array.front}", 150, placeholder=" …") if array.front else ""
    with picture(path, (15, 6.2), layout=None) as figure:
        heading: dict[str, Any] = {"color": INK, "va": "top", "parse_math": False}
        figure.text(0.02, 0.965, array.title, fontsize=16, fontweight="bold", **heading)
        figure.text(0.02, 0.9, f"{facts}\n{facing}".strip(), fontsize=11, linespacing=1.5, **heading)
        panels = [figure.add_axes((left, 0.09, 0.27, 0.68)) for left in (0.06, 0.39, 0.72)]
        above = _view(array, panels[0], "from above", _ABOVE)
        side = _view(array, panels[1], "from the right", _RIGHT)
        front = _view(array, panels[2], "from the front", _FRONT)
        _draw_compass(above)
        _draw_arrow(above, (0, 1))
        _draw_arrow(side, (1, 0))
        # The point of an arrow, as physics draws a vector out of the page.
        across, up = front.centre + np.array([0.0, 1.6 * front.reach])
        ring: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": BAD, "markeredgewidth": 2}
        front.axes.plot(across, up, "o", markersize=13, **ring)
        front.axes.plot(across, up, "o", markersize=4, color=BAD)
        beside: dict[str, Any] = {"ha": "left", "va": "center", "color": BAD, "fontweight": "bold"}
        front.axes.text(across + 0.14 * front.reach, up, "0° towards you", **beside)
        for view in (above, side, front):
            _draw_microphones(view, array.rigid_sphere_radius)


def _view(array: MicrophoneArray, axes: "Axes", title: str, plane: _Plane) -> _View:
    millimetres = array.positions * 1000
    centre = millimetres.mean(axis=0)
    reach = float(np.linalg.norm(millimetres - centre, axis=1).max())
    shown = [plane.across, plane.up]
    view = _View(axes, plane, millimetres[:, shown], centre[shown], reach)
    axes.set_title(title, fontsize=11, color=INK)
    half = 1.85 * reach
    axes.set_xlim(*(view.centre[0] + np.array([-half, half]) * plane.sense))
    axes.set_ylim(view.centre[1] - half, view.centre[1] + half)
    axes.set_aspect("equal")
    axes.set_axisbelow(True)
    axes.grid(color=FAINT, linewidth=0.5)
    axes.set_xlabel(f"{'xyz'[plane.across]} (mm)", color=_AXIS_COLOURS[plane.across])
    axes.set_ylabel(f"{'xyz'[plane.up]} (mm)", color=_AXIS_COLOURS[plane.up])
    axes.spines[["top", "right"]].set_visible(False)
    # The two axes as a corner of arrows, in the colours of robots' frames.
    sense = plane.sense
    corner = (0.5 - 0.44 * sense, 0.05)
    for name, step in ((plane.across, (0.11 * sense, 0.0)), (plane.up, (0.0, 0.11))):
        tip, beyond = ((corner[0] + f * step[0], corner[1] + f * step[1]) for f in (1.0, 1.3))
        axes.annotate(
            "", tip, corner, xycoords="axes fraction", textcoords="axes fraction",
            arrowprops={"arrowstyle": "-|>", "color": _AXIS_COLOURS[name], "linewidth": 1.6, "shrinkA": 0},
        )  # fmt: skip
        axes.text(
            *beyond, "xyz"[name], transform=axes.transAxes, ha="center", va="center",
            color=_AXIS_COLOURS[name], fontweight="bold",
        )  # fmt: skip
    return view


def _draw_arrow(view: _View, towards: tuple[int, int]) -> None:
    """The arrow to 0 degrees, from outside the microphones outwards."""
    unit = np.array(towards, dtype=np.float64)
    start, tip, beyond = (tuple(view.centre + factor * view.reach * unit) for factor in (1.18, 1.5, 1.54))
    arrow = {"arrowstyle": "-|>,head_width=0.45,head_length=0.8", "color": BAD, "linewidth": 3}
    view.axes.annotate("", tip, start, arrowprops=arrow)
    sideways, upright = ("center", "bottom") if towards == (0, 1) else ("left", "center")
    view.axes.text(
        beyond[0], beyond[1], "0° front" if towards == (0, 1) else "0°\nfront", ha=sideways, va=upright,
        color=BAD, fontweight="bold",
    )  # fmt: skip


def _draw_compass(view: _View) -> None:
    """A faint circle around the array with its azimuths, for the view from above."""
    turn = np.linspace(0, 2 * np.pi, 181)
    circle = view.centre + 1.18 * view.reach * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    view.axes.plot(*circle.T, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
    for azimuth_deg, label in _COMPASS.items():
        azimuth = np.deg2rad(azimuth_deg)
        across, up = view.centre + 1.24 * view.reach * np.array([np.sin(azimuth), np.cos(azimuth)])
        sideways = {90: "right", -90: "left"}.get(azimuth_deg, "center")
        upright = "top" if azimuth_deg == 180 else "center"
        view.axes.text(across, up, label, ha=sideways, va=upright, color=INK, fontsize=9)


def _draw_microphones(view: _View, sphere_radius: float | None) -> None:
    """The microphones with their numbers, on the sphere if there is one."""
    from matplotlib.patches import Circle

    if sphere_radius is not None:
        # The sphere is centred on the origin of the frame, which the mount turns but does not move.
        ball = Circle((0, 0), sphere_radius * 1000, facecolor="#eef2f6", edgecolor=FAINT, zorder=1)
        view.axes.add_patch(ball)
    across, up = view.points.T
    view.axes.scatter(across, up, s=46, color=GOOD, edgecolor="white", linewidth=0.8, zorder=3)
    for order, (place, text) in enumerate(_labels(view.points, 0.1 * view.reach)):
        height = float(place[1] - view.centre[1])
        # Numbers stand on the outer side; on a level line they take turns, so that none touch.
        above = height > 0 if abs(height) > 0.05 * view.reach else order % 2 == 0
        view.axes.annotate(
            textwrap.fill(text, 12), (float(place[0]), float(place[1])),
            (0, 6 if above else -6), textcoords="offset points", ha="center", va="bottom" if above else "top",
            fontsize=9, color=INK, zorder=4,
        )  # fmt: skip


def _labels(points: Float[np.ndarray, "mic 2"], together: float) -> list[tuple[Float[np.ndarray, "2"], str]]:
    """Places and texts of labels, in order across; microphones that fall together share a label."""
    groups: list[tuple[Float[np.ndarray, "2"], list[int]]] = []
    for number, point in enumerate(points):
        for place, numbers in groups:
            if np.linalg.norm(place - point) < together:
                numbers.append(number)
                break
        else:
            groups.append((point, [number]))
    groups.sort(key=lambda group: float(group[0][0]))
    # Three numbers or more in a row become a range.
    return [
        (
            place,
            " ".join(
                f"{a}-{b}" if b > a + 1 else " ".join(map(str, range(a, b + 1)))
                for a, b in channel_ranges(numbers)
            ),
        )
        for place, numbers in groups
    ]


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
        refined: the array with refined positions.
        moves_sd_m: standard deviation of each coordinate.
        directions: unit vectors in the user's frame.
        path: picture to write; the suffix says the format: ``.png``, ``.svg`` or ``.pdf``.

    Raises:
        ConfigError: if the suffix is no picture's, or the file cannot be written.
    """
    centre = nominal.positions.mean(axis=0)
    places = [1000 * (array.positions - centre) for array in (nominal, refined)]
    reach = 1000 * float(np.linalg.norm(nominal.centred_positions, axis=1).max())
    rim = 1.5 * reach  # where directions are marked
    with picture(path, (12, 6.2), layout=None) as figure:
        figure.suptitle(f"{nominal.title}: refined positions (experimental)", color=INK, fontweight="bold")
        views = (("from above", _ABOVE), ("from the right", _RIGHT))
        for axes, (title, plane) in zip(figure.subplots(1, 2), views, strict=True):
            shown = [plane.across, plane.up]
            _draw_moves(axes, [place[:, shown] for place in places], 1000 * moves_sd_m[:, shown])
            # Directions across the page reach less far out.
            ends = np.stack([0.93 * rim * directions[:, shown], rim * directions[:, shown]])
            axes.plot(*np.moveaxis(ends, -1, 0), color=BAD, linewidth=1.5)
            half = 1.1 * rim
            axes.set_xlim(-half * plane.sense, half * plane.sense)
            axes.set_ylim(-half, half)
            axes.set_aspect("equal")
            axes.set_title(title, fontsize=11, color=INK)
            axes.set_xlabel(f"{'xyz'[plane.across]} (mm from the centre)")
            axes.set_ylabel(f"{'xyz'[plane.up]} (mm from the centre)")
            axes.grid(color=FAINT, linewidth=0.5)


def _draw_moves(
    axes: "Axes", places: list[Float[np.ndarray, "mic 2"]], sd: Float[np.ndarray, "mic 2"]
) -> None:
    from matplotlib.patches import Ellipse

    nominal, refined = places
    across, up = nominal.T
    axes.scatter(across, up, s=52, facecolor="none", edgecolor="#868e96", linewidth=1.4, label="file")
    across, up = refined.T
    axes.scatter(across, up, s=10, color=GOOD, label="refined", zorder=3)
    for number, (point, size) in enumerate(zip(refined, sd, strict=True)):
        axes.add_patch(Ellipse((point[0], point[1]), *(2 * size), color=GOOD, alpha=0.2, linewidth=0))
        axes.annotate(
            str(number), (point[0], point[1]), (6, 6), textcoords="offset points", color=INK, fontsize=9
        )
    axes.legend(loc="lower right", fontsize=9, framealpha=0.9)
