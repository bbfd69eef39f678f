"""A small network with random weights and its card."""

import torch

from anydoa.estimators.model.card import ModelCard, TrainedRange
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig

COVERED = TrainedRange((2, 32), (0.005, 5.0), (0.2, 1.3), (-5.0, 30.0), (1, 2))


def make_model(**changes: object) -> AggRl:
    torch.manual_seed(3)
    values = {"num_features": 32, "num_heads": 4, "latent_size": 32, "num_bins": 65, "window_length": 256}
    model = AggRl(AggRlConfig.from_dict({**values, **changes})).eval()
    if model.augeonet.plane_wave_net is not None:  # which has no say at the beginning
        torch.nn.init.normal_(model.augeonet.plane_wave_net.exit.weight)
    return model


def make_card(model: AggRl) -> ModelCard:
    bins_hz = model.augeonet.transform.bins * model.config.sample_rate / model.config.window_length
    net = model.augeonet.plane_wave_net
    return ModelCard(
        name="tiny",
        architecture="agg-rl",
        title="A tiny network",
        licence="MIT",
        config=model.config.to_dict(),
        trained_range=COVERED,
        bins_hz=tuple(bins_hz.tolist()),
        plane_wave_hz=() if net is None else tuple(bins_hz[net.bins].tolist()),
    )
