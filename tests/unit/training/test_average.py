"""The averaged network follows the current one."""

import pytest
import torch

from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig
from anydoa.training.optimization import AveragedNetwork

TINY = AggRlConfig(num_bins=9, num_features=16, num_heads=2, num_blocks=1, latent_size=8)


def first_weight(network: AggRl) -> torch.nn.Parameter:
    return next(network.gridnet.parameters())


def test_the_average_moves_by_its_share() -> None:
    network = AggRl(TINY)
    average = AveragedNetwork(network, 0.9)
    average.num_updates = 10_000
    weight = first_weight(network)
    before = weight.detach().clone()
    with torch.no_grad():
        weight.add_(1.0)
    average.update(network)
    torch.testing.assert_close(first_weight(average.network), before + 0.1)


def test_the_start_is_soon_forgotten() -> None:
    network = AggRl(TINY)
    average = AveragedNetwork(network, 0.999)
    with torch.no_grad():
        first_weight(network).fill_(1.0)
    for _ in range(50):
        average.update(network)
    assert first_weight(average.network).mean().item() == pytest.approx(1.0, abs=1e-3)


def test_without_decay_it_is_a_copy() -> None:
    network = AggRl(TINY)
    average = AveragedNetwork(network, 0.0)
    with torch.no_grad():
        first_weight(network).add_(1.0)
    average.update(network)
    torch.testing.assert_close(average.network.state_dict(), network.state_dict())
    assert not any(parameter.requires_grad for parameter in average.network.parameters())
