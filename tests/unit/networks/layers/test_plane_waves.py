"""The fit of plane waves: exact for one wave, the same as SRP-PHAT over all pairs for anything."""

import itertools
import math

import torch
from torch import Tensor
from torch.testing import assert_close

from anydoa.constants import SPEED_OF_SOUND
from anydoa.networks.layers.plane_waves import agreement, steering_vectors

HERTZ = torch.tensor([300.0, 700.0, 1500.0, 2900.0, 4100.0, 7000.0])


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def unit(x: Tensor) -> Tensor:
    return torch.nn.functional.normalize(x, dim=-1)


def wave_phase(positions: Tensor, direction: Tensor) -> Tensor:
    """Of each microphone and bin: the delay of a wave from u at p is -(p . u) / c."""
    delay = -(positions @ direction) / SPEED_OF_SOUND
    return -2 * math.pi * HERTZ[:, None] * delay


def test_the_wave_that_is_there_fits_wholly_and_no_other_better() -> None:
    positions, directions = 0.05 * drawn(1, 5, 3), unit(drawn(40, 3))
    phase = wave_phase(positions[0], directions[7])[None, :, None]
    fit = agreement(
        phase.cos(), phase.sin(), steering_vectors(positions, directions, HERTZ), torch.tensor([5.0]), 3
    )
    assert fit.shape == (1, 3, 1, 40)
    assert_close(fit[..., 7], torch.ones(1, 3, 1))
    assert (fit <= 1 + 1e-5).all()


def test_it_is_the_mean_over_all_pairs_and_bins_of_a_band() -> None:
    positions, directions = 0.05 * drawn(2, 4, 3), unit(drawn(9, 3))
    angle = 3 * drawn(2, 6, 5, 4)
    fit = agreement(
        angle.cos(), angle.sin(), steering_vectors(positions, directions, HERTZ), torch.tensor([4.0, 4.0]), 2
    )
    for clip, direction in ((0, 3), (1, 8)):
        error = angle[clip] - wave_phase(positions[clip], directions[direction])[:, None]
        pairs = [torch.cos(error[..., i] - error[..., j]) for i, j in itertools.combinations(range(4), 2)]
        expected = torch.stack(pairs).mean(0).unflatten(0, (2, 3)).mean(1)
        assert_close(fit[clip, :, :, direction], expected, atol=1e-5, rtol=1e-5)


def test_an_absent_microphone_does_not_count() -> None:
    positions, directions, angle = 0.05 * drawn(1, 5, 3), unit(drawn(9, 3)), 3 * drawn(1, 6, 2, 5)
    real, imag = angle.cos(), angle.sin()
    few = agreement(
        real[..., :3],
        imag[..., :3],
        steering_vectors(positions[:, :3], directions, HERTZ),
        torch.tensor([3.0]),
        2,
    )
    real[..., 3:], imag[..., 3:] = 0, 0
    steering = steering_vectors(positions, directions, HERTZ)
    assert_close(agreement(real, imag, steering, torch.tensor([3.0]), 2), few, atol=1e-6, rtol=1e-5)


def test_silence_fits_nothing() -> None:
    steering = steering_vectors(drawn(1, 3, 3), unit(drawn(4, 3)), HERTZ)
    nothing = torch.zeros(1, 6, 2, 3)
    assert_close(agreement(nothing, nothing, steering, torch.tensor([3.0]), 2), torch.zeros(1, 2, 2, 4))
