"""Which directions explain the evidence: a mixture of plane waves, fitted by expectation and maximization.

A cell is a band of bins in a short slot of time. Speech is sparse, so most cells belong to one talker, and a
cell is explained by a direction as well as its phases fit. The share of each direction is what explains all
cells together best: side lobes of a strong talker are explained by him, and leave nothing to explain there.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True, eq=False)
class MixtureFit:
    """How the cells are explained.

    Args:
        share: of each candidate direction; together with the background they make one.
        responsibility: of each cell, the part each candidate explains, before shares are summed: multiply a
            row by ``share`` and divide by ``total``.
        total: likelihood of each cell.
    """

    share: Float32[np.ndarray, "candidate"]
    responsibility: Float32[np.ndarray, "cell candidate"]
    total: Float32[np.ndarray, "cell"]

    def explained_by(self, members: np.ndarray) -> Float32[np.ndarray, "cell"]:
        """Share of each cell that some candidates explain together."""
        part: np.ndarray = self.responsibility[:, members] @ self.share[members] / self.total
        return part


def fit_mixture(
    likelihood: Float32[np.ndarray, "cell candidate"],
    noise_likelihood: Float32[np.ndarray, "cell"],
    weight: Float32[np.ndarray, "cell"],
    *,
    background: float,
    iterations: int,
) -> MixtureFit:
    """Shares of directions that explain weighted cells.

    Args:
        likelihood: of each cell for each direction, in any unit of the cell.
        noise_likelihood: of each cell for sound from nowhere in particular, in the same unit.
        weight: of each cell.
        background: share of such sound, kept fixed.
        iterations: how often shares are improved, from even ones.
    """
    count = likelihood.shape[1]
    share = np.full(count, (1 - background) / count, dtype=np.float32)
    noise = np.float32(background) * noise_likelihood
    mass = weight / max(float(weight.sum()), 1e-12)
    total = likelihood @ share + noise
    for _ in range(iterations):
        share = share * ((mass / total) @ likelihood)
        total = likelihood @ share + noise
    return MixtureFit(share, likelihood, total)
