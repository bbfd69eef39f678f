"""The angle of a point in a plane, exact on the axes in every runtime.

ONNX has no arctangent of two arguments; what torch writes in its place is not a number at the origin and
gives -pi, not pi, on the negative first axis: just where the microphones of real arrays lie.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

_SMALLEST = 1e-30  # in place of zero below a division; any coordinate over it is a right angle


def angle_of(y: Float[Tensor, "*batch"], x: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """Angle from the x axis towards the y axis in (-pi, pi]; 0 at the origin.

    Args:
        y: second coordinate; -0.0 counts as 0.0.
        x: first coordinate.
    """
    slope = torch.atan(y / torch.where(x == 0, _SMALLEST, x))
    half_turn = torch.where(y >= 0, math.pi, -math.pi)
    return slope + torch.where(x < 0, half_turn, torch.zeros_like(slope))
