"""Learning rates along a stage."""

from itertools import pairwise

import pytest

from anydoa.training.config import OptimizerOptions, StageOptions
from anydoa.training.curriculum import ActiveStage
from anydoa.training.optimization import Plateau, learning_rate

COSINE = OptimizerOptions(lr=1e-3, schedule="cosine", warmup=1.0, floor=0.01)
STAGE = StageOptions("stage", 10.0, lr_factor=0.5)


def at(elapsed: float, index: int = 0) -> ActiveStage:
    return ActiveStage(index, STAGE, elapsed / STAGE.length, elapsed, index * STAGE.length + elapsed)


def test_the_cosine_rises_then_falls_to_its_floor() -> None:
    rates = [learning_rate(at(i / 10), Plateau(), COSINE) for i in range(101)]
    assert rates[0] == 0.0
    assert max(rates) == pytest.approx(5e-4, rel=0.03)
    assert rates[50] == pytest.approx(5e-4 * (0.01 + 0.99 * 0.5))
    assert rates[-1] == pytest.approx(5e-6)
    assert all(a > b for a, b in pairwise(rates[10:]))


def test_the_plateau_lowers_the_rate_after_two_validations_in_vain() -> None:
    options = OptimizerOptions(lr=1e-3)
    plateau = Plateau()
    rates = []
    for loss in (1.0, 0.9, 0.95, 0.92, 0.93, 0.8, 0.85):
        plateau = plateau.after(loss, 0, options)
        rates.append(learning_rate(at(5.0), plateau, options) / 5e-4)
    assert rates == pytest.approx([1, 1, 1, 0.9, 0.9, 0.9, 0.9])


def test_a_new_stage_forgets_the_plateau() -> None:
    options = OptimizerOptions(lr=1e-3)
    worn = Plateau(stage=0, factor=0.5, best_loss=0.1, waited=1)
    assert learning_rate(at(0.0, index=1), worn, options) == pytest.approx(5e-4)
    assert worn.after(3.0, 1, options) == Plateau(stage=1, factor=1.0, best_loss=3.0, waited=0)
