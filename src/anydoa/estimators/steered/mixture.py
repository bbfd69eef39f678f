"""Which directions explain the evidence: a mixture of plane waves, fitted by expectation and maximization.

A cell is a band of bins in a short slot of time. Speech is sparse, so most cells belong to one talker, and a
direction explains a cell as well as its phases fit. The shares of directions are those that explain all cells
together best: side lobes of a strong talker are explained by that talker, and leave nothing to explain there.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True, eq=False)
class MixtureFit:
    """How the cells are explained.

    Args:
        share: share of the cells that each candidate explains; with the background they make one.
        responsibility: part of each cell that each candidate explains, before shares are summed: multiply a
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
        likelihood: how well each direction explains each cell, in any unit of the cell.
        noise_likelihood: how well sound from nowhere in particular explains each cell, in the same unit.
        weight: how much each cell counts.
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
