"""Weighted cross-entropy against its definition."""

import pytest
import torch

from anydoa.training.losses import weighted_cross_entropy


def test_the_loss_is_the_weighted_cross_entropy_summed_over_outputs() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 5, 4, generator=generator, dtype=torch.float64)
    target = torch.rand(2, 3, 5, 4, generator=generator, dtype=torch.float64)
    estimate = torch.sigmoid(logits)
    terms = 2 * target * estimate.log() + (1 - target) * (1 - estimate).log()
    assert weighted_cross_entropy(logits, target).item() == pytest.approx(-terms.mean((0, 2, 3)).sum().item())


def test_a_right_answer_costs_nothing_however_sure() -> None:
    target = torch.tensor([1.0, 0.0]).reshape(1, 1, 2, 1)
    assert weighted_cross_entropy((target * 2 - 1) * 100, target).item() == pytest.approx(0.0)
    assert weighted_cross_entropy((1 - target * 2) * 100, target).item() == pytest.approx(150.0)
