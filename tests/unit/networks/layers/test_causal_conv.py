"""Causal convolutions against torch's, in one go and in pieces."""

import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from anydoa.networks.layers.causal_conv import CausalConv, DepthwiseCausalConv, causal_conv


def frames(count: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randn(2, count, 3, width, generator=generator, dtype=torch.float64, requires_grad=True)


def as_torch(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, *, dilation: int) -> torch.Tensor:
    """The same by conv1d, from (pair, frame, batch, feature) and weights (out, in, tap)."""
    rows = x.permute(0, 2, 3, 1).flatten(0, 1)
    padded = functional.pad(rows, (2 * dilation, 0))
    y = functional.conv1d(padded, weight, bias, dilation=dilation, groups=rows.shape[1] // weight.shape[1])
    return y.unflatten(0, (2, 3)).permute(0, 3, 1, 2)


@pytest.mark.parametrize(("count", "dilation"), [(1, 1), (3, 2), (7, 8), (20, 4)])
def test_depthwise_is_a_padded_grouped_convolution(count: int, dilation: int) -> None:
    conv, x = DepthwiseCausalConv(5, dilation).double(), frames(count, 5)
    y, tail = conv(x)
    assert tail is None
    assert_close(y, as_torch(x, conv.weight.T[:, None], conv.bias, dilation=dilation))
    assert torch.autograd.gradcheck(lambda x: conv(x)[0], (x,))


@pytest.mark.parametrize("count", [1, 2, 9])
def test_full_convolution_is_a_padded_convolution(count: int) -> None:
    conv, x = CausalConv(4, 6).double(), frames(count, 4)
    y, _ = causal_conv(x, conv.weight, conv.bias)
    assert_close(y, as_torch(x, conv.weight.permute(2, 1, 0), conv.bias, dilation=1))
    assert torch.autograd.gradcheck(
        lambda *arguments: causal_conv(*arguments)[0], (x, conv.weight, conv.bias)
    )


def test_gradients_reach_depthwise_weights() -> None:
    x = frames(6, 5)
    conv = DepthwiseCausalConv(5, 2).double()
    conv(x)[0].square().sum().backward()
    assert conv.weight.grad is not None
    assert conv.bias.grad is not None
    found = conv.weight.grad.clone(), conv.bias.grad.clone()
    conv.zero_grad()
    as_torch(x, conv.weight.T[:, None], conv.bias, dilation=2).square().sum().backward()
    assert_close(found, (conv.weight.grad, conv.bias.grad))


def test_pieces_with_tails_give_the_whole() -> None:
    x = frames(11, 4).detach()
    depthwise, full = DepthwiseCausalConv(4, 3).double(), CausalConv(4, 6).double()
    deep_tail = torch.zeros(2, depthwise.tail_length, 3, 4, dtype=torch.float64)
    full_tail = torch.zeros(2, 2, 3, 4, dtype=torch.float64)
    deep, wide = [], []
    for piece in x.split([1, 5, 0, 3, 2], dim=1):
        y, deep_tail = depthwise(piece, deep_tail)
        deep.append(y)
        y, full_tail = causal_conv(piece, full.weight, full.bias, full_tail)
        wide.append(y)
    assert_close(torch.cat(deep, 1), depthwise(x)[0])
    assert_close(torch.cat(wide, 1), causal_conv(x, full.weight, full.bias)[0])
