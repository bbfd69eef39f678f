"""What rooms and the arrays in them are asked for by: options that `simulate` and `rooms` share."""

import re
from math import isfinite
from typing import TYPE_CHECKING, Annotated

import typer

from anydoa.cli.options import ARRAY
from anydoa.errors import ConfigError

if TYPE_CHECKING:
    from anydoa.geometry import MicrophoneArray
    from anydoa.simulation.rooms import RoomPlan

SCENES = "Scenes"
_RANDOM = "random:"

RandomArrayOption = Annotated[
    str,
    typer.Option(
        help="Name or file of an array, or random:4-12 for arrays of 4 to 12 microphones.",
        rich_help_panel=ARRAY,
    ),
]
ShapesOption = Annotated[
    str,
    typer.Option(help="Shapes of random arrays, evenly: any of ball,plane,line,wide.", rich_help_panel=ARRAY),
]
SphereOption = Annotated[
    bool,
    typer.Option(
        "--sphere",
        help="The array sits on a rigid sphere, if its file does not say how it hears.",
        rich_help_panel=ARRAY,
    ),
]
Rt60Option = Annotated[
    str,
    typer.Option(help="Reverberation time in seconds: a number or a range.", rich_help_panel=SCENES),
]


def parse_range(text: str, option: str) -> tuple[float, float]:
    """``LOW:HIGH`` or one number, as the two ends.

    Raises:
        ConfigError: if it is neither, or falls.
    """
    parts = text.split(":")
    try:
        low, high = float(parts[0]), float(parts[-1])
    except ValueError:
        low, high = 1.0, 0.0
    if len(parts) > 2 or not isfinite(low) or not isfinite(high) or not low <= high:
        raise ConfigError(
            f"{option} takes a number or LOW:HIGH, rising and finite, got {text!r}; give one such as 0.2:0.8"
        )
    return low, high


def known_array(name: str, *, sphere: bool) -> "MicrophoneArray | None":
    """An array whose microphones are the channels of what is written; None for random ones.

    Args:
        name: the array as it was asked for.
        sphere: whether it sits on a rigid sphere, if its file does not say how it hears.

    Raises:
        ArrayFileError: if there is no such array, or its file cannot be read.
        ConfigError: if it can sit on no sphere.
    """
    from anydoa.io import load_array

    if name.startswith(_RANDOM):
        if sphere:
            raise ConfigError("random arrays sit on no sphere; leave out --sphere or name an array")
        return None
    array = load_array(name)
    array = array.replace(channels=tuple(range(array.num_microphones)), ignore_channels=())
    return _on_sphere(array) if sphere else array


def plan_rooms(name: str, known: "MicrophoneArray | None", *, shapes: str, rt60: str) -> "RoomPlan":
    """The plan of one room with the arrays and the reverberation that a person asked for.

    Args:
        name: the array as it was asked for.
        known: the array as it sits in the rooms, or None for random ones.
        shapes: shapes of random arrays, with commas between.
        rt60: a number of seconds, or a range.

    Raises:
        ConfigError: if the wishes do not fit together.
    """
    from anydoa.simulation.recipe import RoomRanges
    from anydoa.simulation.rooms import RoomPlan

    ranges = RoomRanges(rt60=parse_range(rt60, "--rt60"))
    if known is not None:
        if shapes != "ball":
            raise ConfigError(
                f"--shapes is for random arrays, got --array {name!r}; leave it out or name random:4-12"
            )
        return RoomPlan(num_rooms=1, ranges=ranges).with_array(known)
    counts = re.fullmatch(r"(\d+)(?:-(\d+))?", name.removeprefix(_RANDOM))
    if counts is None:
        raise ConfigError(
            f"random arrays are random:COUNT or random:FEWEST-MOST, got {name!r}; random:4-12 is one"
        )
    return RoomPlan(
        num_rooms=1,
        ranges=ranges,
        microphones=(int(counts[1]), int(counts[2] or counts[1])),
        shapes=tuple(shape.strip() for shape in shapes.split(",")),
    )


def num_knots(duration_s: float) -> int:
    """Places on the path of a talker who walks for so long: eight a second."""
    return 1 + round(8 * duration_s)


def _on_sphere(array: "MicrophoneArray") -> "MicrophoneArray":
    """The array on the ball around its middle that all microphones lie on, within a tenth of its radius.

    One whose file names a sphere stays on that.
    """
    if array.patterns or array.steering is not None:
        raise ConfigError(
            f"--sphere: the file of {array.name!r} says how its microphones hear; leave it out, or take "
            "those lines out of the file"
        )
    if array.rigid_sphere_radius is not None:
        return array
    radii = (array.centred_positions**2).sum(axis=1) ** 0.5
    radius = float(radii.mean())
    if float(abs(radii - radius).max()) > 0.1 * radius:
        raise ConfigError(
            f"--sphere: microphones of {array.name!r} are {radii.min():.3g} to {radii.max():.3g} m from "
            "their centre, so on no sphere; leave it out or take an array such as em32"
        )
    return array.replace(
        body_positions=array.centred_positions * (radius / radii)[:, None],
        mount_rpy_deg=(0.0, 0.0, 0.0),
        rigid_sphere_radius=radius,
    )
