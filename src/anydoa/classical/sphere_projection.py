"""From averaged covariances to values of directions, for microphones on a rigid sphere.

There no time difference serves all frequencies. But a wave is a short sum of functions of frequency times
functions of direction (:mod:`anydoa.acoustics.sphere_waves`), so covariances are first brought down to those
few functions, and only then meet the directions.
"""

import numpy as np
from jaxtyping import Complex64, Float, Float32

from anydoa.acoustics.sphere_waves import sphere_waves
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid

_PHASE_TOLERANCE = 5e-3  # root mean square; errors of pairs and bins average out in a value
_WAVE_TOLERANCE = 1e-3
NOISE_FLOOR = 1e-4  # of a steering vector's power; single precision cannot tell less from nothing


class SpherePhaseProjection:
    """Steered response power over all pairs of microphones on a sphere, without each with itself."""

    def __init__(
        self, array: MicrophoneArray, grid: DirectionGrid, frequencies: Float[np.ndarray, "freq"]
    ) -> None:
        waves = sphere_waves(array, frequencies, tolerance=_PHASE_TOLERANCE, phases_only=True)
        self._steering = waves.weights(grid.directions, array).conj().reshape(len(grid), -1)
        products = waves.basis.conj()[:, None] * waves.basis
        self._products = np.ascontiguousarray(products.reshape(-1, len(frequencies)).T)
        pairs = array.num_microphones * (array.num_microphones - 1)
        self._scale = np.float32(1 / (pairs * len(frequencies)))

    def __call__(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Float32[np.ndarray, "frame grid"]:
        """Cosine of the phase error, mean over pairs and bins, negative ones set to 0."""
        return np.stack([self._response(frame) for frame in covariance])

    def _response(self, covariance: Complex64[np.ndarray, "freq mic mic"]) -> Float32[np.ndarray, "grid"]:
        num_freq, num_mics, _ = covariance.shape
        rank = self._steering.shape[1] // num_mics
        brought = covariance.reshape(num_freq, -1).T @ self._products
        by_mic = brought.reshape(num_mics, num_mics, rank, rank).swapaxes(1, 2)
        turned = self._steering @ by_mic.reshape(num_mics * rank, -1)
        # Real and imaginary parts side by side: their products add up to the real part of the inner product.
        power = np.einsum("gp,gp->g", turned.view(np.float32), self._steering.view(np.float32))
        alone = np.trace(covariance, axis1=1, axis2=2).real.sum()
        return np.clip(self._scale * (power - alone), 0, 1)


class SphereSubspaceProjection:
    """MUSIC spectrum of microphones on a sphere, louder on the side that faces the source."""

    def __init__(
        self,
        array: MicrophoneArray,
        directions: Float[np.ndarray, "direction 3"],
        frequencies: Float[np.ndarray, "freq"],
        num_sources: int,
    ) -> None:
        waves = sphere_waves(array, frequencies, tolerance=_WAVE_TOLERANCE)
        weights = waves.weights(directions, array)
        self._wave_power = np.zeros((len(frequencies), len(directions)), dtype=np.float32)
        for of_mic in weights.swapaxes(0, 1):
            self._wave_power += np.square(np.abs(waves.basis.T @ of_mic.T))
        self._steering = weights.reshape(len(directions), -1).T
        self._basis = waves.basis.T[:, None, None]  # freq source mic rank
        self._num_sources = num_sources

    def __call__(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Float32[np.ndarray, "frame direction"]:
        """Pseudospectrum of each bin divided by its maximum over directions, mean over bins."""
        return np.stack([self._pseudospectrum(frame) for frame in covariance])

    def _pseudospectrum(
        self, covariance: Complex64[np.ndarray, "freq mic mic"]
    ) -> Float32[np.ndarray, "direction"]:
        signal = np.linalg.eigh(covariance)[1][..., -self._num_sources :]
        bras = signal.conj().swapaxes(1, 2)[..., None] * self._basis
        amplitude = bras.reshape(-1, len(self._steering)) @ self._steering
        power = (amplitude.real**2 + amplitude.imag**2).reshape(len(covariance), self._num_sources, -1)
        noise = np.maximum(1 - power.sum(axis=1) / self._wave_power, NOISE_FLOOR)
        activity = np.trace(covariance, axis1=1, axis2=2).real
        values: np.ndarray = (activity * noise.min(axis=1)) @ (1 / noise) / np.float32(len(covariance))
        return np.clip(values, 0, 1)
