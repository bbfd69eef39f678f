"""Attention across pairs: both ways of computing it, against torch's own."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from anydoa.networks.layers.dual_path import MAX_BULK_PAIRS, PairAttention

MASK = torch.tensor([[True, True, True], [True, False, True]])


def pairs(count: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randn(count, 4, 2, 8, generator=generator, dtype=torch.float64).requires_grad_()


def attention() -> PairAttention:
    torch.manual_seed(0)
    return PairAttention(8, 2).double()


def as_torch(module: PairAttention, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    theirs = nn.MultiheadAttention(8, 2, batch_first=True, dtype=torch.float64)
    theirs.in_proj_weight, theirs.in_proj_bias = module.projection.weight, module.projection.bias
    theirs.out_proj.weight, theirs.out_proj.bias = module.output.weight, module.output.bias
    rows = x.permute(1, 2, 0, 3).flatten(0, 1)
    absent = None if mask is None else ~mask.repeat(4, 1)
    y, _ = theirs(rows, rows, rows, key_padding_mask=absent)
    return y.unflatten(0, (4, 2)).permute(2, 0, 1, 3)


@pytest.mark.parametrize("mask", [None, MASK])
def test_both_ways_give_torchs_attention(mask: torch.Tensor | None) -> None:
    module, x = attention(), pairs()
    expected = as_torch(module, x, mask)
    assert_close(module(x, mask), expected)
    assert_close(module.output(module._mix(x, mask)), expected)


@pytest.mark.parametrize("mask", [None, MASK])
def test_gradients_are_torchs(mask: torch.Tensor | None) -> None:
    module, x, y = attention(), pairs(), pairs()
    module(x, mask).pow(3).sum().backward()
    found = [parameter.grad.clone() for parameter in module.parameters() if parameter.grad is not None]
    module.zero_grad()
    as_torch(module, y, mask).pow(3).sum().backward()
    expected = [parameter.grad for parameter in module.parameters()]
    assert len(found) == 4
    assert_close(found, expected)
    assert_close(x.grad, y.grad)


def test_many_pairs_go_the_way_of_products() -> None:
    module, x = attention(), pairs(MAX_BULK_PAIRS + 1)
    assert_close(module(x), module.output(module._mix_in_bulk(x, None)))
