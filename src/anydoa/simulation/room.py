"""Shoebox rooms, where the array stands in them, and where the sound comes from."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from anydoa.errors import ConfigError
from anydoa.geometry.coordinates import angles_to_direction, great_circle_distance
from anydoa.simulation.recipe import RoomRanges

_SABINE = 0.161  # s/m
_ATTEMPTS = 300  # draws of one position before the array is put elsewhere, and of rooms before giving up


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
    talkers: Float[np.ndarray, "talker 3"]
    noises: Float[np.ndarray, "noise 3"] = field(default_factory=lambda: np.zeros((0, 3)))


def shoebox(size: Float[np.ndarray, "3"], rt60: float, weights: Float[np.ndarray, "6"] | None = None) -> Room:
    """A room whose walls give the asked reverberation time.

    No wall swallows more than 99 % of the energy. Where more would be needed, echoes from it are louder than
    they should be; ``rt60``, and with it the tail, stays as asked.

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
        raise ConfigError(
            f"a room needs lengths and rt60 above 0, got {size.tolist()} m and {rt60} s; a living room has "
            "[5, 4, 2.5] m and 0.4 s"
        )
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
        rng: random number generator.
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
        stage = _Stage(room, rng.uniform(margin, size - margin), ranges, array_radius)
        talkers = stage.draw_talkers(num_talkers, rng)
        noises = stage.draw_noises(num_noises, rng)
        if talkers is not None and noises is not None:
            return Placement(room, stage.centre, talkers, noises)
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
        rng: random number generator.
        ranges: what to draw from.
        placement: the room and the talkers in it.
        num_knots: places along each path, evenly spaced.
        array_radius: metres from the centre of the array to its farthest microphone.

    Raises:
        ConfigError: if all lead through it.
    """
    share = np.linspace(0, 1, num_knots)[:, None]
    stage = _Stage(placement.room, placement.centre, ranges, array_radius)
    paths = []
    for start in placement.talkers:
        for _ in range(_ATTEMPTS):
            end = stage.draw_talkers(1, rng)
            if end is not None:
                path = (1 - share) * start + share * end[0]
                if np.linalg.norm(path - placement.centre, axis=1).min() >= stage.nearest_talker:
                    paths.append(path)
                    break
        else:
            raise ConfigError(
                f"no talker walks around an array of radius {array_radius:.2f} m within "
                f"{ranges.talker_distance[1]:g} m of it; allow more distance, or take a smaller array"
            )
    return np.stack(paths)


def sample_direction(rng: np.random.Generator) -> Float[np.ndarray, "3"]:
    """A direction with uniform azimuth and a colatitude that prefers the horizon."""
    azimuth = rng.uniform(-np.pi, np.pi)
    colatitude = (rng.vonmises(np.pi, 2.0) % (2 * np.pi)) / 2
    return angles_to_direction(azimuth, np.pi / 2 - colatitude)


@dataclass(frozen=True, eq=False)
class _Stage:
    """A room in which the array has its place and sources look for theirs.

    Args:
        room: the room.
        centre: centre of the array.
        ranges: what places are drawn from.
        array_radius: metres from the centre of the array to its farthest microphone.
    """

    room: Room
    centre: Float[np.ndarray, "3"]
    ranges: RoomRanges
    array_radius: float

    @property
    def nearest_talker(self) -> float:
        """Least distance of a talker from the centre: 10 cm from where a microphone can be."""
        return max(self.ranges.talker_distance[0], self.array_radius + 0.1)

    def draw_talkers(self, count: int, rng: np.random.Generator) -> Float[np.ndarray, "talker 3"] | None:
        """Places of talkers; None where so many do not fit."""
        margin = self.ranges.wall_margin
        farthest = max(self.nearest_talker, self.ranges.talker_distance[1])
        found = np.zeros((0, 3))
        for _ in range(_ATTEMPTS):
            if len(found) == count:
                break
            offset = rng.uniform(self.nearest_talker, farthest) * sample_direction(rng)
            place = self.centre + offset
            apart_deg = np.rad2deg(great_circle_distance(found, offset)) if len(found) else np.array([180.0])
            is_inside = (place >= margin).all() and (place <= self.room.size - margin).all()
            if is_inside and apart_deg.min() >= self.ranges.separation_deg:
                found = np.vstack([found, offset])
        return self.centre + found if len(found) == count else None

    def draw_noises(self, count: int, rng: np.random.Generator) -> Float[np.ndarray, "noise 3"] | None:
        """Places of noise sources; None where so many do not fit."""
        margin = self.ranges.wall_margin
        points = rng.uniform(margin, self.room.size - margin, (_ATTEMPTS, 3))
        points = points[np.linalg.norm(points - self.centre, axis=1) >= self.ranges.noise_distance]
        return points[:count] if len(points) >= count else None
