"""The paper's comparison: every configuration learns and is measured, and `make paper` may be stopped."""

import json
import math
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import paper
import paper_measured
import paper_published
import paper_tables
import pytest
import torch

from anydoa.evaluation.record import Measurement, read_record, write_record
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.checkpoint import save_checkpoint
from anydoa.simulation.recipe import RoomRanges
from anydoa.simulation.rir_bank import build_bank
from anydoa.simulation.rooms import RoomPlan
from anydoa.training.agg_rl.batches import ClipShape
from anydoa.training.agg_rl.estimator import TorchEstimator
from anydoa.training.agg_rl.loss import AggRlLoss
from anydoa.training.agg_rl.spectra import SpectraBatches, SpectraOptions, bin_frequencies
from anydoa.training.agg_rl.targets import GridSampler
from anydoa.training.config_file import load_config
from anydoa.training.run import RunFolder
from voices import write_voices

CONFIGS = paper.ROOT / "configs"
EVERY = paper.configurations(CONFIGS)
SMALLER = {"num_features": 32, "num_heads": 4, "num_blocks": 1, "latent_size": 32}


def smaller(trunk: str) -> dict[str, int]:
    """Sizes of a small network; those that look at pairs have neither heads nor blocks."""
    names = SMALLER if trunk == "augeonet" else ("num_features", "latent_size")
    return {name: SMALLER[name] for name in names}


def test_the_comparison_is_seven_peers_and_sixteen_ablations_and_begins_with_the_full_network() -> None:
    files = {path.stem for kind in ("peers", "ablations") for path in (CONFIGS / kind).glob("*.toml")}
    assert len(files) == 7 + 16
    # One is in both tables, and learns once.
    assert files - {path.stem for path in EVERY} == {"gi-doaenet-agg-rl"}
    assert paper_published.SAME_AS == {"gi-doaenet-agg-rl": "dft-absolute"}
    assert EVERY[0].stem == "full"


def test_all_have_the_same_budget_but_for_what_the_ablation_is_about() -> None:
    budgets = {path.stem: load_config(path) for path in EVERY}
    clips = {name: sum(stage.length for stage in config.stages) for name, config in budgets.items()}
    assert set(clips.values()) == {40.0}
    full = budgets.pop("full")
    for name, config in budgets.items():
        assert (config.optimizer, config.loss, config.seed) == (full.optimizer, full.loss, full.seed), name
        assert (config.mix, config.validation) == (full.mix, full.validation), name
        assert not config.model.plane_waves, name
        stages = {stage.name: replace(stage, length=1.0) for stage in full.stages}
        assert all(replace(stage, length=1.0) == stages[stage.name] for stage in config.stages), name


def test_methods_are_ranked_by_error_and_by_share_and_only_clear_differences_contradict() -> None:
    error, share = paper_measured.MEASURES
    assert error.published("8.25±1.52 / 90.78") == (8.25, 1.52)
    assert share.published("8.25±1.52 / 90.78") == (-90.78, 0.0)
    assert error.published("") is share.published("111.21") is None
    measured = paper_measured.Measured
    first, second = (
        paper_measured.Ranked("A", 9.0, 1.0, measured(20.0, 1.0)),
        paper_measured.Ranked("B", 5.0, 1.0, measured(30.0, 1.0)),
    )
    assert paper_measured.contradictions([(first, second), (second, first)]) == "A before B"
    for unclear in (replace(second, ours=measured(21.0, 1.0)), replace(second, theirs=8.0)):
        assert paper_measured.contradictions([(first, unclear), (unclear, first)]) == ""


def test_methods_that_heard_the_same_clips_are_compared_clip_by_clip() -> None:
    rng = np.random.default_rng(0)
    hardness = [rng.uniform(0, 60, 50), rng.uniform(0, 90, 50)]
    better, worse = (
        paper_measured.Measured(
            float(np.mean([one.mean() for one in hardness])) + more,
            8.0,
            tuple(one + more + rng.normal(0, 0.5, 50) for one in hardness),
        )
        for more in (0.0, 1.0)
    )
    better, worse = (replace(one, clips_of="the same rooms") for one in (better, worse))
    difference, interval = worse.minus(better)
    assert difference == pytest.approx(1.0, abs=0.3)
    assert interval == pytest.approx(1.96 * math.hypot(0.5, 0.5) / math.sqrt(100), rel=0.25)
    assert (worse.sign(better), better.sign(worse)) == (1, -1)
    # A record that keeps means alone says less, and so does one of other clips.
    for means in (replace(better, clips=(), clips_of=""), replace(better, clips_of="other rooms")):
        assert worse.minus(means) == (worse.value - better.value, math.hypot(8.0, 8.0))
        assert worse.sign(means) == 0


