"""What the optimiser moves, and its moments as named tensors, so that checkpoints need no pickle."""

from typing import Any

import torch
from torch import Tensor, nn

_BINS = "transform.increments"  # ends the name of the parameter


def parameter_groups(network: nn.Module) -> list[dict[str, Any]]:
    """Groups for the optimiser: all that decay, and the bins of the transform, which do not.

    Weight decay would pull the bins down. Worse, Adam makes a full step of it where there is no other
    gradient, as in a stage of spectra.
    """
    parameters = list(network.named_parameters())
    learnable = [parameter for name, parameter in parameters if name.endswith(_BINS)]
    others = [parameter for name, parameter in parameters if not name.endswith(_BINS)]
    return [{"params": others, "decays": True}, {"params": learnable, "decays": False}]


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
