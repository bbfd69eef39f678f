"""Pooling over pairs: its definition, its gradient, and pairs that are not there."""

import pytest
import torch
from torch.testing import assert_close

from anydoa.networks.layers.pooling import pool_pairs

MASK = torch.tensor([[True, True, True, True], [False, True, False, True], [False, False, True, False]])


def pairs(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 2, 3, 5, generator=generator, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize("unbiased", [False, True])
def test_sum_and_spread_of_weighted_features(unbiased: bool) -> None:
    x = pairs()
    weighted = torch.softmax(x, 0) * x
    expected = torch.cat([weighted.sum(0), weighted.std(0, correction=int(unbiased))], -1)
    assert_close(pool_pairs(x, unbiased=unbiased), expected)


@pytest.mark.parametrize("mask", [None, MASK[:2].repeat(2, 1)[:3], MASK[:2][[0, 1, 1]]])
def test_gradients_are_those_of_the_definition(mask: torch.Tensor | None) -> None:
    assert torch.autograd.gradcheck(lambda x: pool_pairs(x, mask), (pairs(),))


def test_absent_pairs_change_nothing_whatever_they_hold() -> None:
    x = pairs().detach()
    found = pool_pairs(x, MASK)
    for item, mask in enumerate(MASK):
        alone = pool_pairs(x[mask][:, :, item : item + 1])
        assert_close(found[:, item : item + 1], alone)
    garbage = torch.where(MASK.T[:, None, :, None], x, 1e6)
    assert_close(pool_pairs(garbage, MASK), found)


def test_one_pair_and_equal_pairs_have_finite_gradients() -> None:
    for x in (pairs().detach()[:1].clone(), pairs().detach()[:1].repeat(4, 1, 1, 1)):
        x.requires_grad_()
        y = pool_pairs(x)
        assert_close(y[..., 5:], torch.zeros(2, 3, 5, dtype=torch.float64), atol=2e-6, rtol=0)
        y.sum().backward()
        assert x.grad is not None
        assert x.grad.isfinite().all()
