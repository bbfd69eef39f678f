"""The loss of AGG-RL: its terms, their weights, and the network together with them.

Cross-entropy judges each direction by itself, a divergence compares directions. To change the loss, change
:class:`LossOptions` and :meth:`AggRlLoss.forward`; a TOML file sets the options in ``[loss]``.
The loss of validation is the cross-entropy alone, so runs with other terms can be compared by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anydoa.errors import ConfigError
from anydoa.io.options import check_positive
from anydoa.networks import AggRl, ScoredDirections
from anydoa.training.agg_rl.batches import AggRlBatch, AudioBatch, SpectraBatch
from anydoa.training.agg_rl.targets import target_spectrum


@dataclass(frozen=True)
class LossOptions:
    """Weights in the loss of AGG-RL.

    Args:
        positive_weight: rho, the weight of the positive term of the cross-entropy.
        direction_weight: weight of the divergence between directions, for the last output, beside the
            cross-entropy; 0 as published.
    """

    positive_weight: float = 2.0
    direction_weight: float = 0.0

    def __post_init__(self) -> None:
        check_positive(self, "positive_weight")
        if self.direction_weight < 0:
            raise ConfigError(
                f"direction_weight must be 0 or more, got {self.direction_weight}; 0 is as published"
            )


class AggRlLoss(nn.Module):
    """The loss of a batch as one module, so that several processes can share its gradients.

    Args:
        network: what learns.
        options: weights of the terms; a stage may set others.
    """

    def __init__(self, network: AggRl, options: LossOptions | None = None) -> None:
        super().__init__()
        self.network = network
        self.options = LossOptions() if options is None else options

    def forward(
        self, batch: AggRlBatch, directions: Float[Tensor, "grid 3"], beamwidths_deg: Sequence[float]
    ) -> Float[Tensor, ""]:
        """The loss of a batch on one grid.

        Args:
            batch: clips or spectra.
            directions: the grid.
            beamwidths_deg: beamwidth of each output's target.
        """
        network = self.network
        grid = network.gridnet(directions)
        # PlaneWaveNet judges the grid of the step itself, so nothing lies between its directions.
        scored = network.scored_at(directions, grid) if network.hears_plane_waves else None
        logits = network.combine(represent(network, batch, scored), grid)
        target = target_spectrum(batch.sources, batch.active, directions, beamwidths_deg, batch.ambiguity)
        logits = logits.float()
        loss = weighted_cross_entropy(logits, target, positive_weight=self.options.positive_weight)
        if self.options.direction_weight:
            divergence = direction_divergence(logits[:, -1], target[:, -1])
            loss = loss + self.options.direction_weight * divergence
        # Spectra leave the bins without a gradient, and processes that share gradients wait for every one.
        return loss + 0.0 * self.network.augeonet.transform.increments.sum()


def represent(
    network: AggRl, batch: AggRlBatch, scored: ScoredDirections | None = None
) -> Float[Tensor, "batch output frame latent"]:
    """Audio-geometry representation of a batch of either kind; ``scored`` as for the network."""
    if isinstance(batch, AudioBatch):
        return network.represent(batch.audio, batch.positions, scored=scored)
    assert isinstance(batch, SpectraBatch)
    augeonet = network.augeonet
    # Spectra (mic, frame, batch, freq) with the microphones of each clip in the order of the layout.
    layout = augeonet.lay_out(batch.positions)
    order = layout.order.T[:, None, :, None].expand_as(batch.real)
    scored = network.scored_directions() if scored is None else scored
    real, imag = batch.real.gather(0, order), batch.imag.gather(0, order)
    return augeonet.represent_spectra(real, imag, layout, scored=scored)[0]


def weighted_cross_entropy(
    logits: Float[Tensor, "batch output grid frame"],
    target: Float[Tensor, "batch output grid frame"],
    *,
    positive_weight: float = 2.0,
) -> Float[Tensor, ""]:
    """Cross-entropy with soft targets, averaged over clips, directions and frames, summed over outputs.

    Args:
        logits: log-odds of the network.
        target: 0..1.
        positive_weight: weight (rho) of the positive term; lobes cover a small part of the sphere.

    Reference:
        Baek et al. (2026), the loss with rho = 2.
    """
    weight = torch.tensor(positive_weight, device=logits.device, dtype=logits.dtype)
    mean = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weight)
    return mean * logits.shape[1]


def direction_divergence(
    logits: Float[Tensor, "batch grid frame"], target: Float[Tensor, "batch grid frame"]
) -> Float[Tensor, ""]:
    """Divergence from the target to the spectrum, both taken as distributions over directions, in nats.

    Cross-entropy judges each direction by itself. Peaks are chosen by comparing directions, and this is lower
    the more the spectrum prefers the right ones, however high it is. Mean over frames in which anybody
    speaks; 0 if there are none.

    Args:
        logits: log-odds of the network.
        target: 0..1, all 0 in silence.

    Reference:
        Kullback and Leibler (1951). Not in Baek et al. (2026).
    """
    total = target.sum(1, keepdim=True)
    wanted = target / total.clamp(min=torch.finfo(target.dtype).tiny)
    found = torch.log_softmax(logits, 1)
    divergence = torch.nn.functional.kl_div(found, wanted, reduction="none").sum(1)
    return divergence.sum() / (total > 0).sum().clamp(min=1)
