"""MUSIC: steering vectors orthogonal to the noise, each bin normalised over the grid, then averaged."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float32

from anydoa.classical.covariance import CovarianceEstimator, Projection
from anydoa.classical.sphere_projection import NOISE_FLOOR, SphereSubspaceProjection
from anydoa.errors import ConfigError
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid


@dataclass(frozen=True, kw_only=True)
class Music(CovarianceEstimator):
    """Wideband MUSIC with the pseudospectrum of each bin divided by its maximum over the grid.

    A value is the average over all bins of that quotient, 1 at most. As each bin's best direction counts
    as 1 even in noise, values tell less about the presence of a source than those of SRP-PHAT, and they
    depend on the grid. In 55 simulated rooms 81 % of the frames that found the talker reached the default
    threshold, and so did 62 % of the frames of unrelated noise: give the number of sources if it is known.

    Every snapshot enters the covariance with unit norm, so loud moments do not outweigh the rest and a
    bin fades with ``time_constant`` in digital silence.

    Args:
        num_sources: dimensions of the signal subspace, at most one less than there are microphones. Two
            also serve a single talker in a room, where the second takes the strongest reflection.

    The other options are those of :class:`~anydoa.classical.covariance.CovarianceEstimator`.

    Reference:
        Schmidt (1986), "Multiple emitter location and signal parameter estimation". Salvati, Drioli,
        Foresti (2014), "Incoherent frequency fusion for broadband steered response power algorithms in
        noisy environments", for the normalisation. Snapshots of unit norm are ours.
    """

    num_sources: int = 2
    threshold: float = 0.4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_sources < 1:
            raise ConfigError(f"num_sources must be at least 1, got {self.num_sources}")

    @property
    def name(self) -> str:
        """Name on the command line and in results."""
        return "music"

    def magnitude(self, spectra: Complex64[np.ndarray, "mic *batch"]) -> Float32[np.ndarray, "_ *batch"]:
        """Norm over the microphones."""
        return np.sqrt(np.sum(spectra.real**2 + spectra.imag**2, axis=0, keepdims=True))

    def projection(self, array: MicrophoneArray, grid: DirectionGrid) -> Projection:
        """Pseudospectrum of the noise subspace, bin after bin."""
        num_sources = min(self.num_sources, array.num_microphones - 1)
        if array.rigid_sphere_radius is not None:
            return SphereSubspaceProjection(array, grid, self.frequencies, num_sources)
        return _SubspaceProjection(self, array, grid, num_sources)


class _SubspaceProjection:
    """From averaged covariances to the MUSIC spectrum of one array in free field on one grid.

    Steering vectors of the next bin are those of the last one times a constant, so two tables serve all
    bins and memory does not grow with the band.
    """

    def __init__(self, music: Music, array: MicrophoneArray, grid: DirectionGrid, num_sources: int) -> None:
        delay = -(array.centred_positions @ grid.directions.T) / array.speed_of_sound
        self._first_steering = np.exp(-2j * np.pi * music.frequencies[0] * delay).astype(np.complex64)
        self._next_bin = np.exp(-2j * np.pi * music.bin_spacing * delay).astype(np.complex64)
        self._num_sources = num_sources

    def __call__(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Float32[np.ndarray, "frame grid"]:
        signal = np.linalg.eigh(covariance)[1][..., -self._num_sources :]
        # The trace is the weight of the windows that were not silent: 1, but less after a dropout.
        activity = np.trace(covariance, axis1=2, axis2=3).real
        steering = self._first_steering.copy()
        total = np.zeros((len(covariance), steering.shape[1]), dtype=np.float32)
        for bin_signal, bin_activity in zip(signal.swapaxes(0, 1), activity.T, strict=True):
            noise = self._noise_power(bin_signal, steering)
            total += (bin_activity[:, None] * noise.min(axis=1, keepdims=True)) / noise
            steering *= self._next_bin
        return np.clip(total / covariance.shape[1], 0, 1)

    def _noise_power(
        self, signal: Complex64[np.ndarray, "frame mic source"], steering: Complex64[np.ndarray, "mic grid"]
    ) -> Float32[np.ndarray, "frame grid"]:
        """Power of each steering vector outside the signal subspace."""
        num_microphones = len(steering)
        bras = signal.conj().swapaxes(1, 2).reshape(-1, num_microphones)
        amplitude = (bras @ steering).reshape(len(signal), -1, steering.shape[1])  # frame source grid
        power = np.sum(amplitude.real**2 + amplitude.imag**2, axis=1)
        return np.maximum(num_microphones - power, NOISE_FLOOR * num_microphones)
