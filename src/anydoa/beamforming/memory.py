"""What somebody has sounded like at the microphones lately."""

import math

import numpy as np
from jaxtyping import Complex64, Float

from anydoa.geometry.coordinates import great_circle_distance_deg

_FAINT = 1e-4

Covariance = Complex64[np.ndarray, "freq mic mic"]


class FadingMemory:
    """A sum of covariances; what is older weighs less, and what came from elsewhere less still.

    Args:
        turn_deg: degrees of a move that fade it to 1/e.
    """

    def __init__(self, turn_deg: float) -> None:
        self._turn_deg = turn_deg
        self._direction: Float[np.ndarray, "3"] | None = None
        self._weight = 1.0  # of what was heard last
        self.covariance: Covariance | None = None
        """The sum; None if nothing was heard."""

    @property
    def is_faint(self) -> bool:
        """Whether all that was heard weighs next to nothing."""
        return self._weight < _FAINT

    def turn(self, direction: Float[np.ndarray, "3"]) -> None:
        """Forget in part what was heard from elsewhere."""
        if self._direction is not None and not np.array_equal(direction, self._direction):
            moved_deg = float(great_circle_distance_deg(direction, self._direction))
            self.fade(math.exp(-moved_deg / self._turn_deg))
        self._direction = direction

    def fade(self, factor: float) -> None:
        """Let all that was heard weigh less."""
        self._weight *= factor
        self.rescale(factor)

    def rescale(self, factor: float) -> None:
        """Bring all that was heard to another scale of power, in which it weighs as much."""
        if self.covariance is not None:
            self.covariance = self.covariance * np.float32(factor)

    def add(self, covariance: Covariance) -> None:
        """Take what is heard now."""
        self._weight = 1.0
        self.covariance = covariance if self.covariance is None else self.covariance + covariance
