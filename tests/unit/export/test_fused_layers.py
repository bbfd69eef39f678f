"""Other operators, the same values."""

import torch
from torch.testing import assert_close

from anydoa.export.fused_layers import elu, multiply_add


def test_the_linear_unit_is_that_of_torch_at_any_size() -> None:
    x = torch.cat([torch.linspace(-30, 30, 4001), torch.tensor([0.0, -0.0, -1e-7, 1e30, -1e30, torch.inf])])
    assert_close(elu(x), torch.nn.functional.elu(x), atol=1e-6, rtol=1e-6)


def test_a_product_and_a_sum_are_taken_feature_by_feature() -> None:
    generator = torch.Generator().manual_seed(0)
    x, factor, term = (torch.randn(*shape, generator=generator) for shape in ((3, 4, 5), (5,), (5,)))
    assert_close(multiply_add(x, factor, term), x * factor + term)
