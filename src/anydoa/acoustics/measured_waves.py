"""Plane waves at the microphones of a measured body, between and beyond the directions it was measured from.

Between directions the responses of the three around are mixed. Before, each loses the delay that its
microphone has in free air, which afterwards it gets for the direction asked for: what is left changes slowly
from direction to direction.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Complex64, Float, Int
from scipy.spatial import ConvexHull, cKDTree

from anydoa.acoustics.tdoa import arrival_time
from anydoa.geometry import MeasuredSteering, MicrophoneArray
from anydoa.geometry.coordinates import rotation_from_rpy_deg
from anydoa.geometry.grid import fibonacci_grid

_FILLERS = 400  # directions all around that stand where nothing was measured
_LEAST_HOLE, _MOST_HOLE = np.deg2rad(20.0), np.deg2rad(60.0)
_BLOCK_VALUES = 2**22  # mixed, or compared with triangles, at once
_SILENCE = np.float32(1e-6)  # of the mean level
_LOUD_BAND_HZ = (300.0, 4000.0)  # in which levels are compared


class MeasuredDirections:
    """Triangles between the directions that a body was measured from, on the sphere.

    Where the nearest of them is far away, other directions fill the hole. In a triangle with such corners
    only the measured ones count; with three, the measured direction nearest to what is asked for.

    Args:
        directions: unit vectors.

    Reference:
        Pulkki (1997), "Virtual sound source positioning using vector base amplitude panning": weights that
        make the asked direction of the three corners. Here their sum is 1.
    """

    def __init__(self, directions: Float[np.ndarray, "direction 3"]) -> None:
        self._tree = cKDTree(directions)
        self._count = len(directions)
        apart = self._tree.query(directions, k=2)[0][:, 1]
        self.spacing = float(2 * np.arcsin(np.clip(np.median(apart) / 2, 0, 1)))
        """Radians between neighbours, the median."""
        hole = np.clip(1.5 * self.spacing, _LEAST_HOLE, _MOST_HOLE)
        fillers = fibonacci_grid(_FILLERS).directions
        fillers = fillers[self._tree.query(fillers)[0] > 2 * np.sin(hole / 2)]
        points = np.concatenate([directions, fillers])
        hull = ConvexHull(points)
        # (triangle, corner, xyz); slivers between points of one plane are no triangles.
        triangles = points[hull.simplices]
        proper = np.abs(np.linalg.det(triangles)) > 1e-9
        self._corners = hull.simplices[proper]
        self._inverse = np.linalg.inv(triangles[proper].swapaxes(1, 2))
        equations = hull.equations[proper]
        # A ray leaves the hull through the plane that it meets first.
        self._planes = equations[:, :3] / -equations[:, 3:]

    def corners(
        self, directions: Float[np.ndarray, "asked 3"]
    ) -> tuple[Int[np.ndarray, "asked 3"], Float[np.ndarray, "asked 3"]]:
        """Numbers of three measured directions around each asked one, and their weights, which sum to 1."""
        step = max(1, _BLOCK_VALUES // len(self._planes))
        triangle = np.concatenate(
            [
                (directions[start : start + step] @ self._planes.T).argmax(axis=1)
                for start in range(0, len(directions), step)
            ]
        )
        corners = self._corners[triangle]
        weights = np.clip(np.einsum("aij,aj->ai", self._inverse[triangle], directions), 0, None)
        weights[corners >= self._count] = 0
        total = weights.sum(axis=1)
        alone = np.flatnonzero(total < 1e-9)
        corners = np.where(corners < self._count, corners, 0)
        corners[alone, 0] = self._tree.query(directions[alone])[1]
        weights[alone] = (1, 0, 0)
        return corners, weights / weights.sum(axis=1, keepdims=True)

    def are_beyond(self, directions: Float[np.ndarray, "asked 3"]) -> Bool[np.ndarray, "asked"]:
        """Which directions lie so far from all measured ones that the nearest has to stand for them."""
        reach = max(1.5 * self.spacing, np.deg2rad(10.0))
        beyond: np.ndarray = self._tree.query(directions)[0] > 2 * np.sin(min(reach, np.pi) / 2)
        return beyond


@lru_cache(maxsize=8)
def measured_directions(steering: MeasuredSteering) -> MeasuredDirections:
    """The triangles between the directions of a measurement; of each measurement once."""
    return MeasuredDirections(steering.directions)


def measured_vectors(
    directions: Float[np.ndarray, "direction 3"],
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
) -> Complex64[np.ndarray, "freq direction mic"]:
    """What each microphone of a measured body hears of a plane wave from each direction.

    Levels and phases of one direction and frequency are those of the measurement but for a common phase. All
    levels together have a mean square of 1 from 300 to 4000 Hz.

    Args:
        directions: unit vectors towards the sources, in the user's frame.
        array: one that has measured steering.
        frequencies: hertz.
    """
    assert array.steering is not None
    # (direction, xyz) in the array's own frame
    own = directions @ rotation_from_rpy_deg(array.mount_rpy_deg)
    corners, weights = measured_directions(array.steering).corners(own)
    around = _aligned_spectra(array.steering, _Places.of(array), tuple(frequencies.tolist()))
    vectors = np.empty((len(frequencies), len(own), array.num_microphones), dtype=np.complex64)
    delay = arrival_time(array.body_positions, own, array.speed_of_sound)
    step = max(1, _BLOCK_VALUES // (3 * around[0].size))
    for start in range(0, len(own), step):
        block = slice(start, start + step)
        mixed = _mix(around[corners[block]], weights[block])  # (direction, mic, freq)
        mixed *= _turns(delay[block], frequencies)
        vectors[:, block] = mixed.transpose(2, 0, 1)
    return vectors


def _mix(
    around: Complex64[np.ndarray, "direction corner mic freq"], weights: Float[np.ndarray, "direction corner"]
) -> Complex64[np.ndarray, "direction mic freq"]:
    """Aligned spectra of three directions, mixed: magnitudes by their mean, phases by that of the sum.

    A phase that all microphones of a direction share says nothing and might not fit the next direction's. So
    each corner is first turned to agree with the heaviest one as well as it can.
    """
    heaviest = around[np.arange(len(around)), weights.argmax(axis=1)]
    agreement = np.einsum("dmf,dcmf->dcf", heaviest.conj(), around)
    length = np.abs(agreement)
    turn = np.where(length > 0, agreement.conj() / np.maximum(length, np.finfo(np.float32).tiny), 1)
    weights = weights.astype(np.float32)
    total = np.einsum("dc,dcf,dcmf->dmf", weights, turn, around, optimize=True)
    level = np.einsum("dc,dcmf->dmf", weights, np.abs(around))
    size = np.maximum(np.abs(total), np.finfo(np.float32).tiny)
    mixed: np.ndarray = (total * (level / size)).astype(np.complex64)
    return mixed


@dataclass(frozen=True)
class _Places:
    """Places of a measured body's microphones in its own frame, metres, and the speed of sound, as a key."""

    positions: tuple[tuple[float, float, float], ...]
    speed_of_sound: float

    @classmethod
    def of(cls, array: MicrophoneArray) -> "_Places":
        rows = tuple((x, y, z) for x, y, z in array.body_positions.tolist())
        return cls(rows, array.speed_of_sound)


