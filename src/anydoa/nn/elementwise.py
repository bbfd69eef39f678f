"""Elementwise functions in the form that ONNX Runtime is fastest at; torch has better ones for training."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def elu(x: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Exponential linear unit from vectorised operators; ONNX Runtime's own takes twice as long."""
    return torch.maximum(x, torch.exp(x.clamp(max=0.0)) - 1.0)


def multiply_add(
    x: Float[Tensor, "*batch feature"], factor: Float[Tensor, "feature"], term: Float[Tensor, "feature"]
) -> Float[Tensor, "*batch feature"]:
    """``x * factor + term`` in one pass over memory: ONNX has it only as a batch normalisation."""
    zero, one = torch.zeros(len(term)), torch.ones(len(term))
    rows = x.reshape(-1, len(term))
    return nn.functional.batch_norm(rows, zero, one, factor, term, eps=0.0).view_as(x)
