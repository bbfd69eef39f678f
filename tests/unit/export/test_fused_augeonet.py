"""The network as it runs gives what the network as it learns gives, stream for stream."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from anydoa.export.fused_augeonet import FusedAuGeonet
from anydoa.networks.agg_rl import AggRl
from tiny_network import make_model

PLANE_WAVES = {"plane_waves": True, "plane_wave_directions": 24, "plane_wave_bands": 6, "plane_wave_bins": 4}
PIECES = (3, 1, 12, 30)  # frames; tails reach back 16


def trained_by_chance(**changes: object) -> AggRl:
    """Norms that neither scale by one nor shift by zero, as after training."""
    model = make_model(**changes)
    generator = torch.Generator().manual_seed(5)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.3, generator=generator)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2, generator=generator)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name or name.endswith("bias") or not parameter.any():
                parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return model


def noise(model: AggRl, batch: int, num_mics: int, num_frames: int) -> Tensor:
    length = model.config.window_length + (num_frames - 1) * model.config.hop_length
    return torch.randn(batch, num_mics, length, generator=torch.Generator().manual_seed(num_frames))


def scattered(batch: int, num_mics: int) -> Tensor:
    return 0.2 * torch.rand(batch, num_mics, 3, generator=torch.Generator().manual_seed(num_mics))


@pytest.mark.parametrize("num_mics", [2, 5])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mic_frame": "absolute", "mic_encoding": "pm", "transform": "uniform", "hop_length": 64},
        {"hop_length": 256},
        {"compat": "reference", "grid_encoding": "phases"},
        PLANE_WAVES,
    ],
    ids=["relative", "absolute", "one hop a window", "reference", "plane_waves"],
)
@torch.no_grad()
def test_pieces_of_streams_come_out_as_they_do_in_training_form(
    changes: dict[str, object], num_mics: int
) -> None:
    model, positions = trained_by_chance(**changes), scattered(2, num_mics)
    fused = FusedAuGeonet(model.augeonet, model.scored_directions()).eval()
    expected_state = model.augeonet.initial_state(positions)
    state = fused.initial_state(positions)
    scored = model.scored_directions()
    plane_waves = None if scored is None else model.augeonet.plane_waves(positions, scored.directions)
    for num_frames in PIECES:
        audio = noise(model, 2, num_mics, num_frames)
        expected, expected_state = model.augeonet(audio, positions, None, expected_state, scored)
        found, state = fused(audio, positions, state, plane_waves)
        assert_close(found, expected[:, -1], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_folding_leaves_the_network_as_it_was() -> None:
    model = trained_by_chance()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    FusedAuGeonet(model.augeonet)
    assert_close(dict(model.state_dict()), before, rtol=0, atol=0)


@torch.no_grad()
def test_microphones_may_move_between_pieces() -> None:
    model, positions = trained_by_chance(), scattered(1, 4)
    fused = FusedAuGeonet(model.augeonet).eval()
    # All by the same factor, so the reference stays who it is.
    places = positions, 1.1 * positions
    expected_state, state = model.augeonet.initial_state(positions), fused.initial_state(positions)
    for moved in places:
        audio = noise(model, 1, 4, 6)
        expected, expected_state = model.augeonet(audio, moved, None, expected_state)
        found, state = fused(audio, moved, state)
        assert_close(found, expected[:, -1], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_silence_stays_finite() -> None:
    model, positions = trained_by_chance(), scattered(1, 3)
    fused = FusedAuGeonet(model.augeonet).eval()
    audio = torch.zeros_like(noise(model, 1, 3, 5))
    found, _ = fused(audio, positions, fused.initial_state(positions))
    expected, _ = model.augeonet(audio, positions, None, model.augeonet.initial_state(positions))
    assert_close(found, expected[:, -1], atol=1e-5, rtol=1e-5)
