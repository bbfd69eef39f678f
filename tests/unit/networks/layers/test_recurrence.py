"""The recurrence against torch's GRU: values, gradients, pieces."""

import torch
from torch.testing import assert_close

from anydoa.networks.layers.recurrence import Recurrence


def frames(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(7, 3, 4, generator=generator, dtype=torch.float64).requires_grad_()


def test_values_and_gradients_are_torchs() -> None:
    recurrence = Recurrence(4, 5).double()
    x, y = frames(), frames()
    found, _ = recurrence(x)
    expected, _ = recurrence.gru(y)
    assert_close(found, expected)
    found.pow(3).sum().backward()
    gradients = [
        parameter.grad.clone() for parameter in recurrence.parameters() if parameter.grad is not None
    ]
    recurrence.zero_grad()
    expected.pow(3).sum().backward()
    assert len(gradients) == 8
    assert_close(gradients, [parameter.grad for parameter in recurrence.parameters()])
    assert_close(x.grad, y.grad)


@torch.no_grad()
def test_pieces_with_their_hidden_state_give_the_whole() -> None:
    recurrence, x = Recurrence(4, 5).double(), frames()
    whole, _ = recurrence(x)
    hidden, parts = torch.zeros(2, 3, 5, dtype=torch.float64), []
    for piece in x.split([2, 1, 4]):
        part, hidden = recurrence(piece, hidden)
        parts.append(part)
    assert_close(torch.cat(parts), whole)
    assert_close(hidden[1], whole[-1])
