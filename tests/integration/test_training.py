"""The whole chain of training: rooms and voices in, a network that locates out, whatever interrupts it."""

import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from anydoa.errors import CheckpointError, ConfigError
from anydoa.estimators.steered.options import SteeredOptions
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.checkpoint import (
    load_checkpoint,
    load_mask_checkpoint,
    load_score_checkpoint,
    save_checkpoint,
)
from anydoa.networks.config import AggRlConfig
from anydoa.networks.mask_net import MaskNet, MaskNetConfig
from anydoa.networks.score_net import ScoreNet, ScoreNetConfig
from anydoa.simulation.recipe import RoomRanges
from anydoa.simulation.rir_bank import build_bank
from anydoa.simulation.rooms import RoomPlan
from anydoa.training.accelerator import make_accelerator
from anydoa.training.agg_rl.config import AggRlStage, AggRlTraining, AggRlValidation
from anydoa.training.agg_rl.loss import AggRlLoss
from anydoa.training.agg_rl.targets import BeamwidthOptions, GridOptions, GridSampler
from anydoa.training.agg_rl.validation import Validator, validation_batches
from anydoa.training.catalogue import open_task
from anydoa.training.config import (
    DataOptions,
    OptimizerOptions,
    StageOptions,
    TrainingConfig,
    ValidationOptions,
)
from anydoa.training.config_file import load_config
from anydoa.training.data import ProcessShare, RunScenes
from anydoa.training.loop import Trainer
from anydoa.training.mask import MaskTraining
from anydoa.training.run import RunFolder, StepReport, StopRequest
from anydoa.training.score import ScoreData, ScoreTraining
from anydoa.training.task import ValidationResult
from voices import write_voices

MODEL = AggRlConfig(hop_length=256, num_bins=33, num_features=32, num_heads=4, num_blocks=1, latent_size=32)
SMOKE = Path(__file__).parents[2] / "configs" / "smoke.toml"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> AggRlTraining:
    bank = tmp_path_factory.mktemp("bank")
    build_bank(
        bank, RoomPlan(8, seed=7, microphones=(4, 4), num_noises=1, ranges=RoomRanges(rt60=(0.2, 0.25)))
    )
    voices = write_voices(tmp_path_factory.mktemp("voices"), [90, 120, 150, 180, 220, 260], seconds=4)
    return AggRlTraining(
        stages=(
            AggRlStage("geometry", 0.5, kind="spectra", batch_size=4, duration_s=0.2, microphones=(4, 4)),
            AggRlStage("rooms", 1.0, batch_size=4, duration_s=0.4, microphones=(4, 4)),
        ),
        epoch_examples=16,
        model=MODEL,
        beams=BeamwidthOptions((0.0,), ((40.0, 30.0, 25.0),)),
        grid=GridOptions(even=48, near=48),
        optimizer=OptimizerOptions(lr=3e-3, schedule="plateau"),
        data=DataOptions(
            str(bank), str(voices), cache=str(tmp_path_factory.mktemp("cache")), held_out=0.25, workers=0
        ),
        validation=AggRlValidation(every=0.75, clips=1, duration_s=0.4, grid=200, microphones=(4, 4)),
    )


def walkers(config: AggRlTraining, bank: Path) -> AggRlTraining:
    """One short stage in rooms where talkers walk."""
    ranges = RoomRanges(rt60=(0.2, 0.25))
    build_bank(bank, RoomPlan(4, seed=8, microphones=(4, 4), num_noises=0, num_knots=4, ranges=ranges))
    stage = replace(config.stages[1], length=0.5)
    return replace(config, stages=(stage,), data=replace(config.data, bank=str(bank)))


def trainer(config: TrainingConfig, folder: Path, **options: object) -> Trainer:
    run = RunFolder(folder)
    return Trainer(config, run, accelerator=make_accelerator(config, run, device="cpu"), **options)  # type: ignore[arg-type] # a watcher, if anything


