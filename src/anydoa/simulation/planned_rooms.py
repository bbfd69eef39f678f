"""Rooms to mix scenes in: what is to be simulated, and the simulation of one."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float16, Int

from anydoa.constants import MAX_MICROPHONES, MIN_MICROPHONES, SAMPLE_RATE
from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.simulation.array_sampling import check_shape, sample_array
from anydoa.simulation.limits import check_within
from anydoa.simulation.rir import image_sources, room_rir
from anydoa.simulation.room import Placement, RoomRanges, sample_paths, sample_placement
from anydoa.simulation.sphere import RigidSphere

_MOST_ROOMS = 10_000_000
_MOST_SOURCES = 100  # that stand far enough apart around an array are fewer
_MOST_KNOTS = 10_000
_REFLECTIONS = 3  # of each talker that a room keeps the places of


@dataclass(frozen=True)
class BankPlan:
    """What a bank holds. Room i of seed s is the same room in every bank of the same plan.

    Args:
        num_rooms: how many rooms.
        seed: first part of the seed of every room.
        microphones: fewest and most microphones of the random arrays.
        arrays: microphone positions of given arrays, one drawn for each room; random arrays if none.
        num_talkers: positions of talkers in each room.
        num_noises: positions of noise sources in each room.
        num_knots: places along the path of each talker; 1 for talkers who stand still.
        ranges: what rooms and positions are drawn from.
        max_duration_s: longest impulse response.
        decay_db: responses end when they have fallen this far.
        sample_rate: samples a second.
        sphere_radius: metres of the hard ball the microphones sit on; 0 for microphones in free air.
        shapes: of the random arrays, one drawn for each room; of
            :data:`~anydoa.simulation.array_sampling.SHAPES`.

    Raises:
        ConfigError: if a number is none that can be simulated.
    """

    num_rooms: int
    seed: int = 0
    microphones: tuple[int, int] = (4, 12)
    arrays: tuple[tuple[tuple[float, float, float], ...], ...] = ()
    num_talkers: int = 3
    num_noises: int = 2
    num_knots: int = 1
    ranges: RoomRanges = field(default_factory=RoomRanges)
    max_duration_s: float = 0.8
    decay_db: float = 40.0
    sample_rate: int = SAMPLE_RATE
    sphere_radius: float = 0.0
    shapes: tuple[str, ...] = ("ball",)

    def __post_init__(self) -> None:
        fewest, most = self.microphones
        if not MIN_MICROPHONES <= fewest <= most <= MAX_MICROPHONES:
            raise ConfigError(
                f"microphones must rise within {MIN_MICROPHONES}..{MAX_MICROPHONES}, got {fewest}..{most}"
            )
        if not self.shapes:
            raise ConfigError('random arrays need at least 1 shape, got none; take "ball"')
        for shape in self.shapes:
            check_shape(shape, fewest)
        check_within("a number of rooms", (self.num_rooms,), 1, _MOST_ROOMS)
        check_within("a number of talkers", (self.num_talkers,), 1, _MOST_SOURCES)
        check_within("a number of noises", (self.num_noises,), 0, _MOST_SOURCES)
        check_within("a number of places along a path", (self.num_knots,), 1, _MOST_KNOTS)


@dataclass(frozen=True, eq=False)
class BankRoom:
    """One array in one room.

    Args:
        talker_rirs: impulse responses from each place of each talker; time zero is the moment of emission.
        noise_rirs: impulse responses from each noise source.
        mics: metres, relative to the centre of the array.
        talkers: metres, relative to the centre of the array; one place (knot) each where nobody moves.
        noises: metres, relative to the centre of the array.
        rt60: seconds.
        size: length, width and height of the room in metres.
        images: where each talker's three strongest reflections seem to come from (places of mirror images),
            strongest first, in metres relative to the centre of the array; None where talkers walk, and in
            rooms from disk, which do not keep them.
    """

    talker_rirs: Float16[np.ndarray, "talker knot mic tap"]
    noise_rirs: Float16[np.ndarray, "noise mic tap"]
    mics: Float[np.ndarray, "mic 3"]
    talkers: Float[np.ndarray, "talker knot 3"]
    noises: Float[np.ndarray, "noise 3"]
    rt60: float
    size: Float[np.ndarray, "3"]
    images: Float[np.ndarray, "talker image 3"] | None = None


@runtime_checkable
class Rooms(Protocol):
    """Rooms by number, from disk or computed."""

    @property
    def plan(self) -> BankPlan:
        """What the rooms were drawn from."""
        ...

    @property
    def mic_counts(self) -> Int[np.ndarray, "room"]:
        """How many microphones each room has."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> BankRoom: ...


class SimulatedRooms:
    """Rooms of a plan, computed when asked for and not kept, but for the last.

    Args:
        plan: what to compute.
        indices: which rooms of it; all if None.
    """

    def __init__(self, plan: BankPlan, indices: range | None = None) -> None:
        self._plan, self._indices = plan, range(plan.num_rooms) if indices is None else indices
        self._last: tuple[int, BankRoom] | None = None

    @property
    def plan(self) -> BankPlan:
        """What the rooms are drawn from."""
        return self._plan

    @property
    def mic_counts(self) -> Int[np.ndarray, "room"]:
        """How many microphones each room has; draws every array, but simulates nothing."""
        return np.array([len(_draw_array(self.plan, _room_rng(self.plan, index))) for index in self._indices])

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> BankRoom:
        number = self._indices[index]
        if self._last is None or self._last[0] != number:
            self._last = (number, simulate_room(self.plan, number))
        return self._last[1]