def test_what_is_not_known_is_no_number(tmp_path: Path) -> None:
    row = {"suite": "dynamic-s", "grid": "fibonacci:2048", "clips": 1, "clip_s": 4.0}
    unknown = dict.fromkeys(("mae_deg", "mae_ci95", "acc10", "acc10_ci95"))
    known = {**unknown, "mae_deg": 30.0, "acc10": 0.25}
    rows = [{**row, **unknown, "talkers": 1}, {**row, **known, "talkers": 2}]
    for name in ("full", "pm"):
        write_record(tmp_path / f"{name}.json", Measurement(["python"]).record(rows))
    records = paper_measured.PaperRecords(tmp_path)
    measured = records.measured("full", "dynamic-s", paper_measured.MEASURES[0])
    assert measured is not None
    assert math.isnan(measured.value)
    assert measured.sign(replace(measured, value=5.0)) == 0
    page = paper_tables.render_own(tmp_path)
    assert "| - / -, 30.0 / 25 |" in page
    assert "nan" not in page


def test_a_network_that_learned_nothing_is_named_and_not_ranked(tmp_path: Path) -> None:
    row = {"suite": "dynamic-s", "grid": "fibonacci:2048", "clips": 9, "clip_s": 4.0, "mae_ci95": 4.0}
    row |= {"acc10": 0.01, "acc10_ci95": 0.01}
    errors = {"full": (25.0, 45.0), "u-net": (87.0, 77.0), "neural-srp": (80.0, 70.0)}
    for name, found in errors.items():
        rows = [{**row, "talkers": talkers, "mae_deg": error} for talkers, error in enumerate(found, 1)]
        write_record(tmp_path / f"{name}.json", Measurement(["python"]).record(rows))
    records = paper_measured.PaperRecords(tmp_path)
    assert [name for name in errors if records.is_chance(name)] == ["u-net"]
    page = paper_tables.render_own(tmp_path)
    assert "No better than chance: `u-net`." in page
    assert "| dynamic-s | error | AGG-RL, Neural-SRP | AGG-RL, Neural-SRP | none |" in page


def test_tests_may_have_speech_and_noise_of_their_own(tmp_path: Path) -> None:
    tested = [write_voices(tmp_path / name, [80.0, 200.0], seconds=1) for name in ("TIMIT", "ESC-50")]
    words = [f"--{name}={tmp_path}" for name in ("rooms", "speech", "noise", "runs", "results")]
    for more, expected in (
        ([], [tmp_path, tmp_path]),
        ([f"--test-speech={tested[0]}", f"--test-noise={tested[1]}"], tested),
    ):
        suite = paper.clips_of("dynamic-s", paper.make_parser().parse_args([*words, *more]))
        assert [suite.suite.material.speech, suite.suite.material.noise] == expected


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_every_configuration_learns_a_step_and_gives_a_spectrum(path: Path, tmp_path: Path) -> None:
    config = load_config(path)
    torch.manual_seed(0)
    network = AggRl(replace(config.model, **smaller(config.model.trunk)))
    shape, bins = ClipShape(network.config, 2, 0.15, (4, 4)), bin_frequencies(network)
    batch = SpectraBatches(shape, bins, seed=1, options=SpectraOptions(num_arrays=4))[0]
    sampled = GridSampler(config.grid).draw(batch.talkers.double().numpy(), np.random.default_rng(0))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    loss = AggRlLoss(network)(batch, torch.from_numpy(sampled), config.beams.widths_deg[0])
    loss.backward()
    optimizer.step()
    network.project_()
    assert torch.isfinite(loss)
    # Made by formula, spectra do not pass through the transform; all else has learned.
    unmoved = {key for key, value in network.named_parameters() if torch.equal(value, before[key])}
    learns_bins = config.model.transform.startswith("learnable")
    assert unmoved == ({"augeonet.transform.increments"} if learns_bins else set())
    save_checkpoint(tmp_path / "model.safetensors", network)
    estimator = TorchEstimator(tmp_path / "model.safetensors", path.stem)
    array = MicrophoneArray(0.05 * np.random.default_rng(0).standard_normal((5, 3)))
    audio = np.random.default_rng(1).standard_normal((5, 4000))
    spectrum = estimator.spectrum(audio, array, fibonacci_grid(100))
    assert spectrum.values.shape == (2, 100)
    assert ((spectrum.values > 0) & (spectrum.values < 1)).all()


