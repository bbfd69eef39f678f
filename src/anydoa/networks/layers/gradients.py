"""Hand-written gradients and mixed precision: they do not mix, so the former step out of the latter."""

from typing import Any

import torch
from torch import Tensor


def apply_function(function: type[torch.autograd.Function], *arguments: Any) -> Any:
    """What a function with a hand-written gradient gives, in single precision even inside autocast."""
    device = next(argument.device.type for argument in arguments if isinstance(argument, Tensor))
    with torch.autocast(device, enabled=False):
        return function.apply(*map(_at_least_single, arguments))  # type: ignore[no-untyped-call] # by torch


def _at_least_single(argument: Any) -> Any:
    low = isinstance(argument, Tensor) and argument.dtype in (torch.float16, torch.bfloat16)
    return argument.float() if low else argument
