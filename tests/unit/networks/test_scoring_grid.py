"""The directions PlaneWaveNet scores: on whose slope each lies, and what lies between them."""

import math

import torch
from torch.testing import assert_close

from anydoa.networks.plane_wave_net import ScoringGrid

GRID = ScoringGrid(300, (11.0, 25.0))
SCATTERED = torch.nn.functional.normalize(
    torch.randn(200, 3, generator=torch.Generator().manual_seed(0)), dim=-1
)


def test_tops_are_all_whose_slope_is_here_and_no_others() -> None:
    cosine = GRID.directions @ GRID.directions.T
    wanted = (cosine <= math.cos(math.radians(11))) & (cosine >= math.cos(math.radians(25)))
    assert ((cosine > math.cos(math.radians(11))).sum(1) > 1).any()
    found = torch.zeros_like(wanted).scatter_(1, GRID.tops, value=True)
    assert found.diagonal().all()
    assert torch.equal(found, wanted.fill_diagonal_(True))


def test_what_is_the_same_everywhere_is_the_same_between() -> None:
    assert_close(GRID(SCATTERED).sum(-1), torch.ones(200))


def test_a_smooth_function_is_known_between_the_directions() -> None:
    found = GRID(SCATTERED) @ GRID.directions[:, 2]
    assert_close(found, SCATTERED[:, 2], atol=0.05, rtol=0)
