"""The whole network: its size, its choices, and what it refuses."""

import pytest
import torch
from torch.testing import assert_close

from anydoa.errors import ShapeError
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig

POSITIONS = 0.05 * torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
AUDIO = torch.randn(2, 4, 2000, generator=torch.Generator().manual_seed(1))
GRID = torch.nn.functional.normalize(torch.randn(7, 3, generator=torch.Generator().manual_seed(2)), dim=-1)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_model_has_the_published_sizes() -> None:
    network = AggRl(AggRlConfig.reference())
    augeonet = network.augeonet
    assert count(augeonet.transform) == 256
    assert 0.265e6 < count(augeonet.extractor) < 0.275e6
    assert 1.315e6 < count(augeonet.dual_path) < 1.325e6
    assert 0.395e6 < count(augeonet.mapping) < 0.405e6
    assert 0.785e6 < count(network.gridnet) < 0.800e6
    assert 2.78e6 < count(network) < 2.80e6


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hop_length": 256, "mic_encoding": "pm"},
        {"transform": "uniform", "num_bins": 100},
        {"mic_frame": "absolute"},
        {"grid_encoding": "phases"},
        {"grid_degree": 8, "latent_size": 64, "mapping_dilations": (1, 2)},
        {"window_length": 256, "hop_length": 256},
        {"plane_waves": True, "plane_wave_directions": 20, "plane_wave_features": 8},
    ],
)
def test_every_choice_trains(options: dict[str, object]) -> None:
    config = AggRlConfig.from_dict({"num_features": 32, "num_blocks": 1, **options})
    network = AggRl(config)
    for parameter in network.parameters():  # PlaneWaveNet begins with zeros, which let no gradient through
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    logits = network.logits(AUDIO, POSITIONS, GRID)
    frames = -(-(2000 - config.window_length) // config.hop_length) + 1
    assert logits.shape == (2, config.num_outputs, 7, frames)
    logits.square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_the_published_model_trains_too() -> None:
    network = AggRl(AggRlConfig.reference())
    network.logits(AUDIO[:, :, :700], POSITIONS, GRID).square().mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_forward_is_the_sigmoid_of_the_logits() -> None:
    network = AggRl(AggRlConfig(num_blocks=1)).eval()
    with torch.no_grad():
        assert_close(network(AUDIO, POSITIONS, GRID), network.logits(AUDIO, POSITIONS, GRID).sigmoid())


def test_combining_is_a_scaled_inner_product() -> None:
    generator = torch.Generator().manual_seed(3)
    representation = torch.randn(2, 3, 5, 16, generator=generator)
    grid = torch.randn(3, 7, 16, generator=generator)
    expected = torch.einsum("bolg,odg->bodl", representation, grid) / 4
    assert_close(AggRl(AggRlConfig(latent_size=16, num_blocks=1)).combine(representation, grid), expected)


def test_one_microphone_and_too_little_audio_are_refused() -> None:
    network = AggRl(AggRlConfig(num_blocks=1))
    with pytest.raises(ShapeError, match="needs at least 2, got 1"):
        network.represent(AUDIO[:, :1], POSITIONS[:, :1])
    alone = torch.ones(AUDIO.shape[:2], dtype=torch.bool)
    alone[-1, 1:] = False
    with pytest.raises(ShapeError, match="needs at least 2, got 1"):
        network.represent(AUDIO, POSITIONS, alone)
    with pytest.raises(ShapeError, match="a window of 512 samples, got 511"):
        network.represent(AUDIO[..., :511], POSITIONS)


def test_spectra_stand_in_for_audio() -> None:
    network = AggRl(AggRlConfig(num_blocks=1)).eval()
    augeonet = network.augeonet
    with torch.no_grad():
        layout = augeonet.lay_out(POSITIONS)
        rows = torch.arange(2)[:, None]
        real, imag = augeonet.transform(AUDIO[rows, layout.order][..., :1536])
        representation, _ = augeonet.represent_spectra(real, imag, layout)
        assert_close(representation, network.represent(AUDIO[..., :1536], POSITIONS))


@pytest.mark.parametrize("plane_waves", [False, True])
def test_mixed_precision_learns_nearly_the_same(plane_waves: bool) -> None:
    torch.manual_seed(0)
    config = AggRlConfig(num_blocks=1, plane_waves=True, plane_wave_directions=40)
    network = AggRl(config if plane_waves else config.without_plane_waves())
    if network.augeonet.plane_wave_net is not None:
        torch.nn.init.normal_(network.augeonet.plane_wave_net.exit.weight)
    exact = network.logits(AUDIO, POSITIONS, GRID)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = network.logits(AUDIO, POSITIONS, GRID)
    assert rough.dtype == torch.bfloat16
    assert (rough.float() - exact).square().mean() < 0.01 * exact.square().mean()
    rough.float().square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
