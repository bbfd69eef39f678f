"""Which peak belongs to which track."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True, eq=False)
class Affinity:
    """How well each peak fits each track.

    Args:
        log_likelihood: of the peak if it is the track's, but for a constant.
        possible: whether the peak lies within the gate of the track.
    """

    log_likelihood: Float[np.ndarray, "track peak"]
    possible: Bool[np.ndarray, "track peak"]

    @staticmethod
    def of(
        distance: Float[np.ndarray, "track peak"],
        variance: Float[np.ndarray, "track peak"],
        *,
        gate_sigmas: float,
        max_gate: float,
    ) -> "Affinity":
        """Affinities of normal errors along both axes.

        Args:
            distance: angle between track and peak in radians.
            variance: of their difference along each axis, in rad².
            gate_sigmas: widest gate in standard deviations.
            max_gate: widest gate in radians.
        """
        squared = distance**2 / variance
        possible = (squared <= gate_sigmas**2) & (distance <= max_gate)
        return Affinity(-squared / 2 - np.log(variance), possible)

    def best_pairs(self) -> dict[int, int]:
        """The peak of each track that gets one: as many pairs as possible, and of those the likeliest.

        Reference:
            Blackman and Popoli (1999), *Design and Analysis of Modern Tracking Systems*, chapter 6: global
            nearest neighbour.
        """
        if not self.possible.any():
            return {}
        likely = self.log_likelihood[self.possible]
        # One impossible pair costs more than all possible ones could gain.
        impossible = likely.min() - min(self.possible.shape) * (np.ptp(likely) + 1)
        score = np.where(self.possible, self.log_likelihood, impossible)
        pairs = zip(*linear_sum_assignment(score, maximize=True), strict=True)
        return {int(track): int(peak) for track, peak in pairs if self.possible[track, peak]}


def angles_between(
    first: Float[np.ndarray, "first 3"], second: Float[np.ndarray, "second 3"]
) -> Float[np.ndarray, "first second"]:
    """Angles between all pairs of unit vectors, in radians.

    From their chords: exact for small angles, where it matters, and several times faster than
    :func:`~anydoa.geometry.coordinates.great_circle_distance`.
    """
    chord = first[:, None] - second[None]
    return 2 * np.arcsin(np.minimum(np.sqrt(np.einsum("ijk,ijk->ij", chord, chord)) / 2, 1.0))
