"""MUSIC: steering vectors orthogonal to the noise, each bin normalised over directions, then averaged."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float, Float32
from scipy.spatial import cKDTree

from anydoa.acoustics import arrival_time
from anydoa.errors import ConfigError
from anydoa.estimators.covariance import CovarianceEstimator, Projection
from anydoa.estimators.sphere_projection import NOISE_FLOOR, SphereSubspaceProjection
from anydoa.estimators.steering_projection import SteeringSubspaceProjection
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid, fibonacci_grid


@dataclass(frozen=True, kw_only=True)
class Music(CovarianceEstimator):
    """Wideband MUSIC with the pseudospectrum of each bin divided by its maximum over all directions.

    A value is how far the average of that quotient over all bins rises above its mean over the sphere. In
    noise, too, each bin has a best direction, and with many microphones nearly all directions are as good;
    but bins of noise do not agree on one, so it is the mean that is high. In white noise values stay below
    0.07 with 2 to 32 microphones, in diffuse noise mostly below 0.1.

    Every snapshot enters the covariance with unit norm, so loud windows do not outweigh the rest, and a
    bin fades with ``time_constant`` in digital silence.

    Args:
        num_sources: dimensions of the signal subspace, at most one less than there are microphones. Two
            also serve a single talker in a room, where the second takes the strongest reflection.

    The other options are those of :class:`~anydoa.estimators.covariance.CovarianceEstimator`.

    Reference:
        Schmidt (1986), "Multiple emitter location and signal parameter estimation". Salvati, Drioli,
        Foresti (2014), "Incoherent frequency fusion for broadband steered response power algorithms in
        noisy environments", for the normalisation. Snapshots of unit norm are ours.
    """

    name: str = "music"
    num_sources: int = 2
    threshold: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_sources < 1:
            raise ConfigError(f"num_sources must be at least 1, got {self.num_sources}; give 2")

    def magnitude(self, spectra: Complex64[np.ndarray, "mic *batch"]) -> Float32[np.ndarray, "_ *batch"]:
        """Norm over the microphones."""
        return np.sqrt(np.sum(spectra.real**2 + spectra.imag**2, axis=0, keepdims=True))

    def projection(self, array: MicrophoneArray, grid: DirectionGrid) -> Projection:
        """Pseudospectrum of the noise subspace, bin after bin."""
        num_sources = min(self.num_sources, array.num_microphones - 1)
        directions = grid.directions
        # Where the grid leaves holes wider than its spacing, or than 20 degrees, other directions stand for
        # the sphere.
        sphere = fibonacci_grid(256).directions
        distance = cKDTree(directions).query(sphere)[0]
        widest = np.clip(grid.spacing, np.deg2rad(20.0), np.pi / 3)
        if distance.max() > 2 * np.sin(widest / 2):
            directions = np.concatenate([directions, sphere])
        if array.levels_are_equal:
            average: Projection = _SubspaceProjection(self, array, directions, num_sources)
        elif array.rigid_sphere_radius is not None:
            average = SphereSubspaceProjection(array, directions, self.frequencies, num_sources)
        else:
            average = SteeringSubspaceProjection(array, directions, self.frequencies, num_sources)
        return _RiseAboveMean(average, len(grid))


@dataclass(frozen=True, eq=False)
class _RiseAboveMean:
    """How far values rise above what noise makes of all directions alike: their mean over the sphere.

    Args:
        average: gives the values of the directions of the grid, then of others that stand for the sphere;
            no others where the grid itself does.
        size: number of directions in the grid.
    """

    average: Projection
    size: int

    def __call__(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Float32[np.ndarray, "frame grid"]:
        values = self.average(covariance)
        sphere = values[:, self.size :] if values.shape[1] > self.size else values
        rise: np.ndarray = values[:, : self.size] - sphere.mean(axis=1, keepdims=True)
        return np.maximum(rise, 0, out=rise)


class _SubspaceProjection:
    """Turns averaged covariances into the MUSIC spectrum of one array in free field, levels alike.

    Steering vectors of the next bin are those of the last one times a constant, so two tables serve all
    bins and memory does not grow with the band.
    """

    def __init__(
        self,
        music: Music,
        array: MicrophoneArray,
        directions: Float[np.ndarray, "direction 3"],
        num_sources: int,
    ) -> None:
        delay = arrival_time(array.centred_positions, directions, array.speed_of_sound).T.copy()
        self._first_steering = np.exp(-2j * np.pi * music.frequencies[0] * delay).astype(np.complex64)
        self._next_bin = np.exp(-2j * np.pi * music.bin_spacing * delay).astype(np.complex64)
        self._num_sources = num_sources

    def __call__(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Float32[np.ndarray, "frame direction"]:
        signal = np.linalg.eigh(covariance)[1][..., -self._num_sources :]
        # The trace is the weight of the windows that were not silent: 1, but less after a dropout.
        activity = np.trace(covariance, axis1=2, axis2=3).real
        steering = self._first_steering.copy()
        total = np.zeros((len(covariance), steering.shape[1]), dtype=np.float32)
        num_microphones = len(steering)
        for bin_signal, bin_activity in zip(signal.swapaxes(0, 1), activity.T, strict=True):
            # (frame and source, mic) @ (mic, direction) -> (frame, source, direction)
            bras = bin_signal.conj().swapaxes(1, 2).reshape(-1, num_microphones)
            amplitude = (bras @ steering).reshape(len(bin_signal), -1, steering.shape[1])
            # Power of each steering vector outside the signal subspace: (frame, direction).
            power = np.sum(amplitude.real**2 + amplitude.imag**2, axis=1)
            noise = np.maximum(num_microphones - power, NOISE_FLOOR * num_microphones)
            total += (bin_activity[:, None] * noise.min(axis=1, keepdims=True)) / noise
            steering *= self._next_bin
        return np.clip(total / covariance.shape[1], 0, 1)
