"""Projections of averaged covariances onto directions, for microphones on a rigid sphere.

There no time difference serves all frequencies. But a wave is a short sum of functions of frequency times
functions of direction (:mod:`anydoa.acoustics.sphere_waves`), so covariances are first brought down to those
few functions, and only then meet the directions.
"""

import numpy as np
from jaxtyping import Complex64, Float, Float32

from anydoa.acoustics import sphere_waves
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid

NOISE_FLOOR = 1e-4  # share of a steering vector's power; single precision cannot tell less from nothing


def mean_pseudospectrum(
    covariance: Complex64[np.ndarray, "freq mic mic"], signal_share: Float32[np.ndarray, "freq direction"]
) -> Float32[np.ndarray, "direction"]:
    """MUSIC pseudospectrum of each bin divided by its maximum over directions, mean over bins, 0..1.

    Args:
        covariance: averaged covariances of a frame; a bin weighs as the windows that were not silent.
        signal_share: share of each steering vector's power in the signal subspace.
    """
    noise = np.maximum(1 - signal_share, NOISE_FLOOR)
    activity = np.trace(covariance, axis1=1, axis2=2).real
    values: np.ndarray = (activity * noise.min(axis=1)) @ (1 / noise) / np.float32(len(noise))
    return np.clip(values, 0, 1)


class SpherePhaseProjection:
    """SRP over all pairs of microphones on a sphere, without each with itself."""

    def __init__(
        self, array: MicrophoneArray, grid: DirectionGrid, frequencies: Float[np.ndarray, "freq"]
    ) -> None:
        # A root mean square error of 0.005 will do: errors of pairs and bins average out in a value.
        waves = sphere_waves(array, frequencies, tolerance=5e-3, phases_only=True)
        self._steering = waves.weights(grid.directions, array).conj().reshape(len(grid), -1)
        products = waves.basis.conj()[:, None] * waves.basis
        self._products = np.ascontiguousarray(products.reshape(-1, len(frequencies)).T)
        pairs = array.num_microphones * (array.num_microphones - 1)
        self._scale = np.float32(1 / (pairs * len(frequencies)))

    def __call__(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Float32[np.ndarray, "frame grid"]:
        """Cosine of the phase error, mean over pairs and bins, negative ones set to 0."""
        num_freq, num_mics = covariance.shape[1:3]
        rank = self._steering.shape[1] // num_mics
        values = []
        for frame in covariance:
            # Bring all bins down to products of functions: (mic and mic, freq) @ (freq, rank and rank).
            brought = frame.reshape(num_freq, -1).T @ self._products
            # Then meet the directions: (grid, mic and rank) @ (mic and rank, mic and rank).
            by_mic = brought.reshape(num_mics, num_mics, rank, rank).swapaxes(1, 2)
            turned = self._steering @ by_mic.reshape(num_mics * rank, -1)
            # Real and imaginary parts side by side: their products add up to the real part of the inner
            # product.
            power = np.einsum("gp,gp->g", turned.view(np.float32), self._steering.view(np.float32))
            # Without each microphone with itself, which fits every direction.
            alone = np.trace(frame, axis1=1, axis2=2).real.sum()
            values.append(np.clip(self._scale * (power - alone), 0, 1))
        return np.stack(values)


class SphereSubspaceProjection:
    """MUSIC spectrum of microphones on a sphere, louder on the side that faces the source."""

    def __init__(
        self,
        array: MicrophoneArray,
        directions: Float[np.ndarray, "direction 3"],
        frequencies: Float[np.ndarray, "freq"],
        num_sources: int,
    ) -> None:
        waves = sphere_waves(array, frequencies, tolerance=1e-3)
        weights = waves.weights(directions, array)
        self._wave_power = np.zeros((len(frequencies), len(directions)), dtype=np.float32)
        for mic_weights in weights.swapaxes(0, 1):
            self._wave_power += np.square(np.abs(waves.basis.T @ mic_weights.T))
        self._steering = weights.reshape(len(directions), -1).T
        self._basis = waves.basis.T[:, None, None]  # freq source mic rank
        self._num_sources = num_sources

    def __call__(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Float32[np.ndarray, "frame direction"]:
        """Pseudospectrum of each bin divided by its maximum over directions, mean over bins."""
        num_freq = covariance.shape[1]
        found = []
        for frame in covariance:
            # (freq, source, mic) x (freq, rank) -> (freq and source, mic and rank) -> (.., direction)
            signal = np.linalg.eigh(frame)[1][..., -self._num_sources :]
            bras = signal.conj().swapaxes(1, 2)[..., None] * self._basis
            amplitude = bras.reshape(-1, len(self._steering)) @ self._steering
            # Power of each steering vector inside the signal subspace: (freq, source, direction).
            power = (amplitude.real**2 + amplitude.imag**2).reshape(num_freq, self._num_sources, -1)
            found.append(mean_pseudospectrum(frame, power.sum(axis=1) / self._wave_power))
        return np.stack(found)
