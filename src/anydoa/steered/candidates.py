"""Directions that are searched for talkers, with their steering phases and neighbours."""

import numpy as np
from jaxtyping import Complex64, Float, Float32
from scipy.spatial import cKDTree

from anydoa.geometry.ambiguity import array_axis, geometry_rank
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.folding import fold_directions, half_circle
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid
from anydoa.steered.bin_features import BinAxis


def steering_phases(
    directions: Float[np.ndarray, "direction 3"],
    array: MicrophoneArray,
    frequencies: Float[np.ndarray, "freq"],
) -> Complex64[np.ndarray, "freq direction mic"]:
    """Phase of a plane wave from each direction at each microphone, relative to the array's centre."""
    delay = -(directions @ array.centred_positions.T) / array.speed_of_sound
    # Whole turns are dropped in double precision; the rest is accurate enough in single.
    turns = frequencies[:, None, None] * delay
    angle = (-2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
    phases = np.empty(angle.shape, dtype=np.complex64)
    phases.real, phases.imag = np.cos(angle), np.sin(angle)
    return phases


class Candidates:
    """Even directions where the grid looks, one for all that the array cannot tell apart.

    The same for every grid that covers the sphere, so the answer does not depend on the order or the number
    of its directions.

    Args:
        array: what listens.
        grid: where talkers are wanted.
        axis: bins.
        num_candidates: on the whole sphere.
        cluster_deg: radius of a neighbourhood.
    """

    def __init__(
        self,
        array: MicrophoneArray,
        grid: DirectionGrid,
        axis: BinAxis,
        *,
        num_candidates: int,
        cluster_deg: float,
    ) -> None:
        sphere = fibonacci_grid(num_candidates)
        apart = _distinct_directions(sphere, array)
        chord = cKDTree(fold_directions(grid.directions, array)).query(apart)[0]
        self.directions = apart[chord <= 2 * np.sin(sphere.spacing / 2)]
        phases = steering_phases(self.directions, array, axis.frequencies).conj().swapaxes(1, 2)
        real = np.concatenate([phases.real, -phases.imag], axis=1)
        imag = np.concatenate([phases.imag, phases.real], axis=1)
        self._steering = np.concatenate([real, imag], axis=2)
        near = self.directions @ self.directions.T >= np.cos(np.deg2rad(cluster_deg))
        self.near: Float32[np.ndarray, "candidate candidate"] = near.astype(np.float32)

    def __len__(self) -> int:
        return len(self.directions)

    def power(
        self, spectra: Complex64[np.ndarray, "freq frame mic"]
    ) -> Float32[np.ndarray, "freq frame candidate"]:
        """Power of a delay-and-sum beam towards each direction, microphones summed."""
        beams = np.concatenate([spectra.real, spectra.imag], axis=2) @ self._steering
        np.square(beams, out=beams)
        power: np.ndarray = beams[..., : len(self)] + beams[..., len(self) :]
        return power


def _distinct_directions(sphere: DirectionGrid, array: MicrophoneArray) -> Float[np.ndarray, "candidate 3"]:
    """Those of the sphere that an array can tell apart, in the place that others are folded to."""
    rank = geometry_rank(array)
    if rank == "line":
        return half_circle(np.linspace(0, np.pi, 1 + round(np.pi / sphere.spacing)), array)
    if rank == "plane":
        # Those a little behind the plane stand for those a little before it.
        return sphere.directions[sphere.directions @ array_axis(array) > -sphere.spacing / 2]
    return sphere.directions
