"""Projections of averaged covariances onto directions, by a table of steering vectors: for any array.

It serves where neither delays nor the few functions of a sphere say what microphones hear: patterns that
turn sound upside down or weigh it, and bodies that were measured.
"""

import numpy as np
from jaxtyping import Complex64, Float, Float32

from anydoa.acoustics import steering_phases, steering_vectors
from anydoa.estimators.sphere_projection import mean_pseudospectrum
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.grid import DirectionGrid


class SteeringPhaseProjection:
    """SRP over all pairs of microphones, without each with itself."""

    def __init__(
        self, array: MicrophoneArray, grid: DirectionGrid, frequencies: Float[np.ndarray, "freq"]
    ) -> None:
        self._steering = steering_phases(grid.directions, array, frequencies)
        pairs = array.num_microphones * (array.num_microphones - 1)
        self._scale = np.float32(1 / (pairs * len(frequencies)))

    def __call__(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Float32[np.ndarray, "frame grid"]:
        """Cosine of the phase error, mean over pairs and bins, negative ones set to 0."""
        values = np.zeros((len(covariance), self._steering.shape[1]), dtype=np.float32)
        for frame, total in zip(covariance, values, strict=True):
            for steering, matrix in zip(self._steering, frame, strict=True):
                # Real and imaginary parts side by side: their products add up to the real part of the inner
                # product, (grid, mic) by (grid, mic).
                turned = steering @ matrix.T
                total += np.einsum("gp,gp->g", turned.view(np.float32), steering.view(np.float32))
            # Without each microphone with itself, which fits every direction.
            total -= np.trace(frame, axis1=1, axis2=2).real.sum()
        return np.clip(self._scale * values, 0, 1)


class SteeringSubspaceProjection:
    """MUSIC spectrum of microphones that may hear a source differently loud."""

    def __init__(
        self,
        array: MicrophoneArray,
        directions: Float[np.ndarray, "direction 3"],
        frequencies: Float[np.ndarray, "freq"],
        num_sources: int,
    ) -> None:
        self._steering = steering_vectors(directions, array, frequencies)
        size = np.sqrt(np.sum(self._steering.real**2 + self._steering.imag**2, axis=2, keepdims=True))
        self._steering /= np.maximum(size, np.finfo(np.float32).tiny)
        self._num_sources = num_sources

    def __call__(
        self, covariance: Complex64[np.ndarray, "frame freq mic mic"]
    ) -> Float32[np.ndarray, "frame direction"]:
        """Pseudospectrum of each bin divided by its maximum over directions, mean over bins."""
        found = []
        for frame in covariance:
            signal = np.linalg.eigh(frame)[1][..., -self._num_sources :]
            # (freq, direction, mic) @ (freq, mic, source), then the share inside the signal subspace
            amplitude = self._steering @ signal.conj()
            found.append(mean_pseudospectrum(frame, np.sum(amplitude.real**2 + amplitude.imag**2, axis=2)))
        return np.stack(found)
