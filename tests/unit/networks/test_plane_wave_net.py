"""PlaneWaveNet inside AGG-RL: how large, what it adds, and how lobes are sharpened."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from anydoa.errors import ConfigError
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig
from anydoa.networks.layers.plane_waves import agreement
from tiny_network import make_model
from typechecking import unchecked

SMALL = {"plane_waves": True, "plane_wave_directions": 200, "plane_wave_bands": 6, "plane_wave_bins": 5}
POSITIONS = 0.05 * torch.randn(1, 5, 3, generator=torch.Generator().manual_seed(0))
AUDIO = torch.randn(1, 5, 2048, generator=torch.Generator().manual_seed(1))
GRID = torch.tensor(fibonacci_grid(400).directions, dtype=torch.float32)


def last_logits(model: AggRl) -> Tensor:
    with torch.no_grad():
        return model.logits(AUDIO, POSITIONS, GRID)[0, -1]


def test_it_has_few_weights_for_all_directions_together() -> None:
    net = AggRl(AggRlConfig(plane_waves=True)).augeonet.plane_wave_net
    assert net is not None
    assert 22_000 < sum(parameter.numel() for parameter in net.parameters()) < 24_000


def test_at_the_beginning_it_adds_nothing() -> None:
    torch.manual_seed(0)
    plain = AggRl(AggRlConfig(num_blocks=1)).eval()
    heard = AggRl(AggRlConfig(num_blocks=1, plane_waves=True, plane_wave_contrast=1e-9)).eval()
    heard.load_state_dict(plain.state_dict(), strict=False)
    assert_close(last_logits(heard), last_logits(plain), atol=1e-5, rtol=1e-5)


def test_only_the_last_output_hears_it() -> None:
    model = make_model(**SMALL)
    with torch.no_grad():
        representation = model.represent(AUDIO, POSITIONS)
    assert representation.shape[-1] == model.config.representation_size == 232
    assert not representation[:, :-1, :, 32:].any()
    assert representation[:, -1, :, 32:].all()


def test_the_grid_of_a_step_is_scored_itself() -> None:
    model = make_model(**SMALL)
    with torch.no_grad():
        known = model.scored_directions()
        assert known is not None
        grid = model.gridnet(known.directions)
        scored = replace(known, tops=None)
        logits = model.combine(model.represent(AUDIO, POSITIONS, scored=scored), grid)
        assert_close(model.scored_at(known.directions, grid).representation, known.representation)
        heard = model.represent(AUDIO, POSITIONS, scored=scored)[:, -1, :, 32:]
        latent = model.combine(model.represent(AUDIO, POSITIONS)[..., :32], grid)
    assert_close(logits[:, -1], latent[:, -1] + heard.transpose(1, 2), atol=1e-5, rtol=1e-5)


def test_sharpening_leaves_tops_where_and_as_high_as_they_are() -> None:
    flat, steep = make_model(**SMALL, plane_wave_contrast=1e-9), make_model(**SMALL)
    with torch.no_grad():
        known = flat.scored_directions()
        assert known is not None
        grid = flat.gridnet(known.directions)[-1] / flat.config.latent_size**0.5
        before, after = (
            parts[0, -1, :, 32:] + parts[0, -1, :, :32] @ grid.T
            for parts in (flat.represent(AUDIO, POSITIONS), steep.represent(AUDIO, POSITIONS))
        )
    best = before[:, known.tops].amax(-1)
    assert_close(after, before - steep.config.plane_wave_contrast * (best - before), atol=1e-4, rtol=1e-4)
    assert (best > before).any()
    assert torch.equal(after.argmax(1), before.argmax(1))
    assert_close(after.amax(1), before.amax(1), atol=1e-5, rtol=1e-5)


def test_it_compares_with_the_microphones_in_the_order_of_their_layout() -> None:
    augeonet = make_model(**SMALL).augeonet
    layout = augeonet.lay_out(POSITIONS)
    assert layout.order[0].tolist() != [0, 1, 2, 3, 4]
    places = POSITIONS[0, layout.order[0]]
    assert_close(layout.mic_places[0], places - places[0])
    plane_waves = augeonet.plane_waves(layout.mic_places, GRID)
    with unchecked():
        cosine, sine = plane_waves.chunk(2, 2)
        fit = agreement(
            cosine[..., :1].transpose(2, 3),
            sine[..., :1].transpose(2, 3),
            plane_waves,
            torch.tensor([5.0]),
            6,
        )
    assert_close(fit[:, :, 0, 0], torch.ones(1, 6))


def test_learning_it_alone_moves_nothing_else() -> None:
    model = make_model(**SMALL).train()
    model.learn_plane_waves_only_()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=0.1)
    model.logits(AUDIO, POSITIONS, GRID).square().mean().backward()
    optimizer.step()
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved
    assert all(name.startswith("augeonet.plane_wave_net.") for name in moved)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_bins": 65}, "at most num_bins - 3 = 62, got 120"),
        ({"plane_wave_frames": 1}, "must be at least 2, got 1 and 1024"),
        ({"plane_wave_top_deg": 15.0}, "must be below plane_wave_lobe_deg, got 15.0 and 15.0"),
        ({"plane_wave_features": 30}, "plane_wave_features must be a multiple of 4"),
        ({"compat": "reference", "grid_encoding": "phases"}, "plane_waves=False"),
    ],
)
def test_sizes_that_cannot_be_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AggRlConfig.from_dict({"plane_waves": True, **options})
