"""The network together with its loss: one module, so that several processes can share its gradients."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from anydoa.models.agg_rl import AggRl, combine
from anydoa.nn.gcc import gcc_phat_features
from anydoa.nn.microphone_encoding import place_scalars
from anydoa.training.batch import Batch, ClipBatch, SpectraBatch
from anydoa.training.losses import weighted_cross_entropy
from anydoa.training.targets import target_spectrum


class Supervision(nn.Module):
    """From a batch to its loss.

    Args:
        network: what learns.
        positive_weight: rho of the loss.
    """

    def __init__(self, network: AggRl, *, positive_weight: float) -> None:
        super().__init__()
        self.network = network
        self.positive_weight = positive_weight

    def forward(
        self, batch: Batch, directions: Float[Tensor, "grid 3"], beamwidths_deg: Sequence[float]
    ) -> Float[Tensor, ""]:
        """The loss of a batch on one grid.

        Args:
            batch: clips or spectra.
            directions: the grid.
            beamwidths_deg: of each output's target.
        """
        logits = combine(represent(self.network, batch), self.network.grid_representation(directions))
        target = target_spectrum(batch.sources, batch.active, directions, beamwidths_deg)
        loss = weighted_cross_entropy(logits.float(), target, positive_weight=self.positive_weight)
        # Spectra leave the bins without a gradient, and processes that share gradients wait for every one.
        return loss + 0.0 * self.network.augeonet.transform.increments.sum()


def represent(network: AggRl, batch: Batch) -> Float[Tensor, "batch output frame latent"]:
    """Audio-geometry representation of a batch of either kind."""
    if isinstance(batch, ClipBatch):
        return network.represent(batch.audio, batch.positions)
    assert isinstance(batch, SpectraBatch)
    return _represent_spectra(network, batch)


def _represent_spectra(network: AggRl, batch: SpectraBatch) -> Float[Tensor, "batch output frame latent"]:
    """All of AuGeonet behind its transform."""
    augeonet = network.augeonet
    layout = augeonet.lay_out(batch.positions)
    encoding = augeonet.microphone_encoding(layout.places)
    order = layout.order.T[:, None, :, None].expand_as(batch.real)
    cross_spectra = gcc_phat_features(
        batch.real.gather(0, order),
        batch.imag.gather(0, order),
        augeonet.extractor.constants(place_scalars(layout.places)),
        keep_reference=network.config.mic_frame == "absolute",
    )
    x, _ = augeonet.extract(cross_spectra, layout, encoding, [None] * len(augeonet.extractor.tail_shapes))
    x, _ = augeonet.exchange(x, layout, encoding, [None] * len(augeonet.dual_path))
    representation, _ = augeonet.mapping(x, layout.pair_mask, [None] * len(augeonet.mapping.tail_shapes))
    return representation.permute(2, 0, 1, 3)
