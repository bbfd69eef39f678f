"""Which reorderings of its microphones an array cannot notice, and from where they would be heard.

Where the directions of the talkers are unknown, an array turned or mirrored as a whole records the same. So
a reordering that keeps every distance between microphones cannot be told from the right order: all shifts of
a circle, the reversal of an evenly spaced line. One talker at a known azimuth tells most of them apart.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from anydoa.acoustics import plane_arrival_times
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import angles_deg_to_direction

_AZIMUTHS_DEG = np.arange(180, -180, -5)

Order = tuple[int, ...]


@dataclass(frozen=True)
class SymmetryOptions:
    """What counts as the same.

    Args:
        same_share: share of the span within which distances are equal, as positions are known to 1 %.
        same_m: metres within which distances of small arrays are equal.
        max_orders: number of reorderings; nothing but a handful of microphones all equally far apart comes
            near.
        audible_s: seconds; a reordering that moves delays by less is not heard in a room.
    """

    same_share: float = 0.02
    same_m: float = 0.001
    max_orders: int = 1000
    audible_s: float = 15e-6

    def slack(self, array: MicrophoneArray) -> float:
        """Metres within which distances between microphones of an array are equal."""
        return max(self.same_share * array.span, self.same_m)


@dataclass(frozen=True)
class KnownTalker:
    """A talker who would settle what the array's symmetry leaves open.

    Args:
        azimuth_deg: azimuth at which to stand, at the height of the array.
        num_ruled_out: how many of the reorderings this recording rules out.
        num_reorderings: how many there are, the array's own order left out.
    """

    azimuth_deg: float
    num_ruled_out: int
    num_reorderings: int


def symmetries(array: MicrophoneArray, options: SymmetryOptions = SymmetryOptions()) -> tuple[Order, ...]:
    """All reorderings that keep every distance: microphone i takes the place of the i-th entry.

    The unchanged order comes first.
    """
    positions = array.body_positions
    distance = np.linalg.norm(positions[:, None] - positions, axis=-1)
    slack = options.slack(array)
    partial: list[Order] = [()]
    for mic in range(len(positions)):
        partial = [
            (*order, place)
            for order in partial
            for place in range(len(positions))
            if place not in order
            and np.abs(distance[place, list(order)] - distance[mic, :mic]).max(initial=0) <= slack
        ][: options.max_orders]
    # Distances that are only nearly equal may leave combinations out: they are added until none is new.
    group = dict.fromkeys([tuple(range(len(positions))), *partial])
    fresh = list(group)
    while fresh and len(group) < options.max_orders:
        combined = [tuple(first[place] for place in second) for first in partial for second in fresh]
        fresh = [order for order in dict.fromkeys(combined) if order not in group]
        group.update(dict.fromkeys(fresh))
    return tuple(group)


def are_interchangeable(
    array: MicrophoneArray,
    one: int,
    other: int,
    rest: list[int],
    options: SymmetryOptions = SymmetryOptions(),
) -> bool:
    """Whether one microphone in place of another would keep every distance to the rest."""
    positions = array.body_positions
    far, near = (np.linalg.norm(positions[rest] - positions[mic], axis=-1) for mic in (one, other))
    return bool(np.abs(far - near).max(initial=0.0) <= options.slack(array))


def equivalents(order: Order, group: tuple[Order, ...]) -> tuple[Order, ...]:
    """Every order that records the same as this one, this one first."""
    return tuple(tuple(symmetry[place] for place in order) for symmetry in group)


def apparent_motion(
    array: MicrophoneArray, order: Order, options: SymmetryOptions = SymmetryOptions()
) -> Literal["turned", "mirrored", "other"]:
    """Whether a reordering does what turning an array around the vertical does, or a mirror beside it."""
    before = array.centred_positions
    after = before[list(order)]
    plane, moved = (positions[:, 0] + 1j * positions[:, 1] for positions in (before, after))
    rise = after[:, 2] - before[:, 2]
    kinds: tuple[Literal["turned", "mirrored"], ...] = ("turned", "mirrored")
    for kind, start in zip(kinds, (plane, plane.conj()), strict=True):
        turn = np.exp(1j * np.angle(np.vdot(start, moved)))
        if np.hypot(np.abs(moved - turn * start), rise).max() <= options.slack(array):
            return kind
    return "other"


def moved_places(order: Order) -> list[int]:
    """Microphones that are not at their own place."""
    return [mic for mic, place in enumerate(order) if place != mic]


def shift_of(order: Order) -> int | None:
    """Number of places that all microphones are shifted around, None if it is no shift."""
    count = len(order)
    steps = {(place - mic) % count for mic, place in enumerate(order)}
    return steps.pop() if len(steps) == 1 else None


def rarity(order: Order) -> int:
    """Lower for what happens more in the field: nothing, a swap, a shift of all, then few moved."""
    num_moved = len(moved_places(order))
    return min(num_moved, 2) if shift_of(order) is not None else num_moved


def best_known_talker(
    array: MicrophoneArray, group: tuple[Order, ...], options: SymmetryOptions = SymmetryOptions()
) -> KnownTalker | None:
    """Where a talker must stand so that the reorderings of a group sound as different as can be.

    None if there is nothing to settle. The azimuth settles as many as any, and those as clearly as any.
    """
    others = [list(order) for order in group[1:]]
    if not others:
        return None
    directions = angles_deg_to_direction(_AZIMUTHS_DEG, np.zeros(len(_AZIMUTHS_DEG)))
    change = reordering_delay_s(array, others, directions)
    settled = (change > options.audible_s).sum(axis=0)
    clearest = np.where(change > options.audible_s, change, np.inf).min(axis=0)
    clearest = np.where(np.isfinite(clearest), clearest, 0.0)
    rank = np.lexsort((np.abs(_AZIMUTHS_DEG), -np.round(clearest * 1e6), -settled))
    best = int(rank[0])
    return KnownTalker(float(_AZIMUTHS_DEG[best]), int(settled[best]), len(others))


def reordering_delay_s(
    array: MicrophoneArray, orders: list[list[int]], directions: Float[np.ndarray, "direction 3"]
) -> Float[np.ndarray, "order direction"]:
    """Root mean square in seconds by which each reordering changes what waves from there record."""
    arrival = plane_arrival_times(array, directions)
    arrival -= arrival.mean(axis=0)
    changes = [np.sqrt(np.square(arrival[order] - arrival).mean(axis=0)) for order in orders]
    return np.stack(changes)
