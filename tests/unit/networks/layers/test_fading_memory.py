"""Memory that fades: the closed form is the recursion it stands for."""

import torch
from torch.testing import assert_close

from anydoa.networks.layers.fading_memory import FadingMemory, fading_sum

VALUES = torch.randn(30, 4, generator=torch.Generator().manual_seed(0))


def test_the_sum_of_all_frames_at_once_is_the_recursion() -> None:
    decay, before = torch.tensor([0.9]), torch.ones(4)
    total, rows = before, []
    for row in VALUES:
        total = 0.9 * total + row
        rows.append(total)
    assert_close(fading_sum(VALUES, decay, before), torch.stack(rows), atol=1e-5, rtol=1e-5)
    assert_close(fading_sum(VALUES, decay, None)[0], VALUES[0])


def test_a_mean_of_one_value_tends_to_it_at_different_rates() -> None:
    memory = FadingMemory(hop_s=0.016)
    past, last = memory(torch.ones(100, 2, 8, 3), None)
    assert last.shape == (8, 2, 3)
    assert_close(past[-1].transpose(0, 1), last)
    reached = past[50, 0, ::2, 0]
    assert (reached.diff() < 0).all()  # slower from group to group
    assert past[-1, 0, 0, 0] > 0.99


def test_pieces_give_what_the_whole_gives() -> None:
    memory = FadingMemory(hop_s=0.016)
    x = torch.randn(20, 2, 4, 3, generator=torch.Generator().manual_seed(1))
    whole, _ = memory(x, None)
    first, state = memory(x[:7], None)
    second, _ = memory(x[7:], state)
    assert_close(torch.cat([first, second]), whole, atol=1e-6, rtol=1e-5)
