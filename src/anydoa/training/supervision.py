"""The network together with its loss: one module, so that several processes can share its gradients."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from anydoa.networks.agg_rl import AggRl
from anydoa.networks.plane_wave_net import ScoredDirections
from anydoa.training.batch import Batch, ClipBatch, SpectraBatch
from anydoa.training.losses import direction_divergence, weighted_cross_entropy
from anydoa.training.targets import target_spectrum


class Supervision(nn.Module):
    """From a batch to its loss.

    Args:
        network: what learns.
        positive_weight: rho of the loss.
        direction_weight: of the divergence between directions that is added for the last output; 0: none.
    """

    def __init__(self, network: AggRl, *, positive_weight: float, direction_weight: float = 0.0) -> None:
        super().__init__()
        self.network = network
        self.positive_weight, self.direction_weight = positive_weight, direction_weight

    def forward(
        self, batch: Batch, directions: Float[Tensor, "grid 3"], beamwidths_deg: Sequence[float]
    ) -> Float[Tensor, ""]:
        """The loss of a batch on one grid.

        Args:
            batch: clips or spectra.
            directions: the grid.
            beamwidths_deg: of each output's target.
        """
        network = self.network
        grid = network.gridnet(directions)
        # PlaneWaveNet scores the grid of the step itself, so nothing lies between its directions.
        scored = network.scored_at(directions, grid) if network.hears_plane_waves else None
        logits = network.combine(represent(network, batch, scored), grid)
        target = target_spectrum(batch.sources, batch.active, directions, beamwidths_deg, batch.symmetry)
        logits = logits.float()
        loss = weighted_cross_entropy(logits, target, positive_weight=self.positive_weight)
        if self.direction_weight:
            loss = loss + self.direction_weight * direction_divergence(logits[:, -1], target[:, -1])
        # Spectra leave the bins without a gradient, and processes that share gradients wait for every one.
        return loss + 0.0 * self.network.augeonet.transform.increments.sum()


def represent(
    network: AggRl, batch: Batch, scored: ScoredDirections | None = None
) -> Float[Tensor, "batch output frame latent"]:
    """Audio-geometry representation of a batch of either kind; ``scored`` as for the network."""
    if isinstance(batch, ClipBatch):
        return network.represent(batch.audio, batch.positions, scored=scored)
    assert isinstance(batch, SpectraBatch)
    augeonet = network.augeonet
    layout = augeonet.lay_out(batch.positions)
    order = layout.order.T[:, None, :, None].expand_as(batch.real)
    scored = network.scored_directions() if scored is None else scored
    real, imag = batch.real.gather(0, order), batch.imag.gather(0, order)
    return augeonet.represent_spectra(real, imag, layout, scored=scored)[0]