def simulate_room(plan: BankPlan, index: int) -> BankRoom:
    """Room ``index`` of a plan, computed anew."""
    rng = _room_rng(plan, index)
    mics = _draw_array(plan, rng)
    radius = float(np.linalg.norm(mics, axis=1).max())
    placement = sample_placement(
        rng, plan.ranges, num_talkers=plan.num_talkers, num_noises=plan.num_noises, array_radius=radius
    )
    talkers = placement.talkers[:, None]
    if plan.num_knots > 1:
        talkers = sample_paths(rng, plan.ranges, placement, num_knots=plan.num_knots, array_radius=radius)
    sources = np.concatenate([talkers.reshape(-1, 3), placement.noises])
    rirs = room_rir(
        placement.room,
        sources,
        placement.centre + mics,
        rng,
        sample_rate=plan.sample_rate,
        max_duration_s=plan.max_duration_s,
        decay_db=plan.decay_db,
        sphere=_sphere(plan.sphere_radius, plan.sample_rate) if plan.sphere_radius else None,
    )
    room = split_sources(
        plan,
        (rirs.astype(np.float16), sources - placement.centre),
        mics=mics,
        rt60=placement.room.rt60,
        size=placement.room.size,
    )
    return replace(room, images=_strongest_images(placement)) if plan.num_knots == 1 else room


def _strongest_images(placement: Placement) -> Float[np.ndarray, "talker image 3"]:
    """Mirror images that are loudest at the centre of the array, relative to it."""
    images = []
    for talker in placement.talkers:
        # The nearer wall of each axis is at most half its length away: three images at least lie within.
        reach = 1.01 * float(np.linalg.norm(talker - placement.centre) + placement.room.size.max())
        places, gain = image_sources(placement.room, talker, placement.centre, reach=reach)
        loudness = gain / np.linalg.norm(places - placement.centre, axis=1)
        loudest = np.argsort(-loudness)[1 : 1 + _REFLECTIONS]  # the first is the talker
        images.append(places[loudest] - placement.centre)
    return np.stack(images)


def split_sources(
    plan: BankPlan,
    sources: tuple[Float16[np.ndarray, "source mic tap"], Float[np.ndarray, "source 3"]],
    *,
    mics: Float[np.ndarray, "mic 3"],
    rt60: float,
    size: Float[np.ndarray, "3"],
) -> BankRoom:
    """A room whose sources lie in one row: every place of every talker, then the noises."""
    rirs, positions = sources
    count, knots = plan.num_talkers, plan.num_knots
    return BankRoom(
        talker_rirs=rirs[: count * knots].reshape(count, knots, *rirs.shape[1:]),
        noise_rirs=rirs[count * knots :],
        mics=mics,
        talkers=positions[: count * knots].reshape(count, knots, 3),
        noises=positions[count * knots :],
        rt60=rt60,
        size=size,
    )


def select_from_room(room: BankRoom, talkers: Int[np.ndarray, "_"], mics: Int[np.ndarray, "_"]) -> BankRoom:
    """The same room with some of its talkers and microphones only; the array is centred anew."""
    centre = room.mics[mics].mean(axis=0)
    return replace(
        room,
        talker_rirs=room.talker_rirs[np.ix_(talkers, np.arange(room.talkers.shape[1]), mics)],
        noise_rirs=room.noise_rirs[:, mics],
        mics=room.mics[mics] - centre,
        talkers=room.talkers[talkers] - centre,
        noises=room.noises - centre,
        images=None if room.images is None else room.images[talkers] - centre,
    )


def _draw_array(plan: BankPlan, rng: np.random.Generator) -> Float[np.ndarray, "mic 3"]:
    if not plan.arrays:
        fewest, most = plan.microphones
        num_mics = int(rng.integers(fewest, most + 1))
        # Nothing is drawn where there is no choice, so that rooms of balls are what they have always been.
        shape = plan.shapes[rng.integers(len(plan.shapes)) if len(plan.shapes) > 1 else 0]
        return sample_array(shape, num_mics, rng).centred_positions
    positions = np.array(plan.arrays[rng.integers(len(plan.arrays))])
    centred: np.ndarray = positions - positions.mean(axis=0)
    return centred


def _room_rng(plan: BankPlan, index: int) -> np.random.Generator:
    return np.random.default_rng([plan.seed, index])


@lru_cache(maxsize=4)
def _sphere(radius: float, sample_rate: int) -> RigidSphere:
    """One sphere for all rooms: its table takes longer than a room."""
    return RigidSphere(radius, sample_rate)


def array_rows(array: MicrophoneArray) -> tuple[tuple[float, float, float], ...]:
    """Positions of an array as a plan keeps them."""
    return tuple((float(x), float(y), float(z)) for x, y, z in array.positions)
