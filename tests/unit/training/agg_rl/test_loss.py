"""The losses against their definitions."""

import pytest
import torch

from anydoa.training.agg_rl.loss import direction_divergence, weighted_cross_entropy


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


def test_the_divergence_is_that_of_distributions_over_directions() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    target = torch.rand(2, 5, 4, generator=generator, dtype=torch.float64)
    target[1, :, 2] = 0.0  # silence, which does not count
    wanted, found = target / target.sum(1, keepdim=True), logits.softmax(1)
    terms = (wanted * (wanted / found).log()).sum(1)
    terms[1, 2] = 0.0
    assert direction_divergence(logits, target).item() == pytest.approx(terms.sum().item() / 7)


def test_the_divergence_asks_which_direction_and_not_how_sure() -> None:
    target = torch.tensor([0.2, 0.8]).reshape(1, 2, 1)
    right = target.log()
    assert direction_divergence(right + 7, target).item() == pytest.approx(0.0, abs=1e-6)
    assert direction_divergence(right.flip(1), target).item() > 0.5


def test_silence_costs_nothing_and_teaches_nothing() -> None:
    logits = torch.randn(1, 3, 2, requires_grad=True)
    loss = direction_divergence(logits, torch.zeros(1, 3, 2))
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad is not None
    assert not logits.grad.any()
