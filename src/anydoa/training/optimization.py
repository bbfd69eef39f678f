"""How weights move: what decays, the learning rate, and the average that is evaluated and kept.

The moments of the optimiser are named tensors, so that checkpoints need no pickle.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from anydoa.networks import AnyNetwork
from anydoa.training.config import OptimizerOptions
from anydoa.training.curriculum import ActiveStage


def parameter_groups(network: nn.Module, decays: Callable[[str], bool]) -> list[dict[str, Any]]:
    """Groups for the optimiser: parameters that weight decay pulls down, and those it leaves alone.

    Args:
        network: what learns.
        decays: whether weight decay holds for a parameter of this name.
    """
    groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for name, parameter in network.named_parameters():
        groups[decays(name)].append(parameter)
    return [{"params": parameters, "decays": decayed} for decayed, parameters in groups.items()]


def optimizer_tensors(optimizer: torch.optim.Optimizer, network: nn.Module) -> dict[str, Tensor]:
    """Every tensor of the optimiser's state, as ``parameter/moment``."""
    return {
        f"{name}/{key}": value
        for name, parameter in network.named_parameters()
        for key, value in optimizer.state[parameter].items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, network: nn.Module, tensors: dict[str, Tensor]
) -> None:
    """Put back what :func:`optimizer_tensors` gave."""
    parameters = dict(network.named_parameters())
    for path, value in tensors.items():
        name, key = path.rsplit("/", 1)
        parameter = parameters[name]
        optimizer.state[parameter][key] = value.to(parameter.device)


@dataclass(frozen=True)
class Plateau:
    """What the plateau schedule remembers of a stage.

    Args:
        stage: number of the stage.
        factor: factor on the learning rate, lowered so far.
        best_loss: lowest validation loss.
        waited: validations since then.
    """

    stage: int = 0
    factor: float = 1.0
    best_loss: float = math.inf
    waited: int = 0

    def after(self, loss: float, stage: int, options: OptimizerOptions) -> "Plateau":
        """The memory after one more validation; a new stage begins anew.

        Reference:
            Baek et al. (2026): times 0.9 after 2 epochs without a better validation loss.
        """
        before = self if stage == self.stage else Plateau(stage)
        if loss < before.best_loss:
            return replace(before, best_loss=loss, waited=0)
        if before.waited + 1 < options.plateau_patience:
            return replace(before, waited=before.waited + 1)
        return replace(before, factor=before.factor * options.plateau_factor, waited=0)


def learning_rate(stage: ActiveStage, plateau: Plateau, options: OptimizerOptions) -> float:
    """Learning rate at a place in a stage: the stage's own, warmed up, times what the schedule says."""
    rate = options.lr * stage.options.lr_factor
    if stage.elapsed < options.warmup:
        rate *= stage.elapsed / options.warmup
    if options.schedule == "plateau":
        return rate * (plateau.factor if plateau.stage == stage.index else 1.0)
    return rate * (options.floor + (1 - options.floor) * (1 + math.cos(math.pi * stage.done)) / 2)


class AveragedNetwork:
    """An exponential moving average of a network's parameters and buffers, steadier than the current ones.

    Args:
        network: what is averaged; the average starts as a copy.
        decay: share of the old average in the new one; 0 keeps a plain copy.
    """

    def __init__(self, network: AnyNetwork, decay: float) -> None:
        self.network = copy.deepcopy(network)
        self.network.requires_grad_(False).eval()
        self.decay = decay
        self.num_updates = 0

    @torch.no_grad()
    def update(self, current: AnyNetwork) -> None:
        """Move towards the current network."""
        self.num_updates += 1
        # Early on the average must not remember the random start, so it covers ten steps at first.
        decay = min(self.decay, self.num_updates / (self.num_updates + 10))
        new = current.state_dict()
        for name, old in self.network.state_dict().items():
            if decay and old.is_floating_point():
                old.lerp_(new[name].to(old.dtype), 1 - decay)
            else:
                old.copy_(new[name])
