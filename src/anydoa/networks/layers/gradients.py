"""Hand-written gradients, which step out of mixed precision: the two do not go together."""

from typing import Any

import torch
from torch import Tensor


def apply_function(function: type[torch.autograd.Function], *arguments: Any) -> Any:
    """Call a function with a hand-written gradient, in single precision even inside autocast.

    Args:
        function: the function.
        arguments: its arguments; tensors in half precision are widened.
    """
    low = (torch.float16, torch.bfloat16)
    widened = (
        argument.float() if isinstance(argument, Tensor) and argument.dtype in low else argument
        for argument in arguments
    )
    device = next(argument.device.type for argument in arguments if isinstance(argument, Tensor))
    with torch.autocast(device, enabled=False):
        return function.apply(*widened)  # type: ignore[no-untyped-call] # by torch