@lru_cache(maxsize=4)
def _aligned_spectra(
    steering: MeasuredSteering, places: _Places, frequencies: tuple[float, ...]
) -> Complex64[np.ndarray, "direction mic freq"]:
    """Spectra of the measured responses without the delays of free air and the latency of the measurement."""
    spectra = _spectra(steering, np.array(frequencies))
    delay = arrival_time(np.array(places.positions), steering.directions, places.speed_of_sound)
    loud = _spectra(steering, np.linspace(*_LOUD_BAND_HZ, 64))
    scale = np.float32(1 / np.sqrt(np.mean(np.square(np.abs(loud)))))
    # From the first sample to the wave at the origin, for each direction as its loudspeaker may have been as
    # far away as it liked: the median of what the onsets say.
    late = np.median(response_onsets(steering) - delay, axis=1, keepdims=True)
    spectra *= scale * _turns(-(delay + late), np.array(frequencies))
    # Where nothing was measured at all, phases are those of free air.
    spectra[np.abs(spectra) < _SILENCE] = _SILENCE
    return spectra


def _spectra(
    steering: MeasuredSteering, frequencies: Float[np.ndarray, "freq"]
) -> Complex64[np.ndarray, "direction mic freq"]:
    """Fourier transform of the responses at any frequencies."""
    num_directions, num_mics, num_taps = steering.responses.shape
    angle = 2 * np.pi * np.arange(num_taps)[:, None] * frequencies / steering.sample_rate
    waves = np.concatenate([np.cos(angle), -np.sin(angle)], axis=1).astype(np.float32)
    heard = steering.responses.reshape(-1, num_taps) @ waves
    spectra = np.empty((len(heard), len(frequencies)), dtype=np.complex64)
    spectra.real, spectra.imag = heard[:, : len(frequencies)], heard[:, len(frequencies) :]
    return spectra.reshape(num_directions, num_mics, -1)


def delay_agreement(array: MicrophoneArray) -> float:
    """Correlation of measured delays between microphones with those of free air, over all directions.

    Bodies make delays longer, but hardly otherwise: heads and balls reach 0.9 and more. Receivers in another
    order, or angles that are counted the other way round, are far below.

    Args:
        array: one that has measured steering.
    """
    assert array.steering is not None
    expected = arrival_time(array.body_positions, array.steering.directions, array.speed_of_sound)
    found = response_onsets(array.steering)
    expected, found = (times - times.mean(axis=1, keepdims=True) for times in (expected, found))
    together = float((expected * found).sum())
    return together / max(float(np.linalg.norm(expected) * np.linalg.norm(found)), np.finfo(np.float64).tiny)


def response_onsets(steering: MeasuredSteering) -> Float[np.ndarray, "direction mic"]:
    """Seconds from the first sample until each response first reaches a fifth of its greatest magnitude."""
    size = np.abs(steering.responses)
    first: np.ndarray = (size >= 0.2 * size.max(axis=2, keepdims=True)).argmax(axis=2)
    return first / steering.sample_rate


def _turns(
    delay: Float[np.ndarray, "*batch"], frequencies: Float[np.ndarray, "freq"]
) -> Complex64[np.ndarray, "*batch freq"]:
    """Phases of delays in seconds."""
    turns = delay[..., None] * frequencies
    angle = (-2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
    phases = np.empty(angle.shape, dtype=np.complex64)
    phases.real, phases.imag = np.cos(angle), np.sin(angle)
    return phases
