"""The choice of the reference microphone, and the layout that follows from it."""

import math

import pytest
import torch
from torch.testing import assert_close

from anydoa.errors import ShapeError
from anydoa.networks.layers.array_layout import (
    choose_reference,
    lay_out,
    lay_out_as_published,
    reference_first,
)


def circle(count: int, *, turn: float = 0.0) -> torch.Tensor:
    angle = torch.arange(count) * (2 * math.pi / count) + turn
    return 0.05 * torch.stack([angle.cos(), angle.sin(), torch.zeros(count)], -1)[None]


def all_present(positions: torch.Tensor) -> torch.Tensor:
    return torch.ones(positions.shape[:2], dtype=torch.bool)


def test_the_reference_is_nearest_to_the_centroid() -> None:
    positions = torch.tensor([[[0.1, 0, 0], [0.01, 0, 0], [-0.1, 0, 0], [0, 0.05, 0]]])
    assert choose_reference(positions, all_present(positions)).tolist() == [1]


@pytest.mark.parametrize("count", [2, 4, 6, 8])
def test_ties_on_a_circle_do_not_depend_on_order_or_origin(count: int) -> None:
    positions = circle(count, turn=0.1)
    chosen = positions[0, choose_reference(positions, all_present(positions))[0]]
    for seed in range(5):
        order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
        moved = positions[:, order] + torch.tensor([0.3, -1.0, 2.0])
        again = moved[0, choose_reference(moved, all_present(moved))[0]] - torch.tensor([0.3, -1.0, 2.0])
        assert_close(again, chosen, atol=1e-6, rtol=0)


def test_absent_microphones_move_neither_centroid_nor_choice() -> None:
    positions = torch.tensor([[[0.1, 0, 0], [0.0, 0, 0], [-0.1, 0, 0], [9.0, 9.0, 9.0]]])
    mask = torch.tensor([[True, True, True, False]])
    assert choose_reference(positions, mask).tolist() == [1]
    assert choose_reference(positions[:, :3], mask[:, :3]).tolist() == [1]


def test_the_reference_changes_places_with_the_first() -> None:
    order = reference_first(torch.tensor([2, 0]), 4)
    assert order.tolist() == [[2, 1, 0, 3], [0, 1, 2, 3]]


def test_places_are_relative_to_the_reference() -> None:
    positions = torch.tensor([[[0.1, 0, 0], [0.01, 0.02, 0], [-0.1, 0, 0]]])
    layout = lay_out(positions, None, absolute=False)
    assert layout.order.tolist() == [[1, 0, 2]]
    assert_close(layout.places[:, 0], positions[0, [0, 2]] - positions[0, 1])


def test_absolute_places_are_relative_to_the_centroid_and_include_the_reference() -> None:
    positions = torch.tensor([[[0.1, 0, 0], [0.01, 0.02, 0], [-0.1, 0, 0]]])
    layout = lay_out(positions, None, absolute=True)
    assert_close(layout.places.mean(0), torch.zeros(1, 3), atol=1e-7, rtol=0)
    assert len(layout.places) == 3


def test_rounding_on_an_axis_does_not_flip_the_azimuth() -> None:
    positions = torch.tensor([[[0.0, 1e-9, 0], [-0.05, -1e-9, 0], [0.05, 0, 0]]])
    places = lay_out(positions, None, absolute=False).places
    assert (torch.atan2(places[..., 1], places[..., 0]) >= 0).all()


def test_the_published_layout_takes_no_absent_microphone() -> None:
    mask = torch.tensor([[True, True, False]])
    with pytest.raises(ShapeError, match="takes no absent microphones"):
        lay_out_as_published(torch.randn(1, 3, 3), mask)
    assert lay_out_as_published(circle(3), torch.ones_like(mask)).mic_mask is None
