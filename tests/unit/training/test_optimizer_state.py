"""What the optimiser moves, and what it remembers."""

import torch

from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig
from anydoa.training.agg_rl.batches import ClipShape
from anydoa.training.agg_rl.loss import AggRlLoss
from anydoa.training.agg_rl.spectra import SpectraBatches, bin_frequencies
from anydoa.training.optimization import optimizer_tensors, parameter_groups, restore_optimizer

TINY = AggRlConfig(hop_length=256, num_bins=9, num_features=16, num_heads=2, num_blocks=1, latent_size=8)


def decays(name: str) -> bool:
    return not name.endswith("transform.increments")


def trained(steps: int) -> tuple[AggRl, torch.optim.Adam]:
    torch.manual_seed(0)
    network = AggRl(TINY)
    optimizer = torch.optim.Adam(parameter_groups(network, decays), lr=1e-3)
    train(network, optimizer, steps)
    return network, optimizer


def train(network: AggRl, optimizer: torch.optim.Adam, steps: int) -> None:
    supervision = AggRlLoss(network)
    batch = SpectraBatches(ClipShape(TINY, 2, 0.2, (3, 3)), bin_frequencies(network), seed=0)[0]
    directions = torch.nn.functional.normalize(
        torch.randn(16, 3, generator=torch.Generator().manual_seed(0)), dim=-1
    )
    for _ in range(steps):
        for group in optimizer.param_groups:
            group["weight_decay"] = 1e-4 if group["decays"] else 0.0
        optimizer.zero_grad()
        supervision(batch, directions, (30.0, 20.0, 10.0)).backward()
        optimizer.step()


def test_spectra_teach_everything_but_the_bins() -> None:
    fresh, _ = trained(0)
    taught, _ = trained(3)
    torch.testing.assert_close(
        taught.augeonet.transform.increments, fresh.augeonet.transform.increments, rtol=0, atol=0
    )
    moved = [
        not torch.equal(old, new)
        for old, new in zip(fresh.gridnet.parameters(), taught.gridnet.parameters(), strict=True)
    ]
    assert all(moved)


def test_every_parameter_is_in_one_group() -> None:
    network = AggRl(TINY)
    grouped = [parameter for group in parameter_groups(network, decays) for parameter in group["params"]]
    assert {id(parameter) for parameter in grouped} == {id(parameter) for parameter in network.parameters()}
    assert len(grouped) == len(list(network.parameters()))


def test_uniform_bins_need_no_group() -> None:
    network = AggRl(AggRlConfig.from_dict({**TINY.to_dict(), "transform": "uniform"}))
    assert [len(group["params"]) for group in parameter_groups(network, decays)] == [
        len(list(network.parameters())),
        0,
    ]


def test_an_optimizer_goes_on_from_its_tensors() -> None:
    whole, _ = trained(4)
    network, optimizer = trained(2)
    fresh = torch.optim.Adam(parameter_groups(network, decays), lr=1e-3)
    restore_optimizer(fresh, network, optimizer_tensors(optimizer, network))
    train(network, fresh, 2)
    torch.testing.assert_close(network.state_dict(), whole.state_dict(), rtol=0, atol=0)