def small_comparison(folder: Path, *, clips_a_stage: int = 4) -> list[str]:
    """Words for a comparison of one small network, with its configuration, rooms and voices in a folder."""
    (folder / "configs" / "ablations").mkdir(parents=True)
    (folder / "configs" / "ablations" / "small.toml").write_text(
        f"""base = "{CONFIGS / "ablations" / "pm.toml"}"
epoch_examples = {clips_a_stage}
model = {{ {", ".join(f"{key} = {value}" for key, value in SMALLER.items())} }}
grid = {{ even = 32, near = 32 }}
data = {{ workers = 0, held_out = 0.25 }}
validation = {{ every = 2.0, clips = 1, duration_s = 0.4, grid = 100, microphones = [4, 4] }}
[[stages]]
name = "geometry"
kind = "spectra"
length = 1.0
batch_size = 4
duration_s = 0.2
microphones = [4, 4]
[[stages]]
name = "rooms"
length = 1.0
batch_size = 4
duration_s = 0.4
microphones = [4, 4]
"""
    )
    build_bank(
        folder / "rooms",
        RoomPlan(8, seed=7, microphones=(4, 4), num_noises=1, ranges=RoomRanges(rt60=(0.2, 0.25))),
    )
    voices = write_voices(folder / "voices", [80.0 + 10 * one for one in range(24)], seconds=3)
    folders = {
        "rooms": folder / "rooms",
        "speech": voices,
        "noise": voices,
        "runs": folder / "runs",
        "configs": folder / "configs",
        "results": folder / "results",
        "page": folder / "page.md",
    }
    words = [word for name, path in folders.items() for word in (f"--{name}", str(path))]
    np.save(folder / "mine.npy", 0.05 * np.eye(4)[:, :3])
    suites = ["--suites", "dynamic-s", f"array:{folder / 'mine.npy'}"]
    return [*words, "--only", "small", *suites, "--limit", "1", "--duration", "0.5"]


def test_a_signal_is_passed_on_to_the_training_which_leaves_a_checkpoint(tmp_path: Path) -> None:
    words = [sys.executable, paper.__file__, *small_comparison(tmp_path, clips_a_stage=40_000)]
    examples = 0
    for number in (signal.SIGINT, signal.SIGTERM):
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            while " geometry " not in (line := process.stdout.readline()):
                assert line
            process.send_signal(number)
            assert "the same command goes on" in process.communicate(timeout=60)[0]
        assert process.returncode == 128 + number
        learned = RunFolder(tmp_path / "runs" / "small").load().numbers["position"]["examples"]
        assert learned > examples
        examples = learned


def test_what_is_measured_is_kept_and_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = small_comparison(tmp_path)
    monkeypatch.setattr(sys, "argv", ["paper.py", *words])
    paper.main()
    record = read_record(tmp_path / "results" / "small.json")
    assert (record.seed, [row["talkers"] for row in record.rows]) == (0, [1, 2, 1, 2])
    assert {row["look_ahead_s"] for row in record.rows} == {0.0}
    assert {row["training_examples"] for row in record.rows} == {8}
    learned_from = {(row["training_voices"], row["training_noises"]) for row in record.rows}
    assert learned_from == {(14, 14)}  # of 24; the rest validates or tests
    assert {"mae_deg", "mae_ci95", "acc10", "acc10_ci95", "parameters", "grid"} <= set(record.rows[0])
    for row in record.rows:
        assert len(row["clips_acc10"]) == len(row["clips_mae_deg"]) == row["clips"] == 1
        assert np.mean(row["clips_mae_deg"]) == pytest.approx(row["mae_deg"], abs=1e-4)
    raw = json.loads((tmp_path / "results" / "small.json").read_text())
    assert {"command", "version", "commit", "date", "machine", "seed", "rows"} == set(raw)
    assert {row["suite"] for row in record.rows} == {"dynamic-s", "array/mine"}
    capsys.readouterr()
    paper.main()
    assert capsys.readouterr().out == ""
    assert "| phase modulation of places, `pm` |" in (tmp_path / "page.md").read_text()
    # A record of other clips, or weights of other choices, are not taken for these.
    others = write_voices(tmp_path / "others", [85.0 + 10 * one for one in range(24)], seconds=3)
    monkeypatch.setattr(sys, "argv", ["paper.py", *words, f"--test-speech={others}"])
    with pytest.raises(SystemExit, match=r"small\.json has another speech, noise or draw of rooms"):
        paper.main()
    (tmp_path / "results" / "small.json").unlink()
    monkeypatch.setattr(sys, "argv", ["paper.py", *words, f"--speech={others}"])
    with pytest.raises(SystemExit, match="small learned with another rooms or recordings; remove it or"):
        paper.main()
    monkeypatch.setattr(sys, "argv", ["paper.py", *words])
    text = (tmp_path / "configs" / "ablations" / "small.toml").read_text()
    (tmp_path / "configs" / "ablations" / "small.toml").write_text("precision = 'bf16'\n" + text)
    with pytest.raises(SystemExit, match="learned with another precision; remove it or name another --runs"):
        paper.main()
