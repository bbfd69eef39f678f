"""Directions that lie together, and how well what was measured fits a plane wave from each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float, Float32

from anydoa.acoustics import steering_phases
from anydoa.estimators.steered.band_power import half_covariance, pair_matrix, takes_pairs
from anydoa.geometry import MicrophoneArray

Measured = Float32[np.ndarray, "freq part"] | Complex64[np.ndarray, "freq mic mic"]
"""Products of masked phases: of all pairs, or of many microphones half their covariance."""


@dataclass(frozen=True, eq=False)
class Patch:
    """Directions that lie together, and their steering vectors: of all pairs at once, or of microphones.

    Args:
        directions: unit vectors.
        steering: phases of plane waves from them.
    """

    directions: Float[np.ndarray, "direction 3"]
    steering: Float32[np.ndarray, "part direction"] | Complex64[np.ndarray, "freq direction mic"]

    @classmethod
    def of(
        cls,
        directions: Float[np.ndarray, "direction 3"],
        array: MicrophoneArray,
        frequencies: Float[np.ndarray, "freq"],
    ) -> "Patch":
        """The patch of an array's directions; frequencies in Hz."""
        steering = steering_phases(directions, array, frequencies)
        return cls(directions, pair_matrix(steering) if takes_pairs(array.num_microphones) else steering)

    def __len__(self) -> int:
        return len(self.directions)

    def part(self, first: int, last: int) -> "Patch":
        """The directions from one up to another, which is left out."""
        return Patch(self.directions[first:last], self.steering[:, first:last])

    def response(self, measured: Measured) -> Float32[np.ndarray, "direction"]:
        """Sum over pairs and bins of the cosine of the phase error, from pair products or covariances."""
        if self.steering.ndim == 2:
            fit: np.ndarray = measured.ravel() @ self.steering
            return fit
        # (freq, direction, mic) @ (freq, mic, mic) -> (freq, direction, mic)
        turned = (self.steering @ measured.swapaxes(-1, -2)).view(np.float32)
        # Real and imaginary parts side by side: their products add up to the real part of the inner product.
        turned *= self.steering.view(np.float32)
        response: np.ndarray = turned.sum(axis=0).sum(axis=1)
        return response


def measured_by(array: MicrophoneArray, pairs: Float32[np.ndarray, "freq part"]) -> Measured:
    """What a patch of an array compares with its directions, from products of masked phases of each bin."""
    return pairs if takes_pairs(array.num_microphones) else half_covariance(pairs, array.num_microphones)


def first_greatest(values: Float[np.ndarray, "_"]) -> int:
    """Index of the greatest value; of those that differ from it by rounding alone, the first.

    What an array cannot tell apart must not be decided by the order of its microphones.
    """
    greatest = values.max()
    return int((values >= greatest - 1e-4 * abs(greatest)).argmax())
