"""Rooms to simulate: a shoebox, where the array stands in it, and where the sound comes from."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import angles_to_direction, great_circle_distance
from anydoa.simulation.limits import check_within

_SABINE = 0.161  # s/m
_ATTEMPTS = 300  # draws of one position before the array is put elsewhere, and of rooms before giving up
RT60_LIMITS_S = (0.01, 10.0)  # from a padded box to the largest cathedrals
_CLEARANCE = 0.1  # m between a talker and the nearest place a microphone can be


@dataclass(frozen=True)
class RoomRanges:
    """What rooms are drawn from; lengths in metres, times in seconds, all uniform.

    Args:
        smallest: least length, width and height.
        largest: greatest length, width and height.
        rt60: least and greatest reverberation time.
        talker_distance: least and greatest distance of a talker from the centre of the array.
        noise_distance: least distance of a noise source from the centre of the array.
        separation_deg: least angle between two talkers.
        wall_margin: least distance of a source from a wall.
        array_margin: least distance of the centre of the array from a wall.

    Raises:
        ConfigError: if reverberation times are none.

    Reference:
        Baek et al. (2026), algorithm 3. The margin of the array is ours.
    """

    smallest: tuple[float, float, float] = (3.0, 3.0, 2.5)
    largest: tuple[float, float, float] = (10.0, 8.0, 6.0)
    rt60: tuple[float, float] = (0.2, 1.3)
    talker_distance: tuple[float, float] = (0.3, 2.5)
    noise_distance: float = 2.5
    separation_deg: float = 10.0
    wall_margin: float = 0.1
    array_margin: float = 0.4

    def __post_init__(self) -> None:
        check_within("a reverberation time (rt60)", self.rt60, *RT60_LIMITS_S, " s")


@dataclass(frozen=True, eq=False)
class Room:
    """A shoebox with one corner in the origin.

    Args:
        size: length, width and height in metres.
        absorption: share of the energy that each wall swallows, in the order x = 0, x = length, y = 0,
            y = width, floor, ceiling.
        rt60: reverberation time in seconds.
    """

    size: Float[np.ndarray, "3"]
    absorption: Float[np.ndarray, "6"]
    rt60: float

    @property
    def volume(self) -> float:
        """Cubic metres."""
        return float(np.prod(self.size))


@dataclass(frozen=True, eq=False)
class Placement:
    """Where everything is, in the coordinates of the room.

    Args:
        room: the room.
        centre: centre of the array.
        talkers: positions of talkers.
        noises: positions of noise sources.
    """

    room: Room
    centre: Float[np.ndarray, "3"]
    talkers: Float[np.ndarray, "source 3"]
    noises: Float[np.ndarray, "noise 3"] = field(default_factory=lambda: np.zeros((0, 3)))


def shoebox(size: Float[np.ndarray, "3"], rt60: float, weights: Float[np.ndarray, "6"] | None = None) -> Room:
    """A room whose walls give the asked reverberation time.

    Args:
        size: length, width and height in metres.
        rt60: seconds.
        weights: absorption of the walls relative to each other; equal unless given.

    Raises:
        ConfigError: if a length or the time is not positive.

    Reference:
        Eyring (1930). The paper names Sabine's formula, which asks large rooms with short times for walls
        that swallow more than all energy.
    """
    size = np.asarray(size, dtype=np.float64)
    if not (size > 0).all() or rt60 <= 0:
        raise ConfigError(f"a room needs lengths and rt60 above 0, got {size.tolist()} m and {rt60} s")
    walls = np.repeat(np.roll(size, 1) * np.roll(size, 2), 2)
    mean = 1 - np.exp(-_SABINE * np.prod(size) / (walls.sum() * rt60))
    weights = np.ones(6) if weights is None else weights
    absorption = mean * weights / np.average(weights, weights=walls)
    return Room(size, np.clip(absorption, 0, 0.99), rt60)


def sample_placement(
    rng: np.random.Generator,
    ranges: RoomRanges,
    *,
    num_talkers: int,
    num_noises: int = 0,
    array_radius: float = 0.1,
) -> Placement:
    """A random room with an array, talkers around it and noise sources farther away.

    Azimuths of talkers are uniform, colatitudes half an angle drawn from von Mises (pi, 2), so that
    directions near the horizon are preferred.

    Args:
        rng: source of randomness.
        ranges: what to draw from.
        num_talkers: how many positions of talkers.
        num_noises: how many positions of noise sources.
        array_radius: metres from the centre of the array to its farthest microphone; talkers stay outside.

    Raises:
        ConfigError: if such a room is not found.
    """
    for _ in range(_ATTEMPTS):
        size = rng.uniform(ranges.smallest, ranges.largest)
        room = shoebox(size, rng.uniform(*ranges.rt60), rng.uniform(0.5, 1.0, 6))
        margin = max(ranges.array_margin, array_radius + ranges.wall_margin)
        if (size < 2 * margin).any():
            continue
        centre = rng.uniform(margin, size - margin)
        talkers = _sample_talkers(rng, ranges, (room, centre), (num_talkers, array_radius))
        noises = _sample_noises(rng, ranges, (room, centre), num_noises)
        if talkers is not None and noises is not None:
            return Placement(room, centre, talkers, noises)
    raise ConfigError(
        f"no room of {ranges.smallest} to {ranges.largest} m holds an array of radius {array_radius:.2f} m, "
        f"{num_talkers} talkers and {num_noises} noises; allow larger rooms or ask for fewer sources"
    )


def sample_paths(
    rng: np.random.Generator,
    ranges: RoomRanges,
    placement: Placement,
    *,
    num_knots: int,
    array_radius: float = 0.1,
) -> Float[np.ndarray, "talker knot 3"]:
    """Straight paths that talkers walk, each from a talker's position to another place a talker may stand.

    Where the second place would lead the talker through the array, another is drawn.

    Args:
        rng: source of randomness.
        ranges: what to draw from.
        placement: the room and the talkers in it.
        num_knots: places along each path, evenly spaced.
        array_radius: metres from the centre of the array to its farthest microphone.
    """
    share = np.linspace(0, 1, num_knots)[:, None]
    stage = (placement.room, placement.centre)
    paths = []
    for start in placement.talkers:
        nearest = 0.0
        while nearest < _nearest_talker(ranges, array_radius):
            end = _sample_talkers(rng, ranges, stage, (1, array_radius))
            if end is not None:
                path = (1 - share) * start + share * end[0]
                nearest = np.linalg.norm(path - placement.centre, axis=1).min()
        paths.append(path)
    return np.stack(paths)


def _sample_talkers(
    rng: np.random.Generator,
    ranges: RoomRanges,
    stage: tuple[Room, Float[np.ndarray, "3"]],
    wanted: tuple[int, float],
) -> Float[np.ndarray, "source 3"] | None:
    (room, centre), (count, radius) = stage, wanted
    nearest = _nearest_talker(ranges, radius)
    found = np.zeros((0, 3))
    for _ in range(_ATTEMPTS):
        if len(found) == count:
            break
        offset = rng.uniform(nearest, max(nearest, ranges.talker_distance[1])) * sample_direction(rng)
        apart = np.rad2deg(great_circle_distance(found, offset)) if len(found) else np.array([180.0])
        if apart.min() >= ranges.separation_deg and _is_inside(centre + offset, room, ranges.wall_margin):
            found = np.vstack([found, offset])
    return centre + found if len(found) == count else None


def _sample_noises(
    rng: np.random.Generator, ranges: RoomRanges, stage: tuple[Room, Float[np.ndarray, "3"]], count: int
) -> Float[np.ndarray, "noise 3"] | None:
    room, centre = stage
    points = rng.uniform(ranges.wall_margin, room.size - ranges.wall_margin, (_ATTEMPTS, 3))
    points = points[np.linalg.norm(points - centre, axis=1) >= ranges.noise_distance]
    return points[:count] if len(points) >= count else None


def _nearest_talker(ranges: RoomRanges, array_radius: float) -> float:
    return max(ranges.talker_distance[0], array_radius + _CLEARANCE)


def sample_direction(rng: np.random.Generator) -> Float[np.ndarray, "3"]:
    """A direction with uniform azimuth and a colatitude that prefers the horizon."""
    azimuth = rng.uniform(-np.pi, np.pi)
    colatitude = (rng.vonmises(np.pi, 2.0) % (2 * np.pi)) / 2
    return angles_to_direction(azimuth, np.pi / 2 - colatitude)


def _is_inside(point: Float[np.ndarray, "3"], room: Room, margin: float) -> bool:
    return bool((point >= margin).all() and (point <= room.size - margin).all())
