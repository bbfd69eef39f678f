"""The networks that AGG-RL is compared with: what holds for them, and what they cost."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from anydoa.errors import ConfigError, ShapeError
from anydoa.export.fused_augeonet import FusedAuGeonet
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.checkpoint import load_checkpoint, save_checkpoint
from anydoa.networks.config import AggRlConfig
from anydoa.networks.peers import NUM_LAGS, PairwiseTrunk
from anydoa.training.agg_rl.batches import ClipShape
from anydoa.training.agg_rl.loss import AggRlLoss
from anydoa.training.agg_rl.spectra import SpectraBatches, bin_frequencies

SMALL = {"hop_length": 256, "num_bins": 65, "window_length": 512, "num_features": 32}
PEERS = {
    "u-net": AggRlConfig.from_dict({**SMALL, "trunk": "u-net", "transform": "uniform", "latent_size": 32}),
    "neural-srp": AggRlConfig.from_dict(
        {**SMALL, "trunk": "neural-srp", "transform": "uniform", "latent_size": 32}
    ),
    "gi-doaenet": AggRlConfig.from_dict(
        {**SMALL, "transform": "uniform", "mic_frame": "absolute", "features": "spectra", "latent_size": 32}
    ),
}
FIXED = {name: replace(config, output="fixed", fixed_directions=50) for name, config in PEERS.items()}
EVERY = {**PEERS, **{f"{name} alone": config for name, config in FIXED.items()}}
GRID = torch.tensor(fibonacci_grid(50).directions, dtype=torch.float32)
POSITIONS = 0.05 * torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
AUDIO = torch.randn(2, 5, 2560, generator=torch.Generator().manual_seed(1))


def make(config: AggRlConfig) -> AggRl:
    torch.manual_seed(0)
    network = AggRl(config).eval()
    # As after training: statistics of batches are no longer zero and one.
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(AUDIO, POSITIONS, GRID)
    return network.eval()


@pytest.mark.parametrize("name", EVERY)
def test_a_peer_gives_a_spectrum_for_each_output_direction_and_frame(name: str) -> None:
    spectrum = make(EVERY[name])(AUDIO, POSITIONS, GRID)
    assert spectrum.shape == (2, 3, 50, 9)
    assert ((spectrum > 0) & (spectrum < 1)).all()


@pytest.mark.parametrize("name", EVERY)
def test_a_peer_does_not_look_ahead(name: str) -> None:
    network = make(EVERY[name])
    with torch.no_grad():
        whole = network(AUDIO, POSITIONS, GRID)
        assert_close(network(AUDIO[..., :1536], POSITIONS, GRID), whole[..., :5], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", EVERY)
def test_a_peer_does_not_hear_the_order_of_microphones(name: str) -> None:
    network, order = make(EVERY[name]), torch.tensor([3, 0, 4, 2, 1])
    with torch.no_grad():
        assert_close(
            network(AUDIO[:, order], POSITIONS[:, order], GRID),
            network(AUDIO, POSITIONS, GRID),
            rtol=1e-4,
            atol=1e-5,
        )


@pytest.mark.parametrize("name", EVERY)
def test_a_masked_microphone_is_absent(name: str) -> None:
    network = make(EVERY[name])
    mask = torch.tensor([[True, True, True, False, True]]).expand(2, -1)
    there = torch.tensor([0, 1, 2, 4])
    audio = AUDIO.clone()
    audio[:, 3] = torch.nan
    with torch.no_grad():
        assert_close(
            network(audio, POSITIONS, GRID, mask),
            network(AUDIO[:, there], POSITIONS[:, there], GRID),
            rtol=1e-4,
            atol=1e-5,
        )


@pytest.mark.parametrize("name", EVERY)
def test_a_peer_does_not_hear_where_the_array_is_or_how_loud_it_is(name: str) -> None:
    network = make(EVERY[name])
    with torch.no_grad():
        moved = network(0.01 * AUDIO, POSITIONS + torch.tensor([1.0, -2.0, 0.5]), GRID)
        assert_close(moved, network(AUDIO, POSITIONS, GRID), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("count", [3, 5, 8])
def test_rounding_of_places_does_not_choose_the_first_of_a_pair(name: str, count: int) -> None:
    around = 2 * torch.pi * torch.arange(count, dtype=torch.float64) / count
    circle = torch.stack([0.05 * around.cos(), 0.05 * around.sin(), 0 * around], 1)
    off = circle + 1e-8 * torch.randn(count, 3, generator=torch.Generator().manual_seed(2))
    network, audio = make(EVERY[name]), AUDIO[:1].repeat(1, 2, 1)[:, :count]
    with torch.no_grad():
        found, expected = (network(audio, places[None].float(), GRID) for places in (off, circle))
    assert_close(found, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["u-net", "neural-srp"])
def test_pairs_that_are_not_there_are_not_learned_from(name: str) -> None:
    mask = torch.tensor([[True] * 5, [True] * 4 + [False]])
    with pytest.raises(ShapeError, match="got a mask; batch them by their number"):
        make(PEERS[name]).train()(AUDIO, POSITIONS, GRID, mask)


@pytest.mark.parametrize("name", ["u-net", "neural-srp"])
def test_pairs_heard_a_few_at_a_time_are_those_heard_together(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = make(PEERS[name])
    with torch.no_grad():
        together = network(AUDIO, POSITIONS, GRID)
        monkeypatch.setattr("anydoa.networks.peers.PAIRS_AT_ONCE", 3)
        assert_close(network(AUDIO, POSITIONS, GRID), together, rtol=1e-4, atol=1e-5)


def test_some_pairs_are_learned_from_and_all_are_heard() -> None:
    trunk = AggRl(replace(PEERS["u-net"], pairs_per_step=4)).augeonet
    assert isinstance(trunk, PairwiseTrunk)
    torch.manual_seed(0)
    drawn = [{(int(i), int(k)) for i, k in trunk.train().draw_pairs(5).T} for _ in range(20)]
    every = {(i, k) for k in range(5) for i in range(k)}
    assert all(len(pairs) == 4 and pairs < every for pairs in drawn)
    assert set.union(*drawn) == every
    assert trunk.eval().draw_pairs(5).shape == (2, 10)


@pytest.mark.parametrize("name", EVERY)
def test_every_weight_of_a_peer_learns(name: str) -> None:
    network = AggRl(EVERY[name])
    network.logits(AUDIO, POSITIONS, GRID).square().mean().backward()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.any(), key


@pytest.mark.parametrize("name", ["u-net", "neural-srp"])
def test_correlations_peak_at_the_delay_between_two_microphones(name: str) -> None:
    trunk = AggRl(PEERS[name]).augeonet
    assert isinstance(trunk, PairwiseTrunk)
    late = torch.stack([AUDIO[:, 0].roll(5, -1), AUDIO[:, 0]], 1)
    real, imag = trunk.transform(late)
    lags = trunk.correlate(real, imag, torch.tensor([0]), torch.tensor([1]))
    assert (lags.argmax(-1) == NUM_LAGS // 2 + 5).all()


def test_directions_off_a_fixed_grid_have_the_value_of_the_nearest() -> None:
    network = make(FIXED["neural-srp"])
    with torch.no_grad():
        on = network(AUDIO, POSITIONS, GRID)
        near = torch.nn.functional.normalize(GRID + 0.02 * torch.randn(50, 3), dim=-1)
        assert_close(network(AUDIO, POSITIONS, near), on)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"trunk": "u-net"}, 'set transform = "uniform"'),
        ({"features": "spectra"}, 'needs mic_frame = "absolute"'),
        ({"output": "fixed", "plane_waves": True}, 'needs trunk = "augeonet" and output = "grid"'),
    ],
)
def test_choices_that_do_not_go_together_are_refused(choices: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AggRlConfig.from_dict(choices)


@pytest.mark.parametrize("name", EVERY)
def test_a_peer_runs_on_no_stream(name: str) -> None:
    network = AggRl(EVERY[name])
    for run in (network.initial_state, lambda _: FusedAuGeonet(network.augeonet)):
        with pytest.raises(ConfigError, match="runs in torch on whole recordings only"):
            run(POSITIONS)


def test_a_peer_is_kept_like_any_network(tmp_path: Path) -> None:
    network = make(FIXED["u-net"])
    save_checkpoint(tmp_path / "peer.safetensors", network)
    again = load_checkpoint(tmp_path / "peer.safetensors").network
    with torch.no_grad():
        assert_close(again(AUDIO, POSITIONS, GRID), network(AUDIO, POSITIONS, GRID))


@pytest.mark.parametrize("name", EVERY)
def test_a_peer_learns_from_spectra_by_formula(name: str) -> None:
    torch.manual_seed(0)
    network = AggRl(EVERY[name])
    shape = ClipShape(network.config, 4, 0.15, (4, 4))
    batch = SpectraBatches(shape, bin_frequencies(network), seed=1)[0]
    supervision = AggRlLoss(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = supervision(batch, GRID, (40.0, 30.0, 25.0))
        loss.backward()
        optimizer.step()
        network.project_()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
