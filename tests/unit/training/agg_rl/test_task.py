"""AGG-RL in training: a part of it, its loss and its grid by stages."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from anydoa.errors import ConfigError
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.checkpoint import save_checkpoint
from anydoa.networks.config import AggRlConfig
from anydoa.training.agg_rl import validation
from anydoa.training.agg_rl.batches import SpectraBatch
from anydoa.training.agg_rl.config import AggRlStage, AggRlTraining, AggRlValidation
from anydoa.training.agg_rl.loss import LossOptions
from anydoa.training.agg_rl.spectra import SpectraBatches, bin_frequencies
from anydoa.training.agg_rl.targets import BeamwidthOptions, GridOptions
from anydoa.training.agg_rl.task import AggRlTask, beamwidths_deg
from anydoa.training.config import DataOptions
from anydoa.training.curriculum import ActiveStage, Curriculum, Position
from anydoa.training.data import ProcessShare

PLAIN = AggRlConfig(hop_length=256, num_features=32, num_heads=4, num_blocks=1)
WITH_PLANE_WAVES = replace(PLAIN, plane_waves=True, plane_wave_directions=20)
SPECTRA = AggRlStage("geometry", 1.0, kind="spectra", batch_size=2, duration_s=0.2, microphones=(4, 4))


def config(**changes: object) -> AggRlTraining:
    values = {
        "model": WITH_PLANE_WAVES,
        "data": DataOptions(workers=0),
        "validation": AggRlValidation(kind="spectra"),
        "stages": (SPECTRA,),
        **changes,
    }
    return AggRlTraining(**values)  # type: ignore[arg-type] # options of several kinds


def task(path: Path, **changes: object) -> AggRlTask:
    return AggRlTask(config(**changes), path, ProcessShare(0, 1))


def begin(mine: AggRlTask, index: int, averaged: AggRl | None = None) -> ActiveStage:
    """Begin a stage of a task; the place where it begins."""
    stages = mine.scenes.config.stages
    here = ActiveStage(index, stages[index], 0.0, 0.0, sum(one.length for one in stages[:index]))
    mine.begin_stage(here, mine.network if averaged is None else averaged)
    return here


def test_a_stage_may_teach_the_plane_wave_net_alone(tmp_path: Path) -> None:
    mine = task(tmp_path, stages=(replace(SPECTRA, trains="plane-waves"), SPECTRA))
    begin(mine, 0)
    for name, parameter in mine.network.named_parameters():
        assert parameter.requires_grad == name.startswith("augeonet.plane_wave_net."), name
    begin(mine, 1)
    assert all(parameter.requires_grad for parameter in mine.network.parameters())
    assert mine.network.augeonet.extractor.training


def test_spectra_of_validation_are_heard_at_the_bins_that_the_network_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = task(tmp_path, model=PLAIN, validation=AggRlValidation(kind="spectra", clips=8, duration_s=0.2))
    mine.prepare_validation()
    heard: list[list[float]] = []

    class Watched(SpectraBatches):
        def __getitem__(self, first: int) -> SpectraBatch:
            heard.append(list(self.bins))
            return super().__getitem__(first)

    monkeypatch.setattr(validation, "SpectraBatches", Watched)
    here = begin(mine, 0)
    before = mine.validate(mine.network.eval(), here)
    with torch.no_grad():
        mine.network.augeonet.transform.increments.mul_(0.8)
    mine.network.project_()
    mine.validate(mine.network, here)
    assert heard[0] != heard[1] == pytest.approx(bin_frequencies(mine.network))
    assert len(before) == 8


def test_a_stage_may_leave_the_plane_wave_net_out(tmp_path: Path) -> None:
    stages = (replace(SPECTRA, trains="without-plane-waves"), SPECTRA)
    mine, averaged = task(tmp_path, stages=stages), AggRl(WITH_PLANE_WAVES).eval()
    here = begin(mine, 0, averaged)
    batch = next(iter(mine.batches(stages[0], first=0)))
    mine.loss(batch, *mine.arguments(batch, here, np.random.default_rng(0))).backward()
    for name, parameter in mine.network.named_parameters():
        assert (parameter.grad is None) == name.startswith("augeonet.plane_wave_net."), name
    plain = AggRl(PLAIN).eval()
    plain.load_state_dict(averaged.state_dict(), strict=False)
    audio, positions, grid = torch.randn(1, 4, 2048), torch.randn(1, 4, 3), torch.eye(3)
    torch.testing.assert_close(averaged(audio, positions, grid), plain(audio, positions, grid))
    # What is written for use is the network that was tried out.
    written = mine.usable(averaged)
    assert not written.config.plane_waves
    torch.testing.assert_close(written(audio, positions, grid), plain(audio, positions, grid))
    begin(mine, 1, averaged)
    assert mine.usable(averaged) is averaged
    # Another run may begin with what was written, and with the whole.
    for network, is_whole in ((written, False), (averaged, True)):
        save_checkpoint(tmp_path / "first.safetensors", network)
        goes_on = task(tmp_path, stages=stages, initial_weights=str(tmp_path / "first.safetensors"))
        begins_with = goes_on.load(tmp_path / "first.safetensors").network
        assert begins_with.config == WITH_PLANE_WAVES
        torch.testing.assert_close(begins_with.gridnet.state_dict(), network.gridnet.state_dict())
        begin(goes_on, 0, averaged)
        assert (goes_on.usable(averaged) is averaged) == is_whole


def test_a_part_needs_a_network_that_has_it() -> None:
    with pytest.raises(ConfigError, match=r'trains = "plane-waves" needs model\.'):
        AggRlTraining((replace(SPECTRA, trains="plane-waves"),), model=PLAIN)


def test_a_stage_has_a_loss_and_a_grid_of_its_own(tmp_path: Path) -> None:
    stage = replace(SPECTRA, loss=LossOptions(direction_weight=0.5), grid=GridOptions(even=7, near=4))
    mine = task(tmp_path, stages=(stage, SPECTRA))
    here = begin(mine, 0)
    assert mine.loss.options.direction_weight == 0.5
    batch = next(iter(mine.batches(stage, first=0)))
    assert len(mine.arguments(batch, here, np.random.default_rng(0))[0]) == 11
    begin(mine, 1)
    assert mine.loss.options.direction_weight == 0.0


def test_a_run_may_compare_directions_too(tmp_path: Path) -> None:
    losses = []
    for weight in (0.0, 0.5, 1.0):
        torch.manual_seed(0)
        mine = task(tmp_path, loss=LossOptions(direction_weight=weight))
        batch = next(iter(mine.batches(SPECTRA, first=0)))
        arguments = mine.arguments(batch, begin(mine, 0), np.random.default_rng(0))
        losses.append(mine.loss(batch, *arguments).item())
    assert losses[1] - losses[0] > 0.1
    assert losses[2] - losses[0] == pytest.approx(2 * (losses[1] - losses[0]), rel=1e-4)


def test_weight_decay_leaves_the_bins_alone(tmp_path: Path) -> None:
    mine = task(tmp_path)
    alone = [name for name, _ in mine.network.named_parameters() if not mine.decays(name)]
    assert alone == ["augeonet.transform.increments"]


def test_momentum_does_not_move_bins_that_spectra_were_made_for(
    tmp_path: Path, bank: Path, voices: Path
) -> None:
    rooms = AggRlStage("rooms", 1.0, batch_size=2, duration_s=0.2, microphones=(4, 4))
    data = DataOptions(str(bank), str(voices), held_out=0.25, workers=0)
    mine, learns = task(tmp_path, stages=(SPECTRA, rooms, SPECTRA, rooms), data=data), []
    for index in range(4):
        begin(mine, index)
        learns.append(mine.network.augeonet.transform.increments.requires_grad)
    assert learns == [True, True, False, True]


PUBLISHED = (AggRlStage("fixed", 10.0), AggRlStage("four", 10.0), AggRlStage("all", 280.0))


def widths_at(run: AggRlTraining, position: Position) -> tuple[float, ...]:
    """Beamwidths of the next step, and behind the last one those it ended with."""
    curriculum = Curriculum(run)
    return beamwidths_deg(run, curriculum.stage(position) or curriculum.learned_stage(position))


def at(epoch: float) -> Position:
    return Position(examples=round(epoch * 28_800))


def test_beams_sharpen_as_published() -> None:
    run = AggRlTraining(PUBLISHED)
    assert widths_at(run, at(0)) == (32.0, 12.0, 5.0)
    assert widths_at(run, at(35)) == (32.0, 12.0, 5.0)
    assert widths_at(run, at(47.5)) == (18.5, 8.5, 5.0)
    assert widths_at(run, at(60)) == (5.0, 5.0, 5.0)
    assert widths_at(run, at(300)) == (5.0, 5.0, 5.0)


def test_beams_of_a_stage_count_from_its_beginning() -> None:
    own = BeamwidthOptions((0.0, 10.0), ((20.0,) * 3, (10.0,) * 3))
    stages = (
        AggRlStage("first", 10.0),
        AggRlStage("second", 10.0, beams=own),
        AggRlStage("last", 10.0),
    )
    run = AggRlTraining(stages, beams=BeamwidthOptions((0.0,), ((7.0,) * 3,)))
    assert [widths_at(run, at(place))[0] for place in (5, 10, 15, 20)] == [7.0, 20.0, 15.0, 7.0]
    ends_with_own = AggRlTraining(stages[:2])
    assert widths_at(ends_with_own, at(20))[0] == 10.0
    # What a stage has learned is judged by its own beams, not by those of the next.
    assert beamwidths_deg(run, Curriculum(run).learned_stage(at(20)))[0] == 10.0


def test_beams_of_a_run_in_hours_do_not_count_clips() -> None:
    run = AggRlTraining(PUBLISHED, unit="hour", beams=BeamwidthOptions((0.0, 2.0), ((8.0,) * 3, (4.0,) * 3)))
    assert widths_at(run, Position(examples=10**9, seconds=3600)) == (6.0, 6.0, 6.0)
