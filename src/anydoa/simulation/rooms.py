"""Rooms to mix scenes in: what is to be simulated, and the simulation of one."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Complex64, Float, Float16, Int

from anydoa.acoustics import size_in_air
from anydoa.constants import MAX_MICROPHONES, MIN_MICROPHONES, SAMPLE_RATE
from anydoa.errors import ConfigError
from anydoa.geometry import MicrophoneArray, MicrophonePattern
from anydoa.simulation.array_sampling import check_shape, sample_array
from anydoa.simulation.body import Body, BodyFile, measured_body
from anydoa.simulation.noise import wave_bends
from anydoa.simulation.recipe import RoomRanges, check_within
from anydoa.simulation.rir import image_sources, room_rir
from anydoa.simulation.room import Placement, sample_paths, sample_placement
from anydoa.simulation.sphere import SPHERE_RADII, RigidSphere


@dataclass(frozen=True)
class RoomPlan:
    """Rooms to simulate. Room i of seed s is the same room in every bank of the same plan.

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
        shapes: shapes of the random arrays, one drawn for each room; see
            :data:`~anydoa.simulation.array_sampling.SHAPES`.
        patterns: omnidirectional share of each microphone of the given array, and x, y, z of its axis in the
            room; none for omnidirectional ones.
        body: where the responses of the body are that the given array was measured on; None for no such.

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
    patterns: tuple[tuple[float, float, float, float], ...] = ()
    body: BodyFile | None = None

    def __post_init__(self) -> None:
        fewest, most = self.microphones
        if not MIN_MICROPHONES <= fewest <= most <= MAX_MICROPHONES:
            raise ConfigError(
                f"microphones must rise within {MIN_MICROPHONES}..{MAX_MICROPHONES}, got {fewest}..{most}; "
                "ask for what lies within"
            )
        if not self.shapes:
            raise ConfigError('random arrays need at least 1 shape, got none; take "ball"')
        for shape in self.shapes:
            check_shape(shape, fewest)
        check_within("a number of rooms", (self.num_rooms,), 1, 10_000_000)
        # More than 100 do not stand far enough apart around an array.
        check_within("a number of talkers", (self.num_talkers,), 1, 100)
        check_within("a number of noises", (self.num_noises,), 0, 100)
        check_within("a number of places along a path", (self.num_knots,), 1, 10_000)

    def with_array(self, array: MicrophoneArray) -> "RoomPlan":
        """The plan with one array in every room, with its patterns, or on the ball or body that it sits on.

        Another speed of sound is that of an array larger or smaller by as much: see
        :func:`~anydoa.acoustics.tdoa.size_in_air`.

        Raises:
            ConfigError: if it was measured on a body, but its responses come from no file, or sits on a
                sphere that is too small or too large to be simulated.
        """
        size = size_in_air(array)
        if array.rigid_sphere_radius is not None:
            _check_sphere(array, array.rigid_sphere_radius, size)
        rows = tuple((float(x), float(y), float(z)) for x, y, z in size * array.positions)
        shares = [pattern.omni_share for pattern in array.patterns]
        axes = array.pattern_axes.tolist() if shares else []
        return replace(
            self,
            arrays=(rows,),
            sphere_radius=size * (array.rigid_sphere_radius or 0.0),
            patterns=tuple((share, x, y, z) for share, (x, y, z) in zip(shares, axes, strict=True)),
            body=BodyFile.of(array),
        )

    @property
    def levels_are_equal(self) -> bool:
        """Whether all microphones hear a far sound equally loud: omnidirectional points in free air."""
        return not self.sphere_radius and not self.patterns and self.body is None

    def array_at(self, mics: Float[np.ndarray, "mic 3"]) -> MicrophoneArray:
        """The array of a room, with its patterns, or on its ball or body.

        Args:
            mics: metres, in the room's frame, relative to the centre of the array.
        """
        if self.body is not None:
            return self.body.array(mics)
        patterns = [MicrophonePattern(share, (x, y, z)) for share, x, y, z in self.patterns]
        return MicrophoneArray(mics, patterns=patterns, rigid_sphere_radius=self.sphere_radius or None)

    def room_rng(self, index: int) -> np.random.Generator:
        """Source of randomness of one room.

        Scenes are mixed from a seed and a number, too, mostly the same ones. Rooms of random arrays draw the
        array first; those of a known array have a stream of their own, for else the place of a talker would
        say how loud the noise is.
        """
        own = [1] if self.arrays else []
        return np.random.default_rng([self.seed, index, *own])

    def draw_array(self, rng: np.random.Generator) -> Float[np.ndarray, "mic 3"]:
        """Microphones of one room, relative to their centre, or to that of the ball they sit on."""
        if not self.arrays:
            fewest, most = self.microphones
            num_mics = int(rng.integers(fewest, most + 1))
            # Nothing is drawn where there is no choice, so that rooms of balls stay what they are.
            shape = self.shapes[rng.integers(len(self.shapes)) if len(self.shapes) > 1 else 0]
            return sample_array(shape, num_mics, rng).centred_positions
        positions = np.array(self.arrays[rng.integers(len(self.arrays))])
        if self.sphere_radius:
            return positions
        centred: np.ndarray = positions - positions.mean(axis=0)
        return centred


