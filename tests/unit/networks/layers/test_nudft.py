"""The transform against its definition, and the bounds of its bins."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from anydoa.networks.layers.nudft import MAX_INCREMENT, MIN_INCREMENT, NonUniformDft, PublishedDft


def direct_transform(frame: np.ndarray, bins: np.ndarray, *, centre: int) -> np.ndarray:
    """Sum of the windowed samples times exp(-j 2 pi (n - centre) nu / N), term by term."""
    length = len(frame)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    phase = -2j * np.pi * np.outer(np.arange(length) - centre, bins) / length
    return (window * frame) @ np.exp(phase)


@pytest.mark.parametrize(("kind", "centre"), [(NonUniformDft, 256), (PublishedDft, 0)])
@pytest.mark.parametrize("hop", [128, 256, 512])
def test_each_frame_is_the_windowed_transform_at_the_bins(
    kind: type[NonUniformDft], centre: int, hop: int
) -> None:
    audio = torch.randn(2, 3, 512 + 3 * hop, generator=torch.Generator().manual_seed(0))
    transform = kind(512, hop, 257)
    with torch.no_grad():
        real, imag = transform(audio)
        bins = transform.bins.double().numpy()
    assert real.shape == (3, 4, 2, 257)
    frame = audio[1, 2, 2 * hop : 2 * hop + 512].double().numpy()
    expected = direct_transform(frame, bins, centre=centre)
    assert_close((real + 1j * imag)[2, 2, 1].numpy(), expected.astype(np.complex64), atol=5e-3, rtol=0)


def test_a_uniform_transform_is_the_fft() -> None:
    audio = torch.randn(1, 1, 512, generator=torch.Generator().manual_seed(1))
    real, imag = NonUniformDft(512, 128, 257, learnable=False)(audio)
    spectrum = torch.fft.rfft(audio[0, 0] * torch.hann_window(512))
    magnitude = torch.hypot(real, imag)[0, 0, 0]
    assert_close(magnitude, spectrum.abs(), atol=1e-3, rtol=0)


def test_bins_start_dense_in_the_middle() -> None:
    spacing = NonUniformDft(512, 128, 257).bins.diff()
    assert 0.5 < spacing.min() < spacing[0]
    assert spacing.argmin() not in (0, 255)


def test_increments_out_of_bounds_are_brought_back_without_being_written() -> None:
    transform = NonUniformDft(512, 128, 9)
    with torch.no_grad():
        transform.increments.copy_(torch.tensor([-5.0, 0.0, 500.0, 90.0, 80.0, 70.0, 1.0, 2.0]))
    before = transform.increments.clone()
    bins = transform.bins
    assert_close(transform.increments.detach(), before.detach(), atol=0, rtol=0)
    assert bins[0] == 0
    assert (bins.diff() > 0).all()
    assert bins[-1] <= 256
    transform.project_()
    assert transform.increments.min() < MIN_INCREMENT < MAX_INCREMENT
    assert_close(transform.bins, bins, atol=1e-2, rtol=0)
    assert (transform.increments > 0).all()


def test_increments_inside_the_bounds_are_left_alone() -> None:
    transform = NonUniformDft(512, 128, 9)
    with torch.no_grad():
        transform.increments.fill_(3.0)
    transform.project_()
    assert_close(transform.bins.detach(), 3.0 * torch.arange(9.0))


def test_frozen_kernels_are_used_until_training_goes_on() -> None:
    transform = NonUniformDft(512, 128, 9).eval()
    transform.freeze_()
    frozen = transform.kernels()
    with torch.no_grad():
        transform.increments.mul_(0.5)
    assert_close(transform.kernels(), frozen, atol=0, rtol=0)
    assert not torch.allclose(transform.train().kernels(), frozen)
    assert "frozen_kernels" not in transform.state_dict()


def test_gradients_of_the_power_move_a_bin_towards_a_tone() -> None:
    transform = NonUniformDft(512, 512, 9)
    with torch.no_grad():
        transform.increments.mul_(0.9)  # off the upper bound, where bins share what room there is
    target = transform.bins[4].item() + 0.4
    tone = torch.cos(2 * torch.pi * target * torch.arange(512) / 512)
    real, imag = transform(tone[None, None])
    power = real.square() + imag.square()
    power[0, 0, 0, 4].backward()
    gradient = transform.increments.grad
    assert gradient is not None
    assert (gradient[:4] > 0).all()
    assert_close(gradient[4:], torch.zeros(4))


def test_bins_may_begin_evenly_spaced_and_be_learnt() -> None:
    even = NonUniformDft(512, 128, 257, learnable=False)
    transform = NonUniformDft(512, 128, 257, start="uniform")
    assert_close(transform.bins, even.bins)
    transform(torch.randn(1, 2, 1024))[0].square().sum().backward()
    assert transform.increments.grad is not None
    assert transform.increments.grad.any()


def test_bins_may_stay_where_learnable_ones_begin() -> None:
    frozen = NonUniformDft(512, 128, 257, learnable=False, start="logit")
    assert_close(frozen.bins, NonUniformDft(512, 128, 257).bins)
    assert not list(frozen.parameters())
