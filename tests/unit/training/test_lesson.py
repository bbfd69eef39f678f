"""Beginning with the weights of another network, and learning a part of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from anydoa.errors import ConfigError
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.config import AggRlConfig
from anydoa.training.config import (
    GridOptions,
    OptimizerOptions,
    StageOptions,
    TrainingConfig,
    ValidationOptions,
)
from anydoa.training.curriculum import Position
from anydoa.training.lesson import AggRlLesson
from anydoa.training.sources import Share

PLAIN = AggRlConfig(hop_length=256, num_features=32, num_heads=4, num_blocks=1)
STEERED = replace(PLAIN, plane_waves=True, plane_wave_directions=20)
SPECTRA = StageOptions("geometry", 1.0, source="spectra", batch_size=2, duration_s=0.2, microphones=(4, 4))


def config(**changes: object) -> TrainingConfig:
    values = {"model": STEERED, "validation": ValidationOptions(source="spectra"), **changes}
    return TrainingConfig((SPECTRA,), **values)  # type: ignore[arg-type] # options of several kinds


def lesson(path: Path, **changes: object) -> AggRlLesson:
    return AggRlLesson(config(**changes), path, Share(0, 1))


def test_a_network_begins_with_one_that_had_no_plane_wave_net(tmp_path: Path) -> None:
    mine, other = lesson(tmp_path), AggRl(PLAIN)
    assert mine.begin_with(other)
    taken = mine.network.state_dict()
    assert all(torch.equal(taken[name], tensor) for name, tensor in other.state_dict().items())


@pytest.mark.parametrize("like", [STEERED, replace(STEERED, plane_wave_bins=2, plane_wave_contrast=1.0)])
def test_a_network_begins_with_its_like(tmp_path: Path, like: AggRlConfig) -> None:
    mine, other = lesson(tmp_path), AggRl(like)
    assert mine.begin_with(other)
    taken = mine.network.state_dict()
    assert all(torch.equal(taken[name], tensor) for name, tensor in other.state_dict().items())


@pytest.mark.parametrize("other", [replace(PLAIN, num_blocks=2), replace(STEERED, plane_wave_features=16)])
def test_another_network_is_refused(tmp_path: Path, other: AggRlConfig) -> None:
    assert not lesson(tmp_path).begin_with(AggRl(other))


def test_a_stage_may_teach_the_plane_wave_net_alone(tmp_path: Path) -> None:
    mine = lesson(tmp_path)
    mine.begin_stage(replace(SPECTRA, learns="plane-waves"), mine.network)
    for name, parameter in mine.network.named_parameters():
        assert parameter.requires_grad == name.startswith("augeonet.plane_wave_net."), name
    mine.begin_stage(SPECTRA, mine.network)
    assert all(parameter.requires_grad for parameter in mine.network.parameters())
    assert mine.network.augeonet.extractor.training


def test_a_stage_may_leave_the_plane_wave_net_out(tmp_path: Path) -> None:
    mine, averaged = lesson(tmp_path), AggRl(STEERED).eval()
    stage = replace(SPECTRA, learns="without-plane-waves")
    mine.begin_stage(stage, averaged)
    batch = next(iter(mine.batches(stage, first=0)))
    mine.supervision(batch, *mine.arguments(batch, Position(), np.random.default_rng(0))).backward()
    for name, parameter in mine.network.named_parameters():
        assert (parameter.grad is None) == name.startswith("augeonet.plane_wave_net."), name
    plain = AggRl(PLAIN).eval()
    plain.load_state_dict(averaged.state_dict(), strict=False)
    audio, positions, grid = torch.randn(1, 4, 2048), torch.randn(1, 4, 3), torch.eye(3)
    torch.testing.assert_close(averaged(audio, positions, grid), plain(audio, positions, grid))


def test_a_part_needs_a_network_that_has_it() -> None:
    with pytest.raises(ConfigError, match=r'learns = "plane-waves" needs network = "agg-rl"'):
        TrainingConfig((replace(SPECTRA, learns="plane-waves"),), model=PLAIN)


def test_a_stage_has_a_loss_and_a_grid_of_its_own(tmp_path: Path) -> None:
    stage = replace(
        SPECTRA, optimizer=OptimizerOptions(direction_weight=0.5), grid=GridOptions(even=7, near=4)
    )
    mine = lesson(tmp_path)
    mine.begin_stage(stage, mine.network)
    assert mine.supervision.direction_weight == 0.5
    batch = next(iter(mine.batches(stage, first=0)))
    assert len(mine.arguments(batch, Position(), np.random.default_rng(0))[0]) == 11
    mine.begin_stage(SPECTRA, mine.network)
    assert mine.supervision.direction_weight == 0.0


def test_a_run_may_compare_directions_too(tmp_path: Path) -> None:
    losses = []
    for weight in (0.0, 0.5, 1.0):
        torch.manual_seed(0)
        mine = lesson(tmp_path, optimizer=OptimizerOptions(direction_weight=weight))
        batch = next(iter(mine.batches(SPECTRA, first=0)))
        arguments = mine.arguments(batch, Position(), np.random.default_rng(0))
        losses.append(mine.supervision(batch, *arguments).item())
    assert losses[1] - losses[0] > 0.1
    assert losses[2] - losses[0] == pytest.approx(2 * (losses[1] - losses[0]), rel=1e-4)