def in_parts(config: TrainingConfig, folder: Path, *, interrupted_after: int, urgent: bool = True) -> None:
    """A run that is stopped after some steps of four clips, and goes on."""
    stop = StopRequest()
    steps = iter(range(1, 100))

    def interrupt(report: StepReport | ValidationResult) -> None:
        if isinstance(report, StepReport) and next(steps) == interrupted_after:
            stop.now("test", urgent=urgent)

    trainer(config, folder, watch=interrupt).run(stop)
    resumed = trainer(config, folder)
    assert resumed.resume() == []
    assert resumed.position.examples == 4 * interrupted_after
    resumed.run(StopRequest())
    assert resumed.finished


def of_masks(config: AggRlTraining, stages: tuple[StageOptions, ...], model: MaskNetConfig) -> MaskTraining:
    """The same data for the mask network."""
    validation = ValidationOptions(every=0.75, clips=1, duration_s=0.4, grid=200, microphones=(4, 4))
    return MaskTraining(
        stages,
        epoch_examples=config.epoch_examples,
        model=model,
        optimizer=config.optimizer,
        data=config.data,
        validation=validation,
    )


def of_scores(
    config: AggRlTraining, stages: tuple[StageOptions, ...], mask_weights: Path, model: ScoreNetConfig
) -> ScoreTraining:
    """The same data for the score network."""
    validation = ValidationOptions(every=0.75, clips=1, duration_s=0.4, grid=200, microphones=(4, 4))
    return ScoreTraining(
        stages,
        epoch_examples=8,
        model=model,
        optimizer=config.optimizer,
        data=ScoreData(**vars(config.data), mask_weights=str(mask_weights), clips=8),
        steered=SteeredOptions(picture_ahead=model.ahead_slots),
        validation=validation,
    )