@dataclass(frozen=True, eq=False)
class SimulatedRoom:
    """One array in one room.

    Args:
        talker_rirs: impulse responses from each place of each talker; time zero is the moment of emission.
        noise_rirs: impulse responses from each noise source.
        mics: metres, relative to the centre of the array.
        talkers: metres, relative to the centre of the array; one place (knot) each where nobody moves.
        noises: metres, relative to the centre of the array.
        rt60: seconds.
        size: length, width and height of the room in metres.
        on_ball: whether the centre of the array is that of a ball; else it is that of its microphones.
        images: where each talker's three strongest reflections seem to come from (places of mirror images),
            strongest first, in metres relative to the centre of the array; None where talkers walk, and in
            rooms from disk, which do not keep them.
        bends: what patterns, a ball or a body make of plane waves; None for omnidirectional microphones in
            free air. See :func:`~anydoa.simulation.noise.wave_bends`.
    """

    talker_rirs: Float16[np.ndarray, "talker knot mic tap"]
    noise_rirs: Float16[np.ndarray, "noise mic tap"]
    mics: Float[np.ndarray, "mic 3"]
    talkers: Float[np.ndarray, "talker knot 3"]
    noises: Float[np.ndarray, "noise 3"]
    rt60: float
    size: Float[np.ndarray, "3"]
    on_ball: bool = False
    images: Float[np.ndarray, "talker image 3"] | None = None
    bends: Complex64[np.ndarray, "wave bin mic"] | None = None

    @classmethod
    def from_row(
        cls,
        plan: RoomPlan,
        rirs: Float16[np.ndarray, "source mic tap"],
        places: Float[np.ndarray, "source 3"],
        *,
        mics: Float[np.ndarray, "mic 3"],
        rt60: float,
        size: Float[np.ndarray, "3"],
    ) -> "SimulatedRoom":
        """A room whose sources lie in one row: every place of every talker, then the noises.

        Args:
            plan: how many talkers there are, and how many places each has.
            rirs: impulse responses from each source.
            places: metres, relative to the centre of the array.
            mics: metres, relative to the centre of the array.
            rt60: seconds.
            size: length, width and height of the room in metres.
        """
        count, knots = plan.num_talkers, plan.num_knots
        return cls(
            talker_rirs=rirs[: count * knots].reshape(count, knots, *rirs.shape[1:]),
            noise_rirs=rirs[count * knots :],
            mics=mics,
            talkers=places[: count * knots].reshape(count, knots, 3),
            noises=places[count * knots :],
            rt60=rt60,
            size=size,
            on_ball=plan.sphere_radius > 0,
            bends=None if plan.levels_are_equal else _bends(plan, tuple(map(tuple, mics.tolist()))),
        )

    def select(self, talkers: Int[np.ndarray, "_"], mics: Int[np.ndarray, "_"]) -> "SimulatedRoom":
        """The same room with some of its talkers and microphones only; in free air centred anew."""
        centre = np.zeros(3) if self.on_ball else self.mics[mics].mean(axis=0)
        return replace(
            self,
            talker_rirs=self.talker_rirs[np.ix_(talkers, np.arange(self.talkers.shape[1]), mics)],
            noise_rirs=self.noise_rirs[:, mics],
            mics=self.mics[mics] - centre,
            talkers=self.talkers[talkers] - centre,
            noises=self.noises - centre,
            images=None if self.images is None else self.images[talkers] - centre,
            bends=None if self.bends is None else self.bends[..., mics],
        )


