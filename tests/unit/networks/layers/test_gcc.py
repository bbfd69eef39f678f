"""PHAT features: their definition, their sign, and silence."""

import math

import torch
from torch.testing import assert_close

from anydoa.networks.layers.gcc import gcc_phat_features

NOTHING = torch.zeros(2, 1, 0, dtype=torch.float64)


def spectra(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    real, imag = torch.randn(2, 3, 4, 1, 5, generator=generator, dtype=torch.float64)
    return real, imag


def test_features_are_phases_of_cross_spectra_with_the_reference() -> None:
    real, imag = spectra(0)
    spectrum = torch.complex(real, imag)
    phase = spectrum / spectrum.abs()
    expected = phase[1:] * phase[:1].conj()
    found = gcc_phat_features(real, imag, NOTHING)
    assert_close(torch.complex(found[..., :5], found[..., 5:]), expected)


def test_a_microphone_that_hears_later_has_negative_phase() -> None:
    delay_samples, nu = 0.25, 20.0
    phase = -2 * math.pi * nu * delay_samples / 512
    real = torch.tensor([1.0, math.cos(phase)]).view(2, 1, 1, 1)
    imag = torch.tensor([0.0, math.sin(phase)]).view(2, 1, 1, 1)
    found = gcc_phat_features(real, imag, torch.zeros(1, 1, 0))
    assert_close(found.flatten(), torch.tensor([math.cos(phase), math.sin(phase)]))
    assert found[..., 1] < 0


def test_the_reference_against_itself_is_one() -> None:
    real, imag = spectra(1)
    found = gcc_phat_features(real, imag, torch.zeros(3, 1, 0, dtype=torch.float64), keep_reference=True)
    assert_close(found[0, ..., :5], torch.ones(4, 1, 5, dtype=torch.float64))
    assert_close(found[0, ..., 5:], torch.zeros(4, 1, 5, dtype=torch.float64))


def test_constants_follow_in_every_frame() -> None:
    real, imag = spectra(2)
    constants = torch.arange(6.0, dtype=torch.float64).view(2, 1, 3)
    found = gcc_phat_features(real, imag, constants)
    assert_close(found[..., 10:], constants[:, None].expand(2, 4, 1, 3))


def test_gradients_are_those_of_the_definition() -> None:
    real, imag = (x.requires_grad_() for x in spectra(3))
    for keep in (False, True):
        constants = torch.zeros(3 if keep else 2, 1, 2, dtype=torch.float64)
        assert torch.autograd.gradcheck(
            lambda re, im: gcc_phat_features(re, im, constants, keep_reference=keep),  # noqa: B023
            (real, imag),
        )


def test_silence_is_zero_and_has_no_gradient() -> None:
    real = torch.zeros(3, 4, 1, 5, requires_grad=True)
    imag = torch.zeros(3, 4, 1, 5, requires_grad=True)
    found = gcc_phat_features(real, imag, torch.zeros(2, 1, 0))
    found.sum().backward()
    assert_close(found.detach(), torch.zeros_like(found))
    assert real.grad is not None
    assert_close(real.grad, torch.zeros_like(real))