def final_state(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(RunFolder(folder).checkpoints()[-1] / "state.safetensors")


def curve(folder: Path) -> list[dict[str, object]]:
    return [
        {key: value for key, value in row.items() if key != "hours"} for row in RunFolder(folder).read_log()
    ]


def test_a_network_learns_one_scene_by_heart(config: AggRlTraining) -> None:
    torch.manual_seed(0)
    network = AggRl(MODEL)
    batch = validation_batches(RunScenes(config, Path(), ProcessShare()), config, network)[0]
    supervision = AggRlLoss(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    sampler, rng = GridSampler(config.grid), np.random.default_rng(0)
    losses = []
    for _ in range(60):
        directions = torch.from_numpy(sampler.draw(batch.talkers.double().numpy(), rng))
        loss = supervision(batch, directions, (40.0, 30.0, 25.0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        network.project_()
        losses.append(loss.item())
    assert losses[19] < 0.8 * losses[0]
    assert losses[-1] < losses[19]
    result = ValidationResult.of(
        Validator([batch], grid_size=500, positive_weight=2.0).run(network, (25.0,) * 3)
    )
    assert result.by_talkers[0].mae_deg < 15.0


def test_a_run_learns_from_talkers_who_walk(config: AggRlTraining, tmp_path: Path) -> None:
    walking = walkers(config, tmp_path / "bank")
    trainer(walking, tmp_path / "run").run(StopRequest())
    (row,) = curve(tmp_path / "run")
    assert row["examples"] == 8
    assert np.isfinite([row["loss"], row["validation_loss"], row["mae_deg_1"], row["mae_deg_2"]]).all()


@dataclass(frozen=True)
class Run:
    """A run that nothing interrupted, and what its watcher saw."""

    folder: Path
    seen: tuple[StepReport | ValidationResult, ...]


@pytest.fixture(scope="module")
def whole(config: AggRlTraining, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("whole")
    seen: list[StepReport | ValidationResult] = []
    trainer(config, folder, watch=seen.append).run(StopRequest())
    return Run(folder, tuple(seen))


def test_a_run_goes_through_its_stages_and_leaves_a_curve(whole: Run) -> None:
    folder, seen = whole.folder, whole.seen
    steps = [report for report in seen if isinstance(report, StepReport)]
    assert [report.stage.name for report in steps] == ["geometry"] * 2 + ["rooms"] * 4
    assert [report.position.examples for report in steps] == [4, 8, 12, 16, 20, 24]
    assert [row["examples"] for row in curve(folder)] == [8, 20, 24]
    assert all(row["mae_deg_1"] is not None and row["acc10_2"] is not None for row in curve(folder))
    assert any((folder / "tensorboard").iterdir())
    saved = json.loads((folder / "config.json").read_text())
    assert saved["stages"][1]["name"] == "rooms"
    model = load_checkpoint(folder / "model.safetensors")
    assert (model.network.config, model.notes["training"]["examples"]) == (MODEL, 24)


@pytest.mark.parametrize("urgent", [True, False])
@pytest.mark.parametrize("interrupted_after", [1, 2, 3, 6])  # the first stage has 2 steps, the run 6
def test_a_resumed_run_ends_where_the_whole_run_ends(
    config: AggRlTraining, whole: Run, tmp_path: Path, interrupted_after: int, urgent: bool
) -> None:
    in_parts(config, tmp_path, interrupted_after=interrupted_after, urgent=urgent)
    torch.testing.assert_close(final_state(tmp_path), final_state(whole.folder), rtol=0, atol=0)
    assert curve(tmp_path) == curve(whole.folder)


def test_a_run_killed_after_its_last_validation_writes_that_row_once(
    config: AggRlTraining, whole: Run, tmp_path: Path
) -> None:
    class KilledError(Exception):
        pass

    def die(report: StepReport | ValidationResult) -> None:
        if isinstance(report, ValidationResult) and killed.position.examples == 24:
            raise KilledError

    killed = trainer(replace(config, checkpoint_minutes=1e-9), tmp_path, watch=die)
    with pytest.raises(KilledError):
        killed.run(StopRequest())
    assert [row["examples"] for row in curve(tmp_path)] == [8, 20, 24]
    resumed = trainer(config, tmp_path)
    resumed.resume()
    resumed.run(StopRequest())
    assert curve(tmp_path) == curve(whole.folder)


def test_weights_say_which_code_they_have_learned_by(config: AggRlTraining, tmp_path: Path) -> None:
    def said(folder: Path) -> str:
        return str(load_checkpoint(RunFolder(folder).model).notes["training"]["code"])

    trainer(config, tmp_path / "run").checkpoint()
    this = said(tmp_path / "run")
    assert this.startswith(version("anydoa"))
    path = RunFolder(tmp_path / "run").checkpoints()[-1] / "state.json"
    numbers = json.loads(path.read_text())
    path.write_text(json.dumps({**numbers, "code": ["0.0.9 1234567"]}))
    resumed = trainer(config, tmp_path / "run")
    resumed.resume()
    resumed.checkpoint()
    assert said(tmp_path / "run") == f"0.0.9 1234567, {this}"
    begun = replace(config, initial_weights=str(RunFolder(tmp_path / "run").model))
    trainer(begun, tmp_path / "next").checkpoint()
    assert said(tmp_path / "next") == f"0.0.9 1234567, {this}"


def test_a_step_that_is_left_out_moves_nothing(
    config: AggRlTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = trainer(replace(config, stages=config.stages[:1]), tmp_path)
    before = {name: value.clone() for name, value in run.network.state_dict().items()}
    learn = run.task.loss.forward
    monkeypatch.setattr(run.task.loss, "forward", lambda *told: learn(*told) * math.nan)
    run.run(StopRequest())
    assert "step left out" in caplog.text
    for network in (run.network, run.average.network):
        torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)


def test_a_checkpoint_of_another_version_is_refused_with_the_cure(
    config: AggRlTraining, tmp_path: Path
) -> None:
    trainer(config, tmp_path).checkpoint()
    path = RunFolder(tmp_path).checkpoints()[-1] / "state.json"
    numbers = json.loads(path.read_text())
    path.write_text(json.dumps({**numbers, "validated_at": 3.5}))
    with pytest.raises(CheckpointError, match=r"of an earlier anydoa .* begin another --run, with --from"):
        trainer(config, tmp_path).resume()


def test_a_finished_run_goes_on_with_a_further_stage(config: AggRlTraining, tmp_path: Path) -> None:
    first = replace(config, stages=config.stages[:1])
    trainer(first, tmp_path).run(StopRequest())
    longer = trainer(config, tmp_path)
    longer.resume()
    longer.run(StopRequest())
    assert longer.position.examples == 24


def test_the_parts_of_a_network_learn_one_after_the_other(config: AggRlTraining, tmp_path: Path) -> None:
    model = replace(MODEL, plane_waves=True, plane_wave_bands=4, plane_wave_bins=3, plane_wave_directions=40)
    geometry, rooms = (replace(stage, length=0.5) for stage in config.stages)
    stages = (
        replace(geometry, trains="without-plane-waves"),
        replace(rooms, trains="plane-waves"),
        replace(rooms, optimizer=OptimizerOptions(lr=1e-3, average_decay=0.5)),
    )
    run = replace(config, model=model, stages=stages, validation=replace(config.validation, every=10.0))
    weights = []

    def look(report: StepReport | ValidationResult) -> None:
        if isinstance(report, ValidationResult):
            weights.append({name: one.detach().clone() for name, one in whole.network.named_parameters()})

    whole = trainer(run, tmp_path / "whole", watch=look)
    weights.insert(0, {name: one.detach().clone() for name, one in whole.network.named_parameters()})
    whole.run(StopRequest())
    for (before, after), learns in zip(pairwise(weights), (True, False, True), strict=True):
        moved = {name for name in before if not torch.equal(before[name], after[name])}
        assert any("plane_wave_net" not in name for name in moved) == learns
        assert any("plane_wave_net" in name for name in moved) == (before is not weights[0])
    assert (whole.position.examples, whole.average.decay) == (24, 0.5)
    assert load_checkpoint(RunFolder(tmp_path / "whole").model).network.config == model

    in_parts(run, tmp_path / "parts", interrupted_after=3)
    torch.testing.assert_close(
        final_state(tmp_path / "parts"), final_state(tmp_path / "whole"), rtol=0, atol=0
    )

    # A run that goes on past its end, as its last stage is shorter now, still knows what has learned.
    stop = StopRequest()
    half = trainer(run, tmp_path / "half", watch=lambda report: stop_after(report, 20, stop))
    half.run(stop)
    shorter = trainer(replace(run, stages=(*stages[:2], replace(stages[2], length=0.25))), tmp_path / "half")
    shorter.resume()
    shorter.run(StopRequest())
    assert shorter.finished
    assert load_checkpoint(RunFolder(tmp_path / "half").model).network.config == model


def stop_after(report: StepReport | ValidationResult, examples: int, stop: StopRequest) -> None:
    if isinstance(report, StepReport) and report.position.examples >= examples:
        stop.now("test")


def test_what_a_stage_has_learned_is_judged_as_the_stage_has_it(
    config: AggRlTraining, tmp_path: Path
) -> None:
    model = replace(MODEL, plane_waves=True, plane_wave_bands=4, plane_wave_bins=3, plane_wave_directions=40)
    geometry, rooms = config.stages
    stages = (
        replace(
            geometry, trains="without-plane-waves", beams=BeamwidthOptions((0.0,), ((35.0, 30.0, 25.0),))
        ),
        replace(rooms, length=0.5, beams=BeamwidthOptions((0.0,), ((20.0, 15.0, 10.0),))),
    )
    validation = replace(config.validation, every=10.0)
    run = replace(config, model=model, stages=stages, validation=validation)
    trainer(run, tmp_path / "whole").run(StopRequest())
    assert [row["beamwidths_deg"][0] for row in curve(tmp_path / "whole")] == [35.0, 20.0]  # type: ignore[index] # a list
    # A validation that there was no time for is made up for, without what had not learned yet.
    in_parts(run, tmp_path / "parts", interrupted_after=2)
    assert curve(tmp_path / "parts") == curve(tmp_path / "whole")


def test_a_run_that_goes_on_says_so_when_it_hears_other_sounds(config: AggRlTraining, tmp_path: Path) -> None:
    trainer(config, tmp_path / "run").checkpoint()
    assert trainer(config, tmp_path / "run").resume() == []
    others = write_voices(tmp_path / "others", [95, 125, 155, 185, 225, 265], seconds=3)
    changed = replace(config, data=replace(config.data, speech=str(others)))
    assert trainer(changed, tmp_path / "run").resume() == ["rooms or recordings"]


@pytest.mark.slow
def test_a_run_begins_with_the_weights_of_another_and_counts_what_they_learnt_from(
    config: AggRlTraining, tmp_path: Path
) -> None:
    trainer(config, tmp_path / "first").run(StopRequest())
    weights = RunFolder(tmp_path / "first").model
    second = trainer(replace(config, initial_weights=str(weights)), tmp_path / "second")
    learnt = load_checkpoint(weights)
    for name, tensor in learnt.network.state_dict().items():
        torch.testing.assert_close(second.network.state_dict()[name], tensor)
    second.run(StopRequest())
    in_all = load_checkpoint(RunFolder(tmp_path / "second").model).notes["training"]
    assert in_all["examples"] == 2 * learnt.notes["training"]["examples"]


def test_what_weights_have_learnt_from_is_that_of_the_checkpoint(
    config: AggRlTraining, tmp_path: Path
) -> None:
    weights = tmp_path / "first.safetensors"
    save_checkpoint(weights, AggRl(MODEL), {"training": {"examples": 100, "hours": 1.0}})
    short = replace(config, stages=config.stages[:1])
    for folder, began, goes_on, examples in (("a", str(weights), "", 108), ("b", "", str(weights), 8)):
        trainer(replace(short, initial_weights=began), tmp_path / folder).checkpoint()
        resumed = trainer(replace(short, initial_weights=goes_on), tmp_path / folder)
        assert resumed.resume() == []
        resumed.run(StopRequest())
        assert load_checkpoint(RunFolder(tmp_path / folder).model).notes["training"]["examples"] == examples


def test_weights_say_how_many_voices_they_have_learnt_from(config: AggRlTraining, tmp_path: Path) -> None:
    trainer(config, tmp_path).checkpoint()
    learnt = load_checkpoint(RunFolder(tmp_path).model).notes["training"]
    assert (learnt["voices"], learnt["noises"]) == (3, 0)  # of six one tests and two validate


def test_weights_of_another_network_are_refused(config: AggRlTraining, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "other.safetensors", AggRl(replace(MODEL, latent_size=16)))
    with pytest.raises(CheckpointError, match="another"):
        trainer(replace(config, initial_weights=str(tmp_path / "other.safetensors")), tmp_path / "run")


@pytest.mark.parametrize("wide_size", [0, 8])
def test_masks_are_learnt_and_located_with(config: AggRlTraining, tmp_path: Path, wide_size: int) -> None:
    steps = (StageOptions("masks", 1.0, batch_size=4, duration_s=0.4, microphones=(4, 4)),)
    mask = MaskNetConfig(hidden_size=16, num_layers=1, wide_size=wide_size)
    run = of_masks(config, steps, mask)
    trainer(run, tmp_path / "run").run(StopRequest())
    row = RunFolder(tmp_path / "run").read_log()[-1]
    assert 0 < row["validation_loss"] < 1
    assert 0 <= row["mae_deg_1"] <= 180
    learnt = load_mask_checkpoint(RunFolder(tmp_path / "run").model)
    assert learnt.notes["training"]["examples"] == 16
    with pytest.raises(CheckpointError, match="holds a network 'mask', not 'agg-rl'"):
        load_checkpoint(RunFolder(tmp_path / "run").model)


def test_scores_are_learnt_from_what_masks_find(config: AggRlTraining, tmp_path: Path) -> None:
    weights = tmp_path / "mask.safetensors"
    save_checkpoint(weights, MaskNet(MaskNetConfig(hidden_size=16, num_layers=1)).eval())
    steps = (StageOptions("scores", 2.0, batch_size=4, duration_s=0.4, microphones=(4, 4)),)
    run = of_scores(config, steps, weights, ScoreNetConfig(widths=(4, 8), hidden_size=8))
    trainer(run, tmp_path / "run").run(StopRequest())
    learnt = load_score_checkpoint(RunFolder(tmp_path / "run").model)
    assert learnt.network.config == run.model
    assert str(tmp_path) not in str(learnt.notes)
    # Four steps, but two batches of clips: they were prepared once and met again.
    assert len(list(Path(config.data.cache).glob("talkers-*/*.npz"))) == 2


def test_scores_by_the_past_and_by_later_sound_are_learnt_together(
    config: AggRlTraining, tmp_path: Path
) -> None:
    weights = tmp_path / "mask.safetensors"
    save_checkpoint(weights, MaskNet(MaskNetConfig(hidden_size=16, num_layers=1, wide_size=8)).eval())
    steps = (StageOptions("scores", 2.0, batch_size=4, duration_s=0.6, microphones=(4, 4)),)
    model = ScoreNetConfig(ahead_slots=24, widths=(4, 8), hidden_size=8)
    run = of_scores(config, steps, weights, model)
    run = replace(run, data=replace(run.data, ahead_slots=(0, 40, 6), keep_every=2))
    trainer(run, tmp_path / "run").run(StopRequest())
    torch.manual_seed(config.seed)
    before = ScoreNet(model).state_dict()
    learnt = load_score_checkpoint(RunFolder(tmp_path / "run").model).network.state_dict()
    for part in ("causal", "wide"):
        assert not torch.equal(before[f"{part}.exit.weight"], learnt[f"{part}.exit.weight"])
    kept = max(Path(config.data.cache).glob("talkers-*/*.npz"), key=lambda path: path.stat().st_mtime_ns)
    with np.load(kept) as found:
        assert found["cells"].shape[2] == 24
        assert found["wide_cells"].shape[2] == 48
        assert len(found["wide_numbers"]) == len(found["wide_target"]) > 0
    with pytest.raises(ConfigError, match="picture_ahead must be equal, got 24 and 0"):
        replace(run, steered=SteeredOptions())


def test_processes_that_share_a_step_hear_as_far_ahead_as_one_would(
    config: AggRlTraining, tmp_path: Path
) -> None:
    weights = tmp_path / "mask.safetensors"
    save_checkpoint(weights, MaskNet(MaskNetConfig(hidden_size=16, num_layers=1, wide_size=8)).eval())
    stage = StageOptions("scores", 2.0, batch_size=4, duration_s=0.6, microphones=(4, 4))
    run = of_scores(config, (stage,), weights, ScoreNetConfig(ahead_slots=24, widths=(4, 8), hidden_size=8))
    run = replace(run, data=replace(run.data, ahead_slots=(0, 0, 40, 6), keep_every=2, clips=4))
    whole, first, second = (
        next(open_task(run, tmp_path / str(share), share).batches(stage, first=0))
        for share in (ProcessShare(), ProcessShare(0, 2), ProcessShare(1, 2))
    )
    assert (len(first.wide_cells), len(second.cells)) == (0, 0)
    torch.testing.assert_close(first.cells, whole.cells)
    torch.testing.assert_close(second.wide_cells, whole.wide_cells)
    # A step in which nobody was found teaches nothing.
    task = open_task(run, tmp_path, ProcessShare())
    nothing = {field.name: getattr(whole, field.name)[:0] for field in fields(whole)}
    loss = task.loss(replace(whole, **nothing))
    loss.backward()
    assert loss.item() == 0


def test_a_run_that_goes_on_says_so_when_its_mask_is_another(config: AggRlTraining, tmp_path: Path) -> None:
    weights = tmp_path / "mask.safetensors"
    save_checkpoint(weights, MaskNet(MaskNetConfig(hidden_size=16, num_layers=1)).eval())
    stages = (StageOptions("scores", 1.0, batch_size=4, duration_s=0.4, microphones=(4, 4)),)
    run = of_scores(config, stages, weights, ScoreNetConfig(widths=(4, 8), hidden_size=8))
    trainer(run, tmp_path / "run").checkpoint()
    assert trainer(run, tmp_path / "run").resume() == []
    save_checkpoint(weights, MaskNet(MaskNetConfig(hidden_size=8, num_layers=1)).eval())
    assert trainer(run, tmp_path / "run").resume() == ["data.mask_weights"]


def test_a_score_network_without_a_mask_is_refused() -> None:
    stages = (StageOptions("scores", 1.0, batch_size=4),)
    with pytest.raises(ConfigError, match=r"data\.mask_weights is empty"):
        ScoreTraining(stages)
    with pytest.raises(ConfigError, match="must be a multiple of batch_size"):
        ScoreTraining(stages, data=ScoreData(mask_weights="mask.safetensors", clips=6))


def test_a_resumed_run_of_scores_takes_the_steps_it_would_have_taken(
    config: AggRlTraining, tmp_path: Path
) -> None:
    weights = tmp_path / "mask.safetensors"
    save_checkpoint(weights, MaskNet(MaskNetConfig(hidden_size=16, num_layers=1)).eval())
    stages = (StageOptions("scores", 2.0, batch_size=4, duration_s=0.4, microphones=(4, 4)),)
    run = of_scores(config, stages, weights, ScoreNetConfig(widths=(4, 8), hidden_size=8, dropout=0.5))
    trainer(run, tmp_path / "whole").run(StopRequest())
    in_parts(run, tmp_path / "parts", interrupted_after=2)
    torch.testing.assert_close(
        final_state(tmp_path / "parts"), final_state(tmp_path / "whole"), rtol=0, atol=0
    )


def test_one_batch_of_masks_is_learnt_by_heart(config: AggRlTraining, tmp_path: Path) -> None:
    steps = (StageOptions("masks", 1.0, batch_size=4, duration_s=0.4, microphones=(4, 4)),)
    torch.manual_seed(0)
    mask = MaskNetConfig(hidden_size=64)
    task = open_task(of_masks(config, steps, mask), tmp_path, ProcessShare())
    batch = next(task.batches(steps[0], first=0))
    optimizer = torch.optim.Adam(task.network.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        loss = task.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    # What is left is the entropy of targets between zero and one.
    assert losses[-1] < 0.75 * losses[0]


def test_sigterm_stops_the_command_with_a_checkpoint_to_resume(tmp_path: Path) -> None:
    short = ["--set", "stages.0.length=0.08", "--set", "validation.clips=8"]
    arguments = ["-m", "anydoa", "train", str(SMOKE), "--run", str(tmp_path), *short]
    words = [sys.executable, *arguments]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert "geometry" in process.stdout.readline()
        os.killpg(process.pid, signal.SIGTERM)  # as systemd and batch systems do; its workers get it, too
        assert "stopped (SIGTERM); the same command goes on" in process.communicate(timeout=60)[0]
    assert process.returncode == 128 + signal.SIGTERM
    assert RunFolder(tmp_path).load().numbers["position"]["examples"] < 160
    resumed = trainer(load_config(SMOKE, [*short[1::2], "data.workers=0"]), tmp_path)
    assert resumed.resume() == []
    resumed.run(StopRequest())
    assert RunFolder(tmp_path).load().numbers["position"]["examples"] >= 160