@runtime_checkable
class Rooms(Protocol):
    """Rooms by number, from disk or computed."""

    @property
    def plan(self) -> RoomPlan:
        """What the rooms were drawn from."""
        ...

    @property
    def mic_counts(self) -> Int[np.ndarray, "room"]:
        """How many microphones each room has."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> SimulatedRoom: ...


class SimulatedRooms:
    """Rooms of a plan, computed when asked for and not kept, but for the last.

    Args:
        plan: what to compute.
        indices: which rooms of it; all if None.
    """

    def __init__(self, plan: RoomPlan, indices: range | None = None) -> None:
        self._plan, self._indices = plan, range(plan.num_rooms) if indices is None else indices
        self._last: tuple[int, SimulatedRoom] | None = None

    @property
    def plan(self) -> RoomPlan:
        """What the rooms are drawn from."""
        return self._plan

    @property
    def mic_counts(self) -> Int[np.ndarray, "room"]:
        """How many microphones each room has; draws every array, but simulates nothing."""
        return np.array([len(self.plan.draw_array(self.plan.room_rng(index))) for index in self._indices])

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> SimulatedRoom:
        number = self._indices[index]
        if self._last is None or self._last[0] != number:
            self._last = (number, simulate_room(self.plan, number))
        return self._last[1]


def simulate_room(plan: RoomPlan, index: int) -> SimulatedRoom:
    """Room ``index`` of a plan, computed anew."""
    rng = plan.room_rng(index)
    mics = plan.draw_array(rng)
    radius = float(np.linalg.norm(mics, axis=1).max())
    placement = sample_placement(
        rng, plan.ranges, num_talkers=plan.num_talkers, num_noises=plan.num_noises, array_radius=radius
    )
    # (talker, knot, xyz), and all sources in one row: every place of every talker, then the noises.
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
        body=_body(plan, mics),
        centre=placement.centre if plan.sphere_radius else None,
        patterns=[MicrophonePattern(share, (x, y, z)) for share, x, y, z in plan.patterns],
    )
    room = SimulatedRoom.from_row(
        plan,
        rirs.astype(np.float16),
        sources - placement.centre,
        mics=mics,
        rt60=placement.room.rt60,
        size=placement.room.size,
    )
    return replace(room, images=_strongest_images(placement)) if plan.num_knots == 1 else room


def _strongest_images(placement: Placement, count: int = 3) -> Float[np.ndarray, "talker image 3"]:
    """Mirror images that are loudest at the centre of the array, relative to it."""
    images = []
    for talker in placement.talkers:
        # The nearer wall of each axis is at most half its length away: three images at least lie within.
        reach = 1.01 * float(np.linalg.norm(talker - placement.centre) + placement.room.size.max())
        places, gain = image_sources(placement.room, talker, placement.centre, reach=reach)
        loudness = gain / np.linalg.norm(places - placement.centre, axis=1)
        loudest = np.argsort(-loudness)[1 : 1 + count]  # the first is the talker
        images.append(places[loudest] - placement.centre)
    return np.stack(images)


def _check_sphere(array: MicrophoneArray, radius: float, size: float) -> None:
    """Refuse a sphere that cannot be simulated, in the metres of its array file."""
    smallest, largest = (limit / size for limit in SPHERE_RADII)
    if not smallest <= radius <= largest:
        raise ConfigError(
            f"array {array.name!r}: a rigid sphere to be simulated at {array.speed_of_sound:g} m/s must "
            f"have a radius of {smallest:.3g}..{largest:.3g} m, got {radius:g}; take another array"
        )


def _body(plan: RoomPlan, mics: Float[np.ndarray, "mic 3"]) -> Body | None:
    """What the microphones of a plan sit on."""
    if plan.body is not None:
        return measured_body(plan.body, tuple(map(tuple, mics.tolist())), plan.sample_rate)
    return _sphere(plan.sphere_radius, plan.sample_rate) if plan.sphere_radius else None


@lru_cache(maxsize=4)
def _bends(plan: RoomPlan, places: tuple[tuple[float, ...], ...]) -> Complex64[np.ndarray, "wave bin mic"]:
    """Bends of the waves around one array, for all its rooms: to compute them takes longer than a scene."""
    return wave_bends(plan.array_at(np.array(places)), sample_rate=plan.sample_rate)


@lru_cache(maxsize=4)
def _sphere(radius: float, sample_rate: int) -> RigidSphere:
    """One sphere for all rooms: its table takes longer than a room."""
    return RigidSphere(radius, sample_rate)
