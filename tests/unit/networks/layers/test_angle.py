"""The angle of a point in a plane."""

import math

import torch
from torch.testing import assert_close

from anydoa.networks.layers.positional_encoding import angle_of


def test_the_angle_is_the_arctangent_of_two_arguments() -> None:
    y, x = torch.randn(2, 1000, generator=torch.Generator().manual_seed(0))
    assert_close(angle_of(y, x), torch.atan2(y, x))


def test_the_axes_are_exact_and_the_origin_is_zero() -> None:
    y = torch.tensor([0.0, 1.0, 0.0, -1.0, 0.0])
    x = torch.tensor([1.0, 0.0, -1.0, 0.0, 0.0])
    assert_close(angle_of(y, x), torch.tensor([0.0, math.pi / 2, math.pi, -math.pi / 2, 0.0]))
