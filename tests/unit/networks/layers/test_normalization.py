"""ELU and normalisation against torch's own."""

import torch
from torch import nn
from torch.testing import assert_close

from anydoa.networks.layers.normalization import BatchNorm, EluBatchNorm, EluLayerNorm


def rows(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (2 * torch.randn(3, 4, 5, 6, generator=generator, dtype=torch.float64) + 0.5).requires_grad_()


def twins() -> tuple[EluBatchNorm, nn.BatchNorm1d]:
    ours, theirs = EluBatchNorm(6).double(), nn.BatchNorm1d(6).double()
    with torch.no_grad():
        ours.weight.uniform_(0.5, 2.0, generator=torch.Generator().manual_seed(1))
        ours.bias.uniform_(-1.0, 1.0, generator=torch.Generator().manual_seed(2))
    theirs.load_state_dict(ours.state_dict(), strict=False)
    return ours, theirs


def test_training_gives_torchs_values_statistics_and_gradients() -> None:
    ours, theirs = twins()
    x, y = rows(), rows()
    found = ours(x)
    expected = theirs(nn.functional.elu(y).flatten(0, -2)).view_as(y)
    assert_close(found, expected)
    assert_close(ours.running_mean, theirs.running_mean)
    assert_close(ours.running_var, theirs.running_var)
    found.pow(3).sum().backward()
    expected.pow(3).sum().backward()
    assert_close(x.grad, y.grad)
    assert_close(ours.weight.grad, theirs.weight.grad)
    assert_close(ours.bias.grad, theirs.bias.grad)


def test_evaluation_uses_the_running_statistics_and_leaves_them() -> None:
    ours, theirs = twins()
    ours(rows(3))
    theirs(nn.functional.elu(rows(3)).flatten(0, -2))
    before = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    assert_close(
        ours.eval()(rows(4)), theirs.eval()(nn.functional.elu(rows(4)).flatten(0, -2)).view(3, 4, 5, 6)
    )
    assert_close(dict(ours.state_dict()), before, atol=0, rtol=0)


def test_scale_and_shift_normalise_the_first_features_and_carry_their_gradient() -> None:
    norm = BatchNorm(4).double()
    x = rows()
    scale, shift = norm.scale_shift(x)
    y = x[..., :4] * scale + shift
    assert_close(y.flatten(0, -2).mean(0), torch.zeros(4, dtype=torch.float64), atol=1e-9, rtol=0)
    assert_close(y.flatten(0, -2).var(0, correction=0), torch.ones(4, dtype=torch.float64), atol=1e-4, rtol=0)
    assert torch.autograd.gradcheck(lambda x: norm.scale_shift(x), (rows(),))


def test_constant_features_stay_finite() -> None:
    norm = EluBatchNorm(6)
    x = torch.full((2, 3, 4, 6), 0.7, requires_grad=True)
    norm(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_layer_norm_follows_the_elu() -> None:
    norm = EluLayerNorm(6).double()
    y = norm(rows())
    assert_close(y.mean(-1), torch.zeros(3, 4, 5, dtype=torch.float64), atol=1e-9, rtol=0)
    assert_close(y, nn.functional.layer_norm(nn.functional.elu(rows()), (6,), eps=1e-8))
