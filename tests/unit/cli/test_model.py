"""`anydoa model`: from a checkpoint to a folder, its card and a picture of its bins."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from anydoa.cli import main
from anydoa.cli.model_pictures import read_bins, read_latents
from anydoa.estimators.model.folder import find_model
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.checkpoint import save_checkpoint
from anydoa.networks.config import AggRlConfig
from anydoa.networks.mask_net import MaskNet, MaskNetConfig
from anydoa.networks.score_net import ScoreNet, ScoreNetConfig
from typechecking import unchecked

SMALL = {"num_features": 32, "num_heads": 4, "latent_size": 32, "num_bins": 65, "window_length": 256}
ROWS = [{"estimator": "small", "suite": "dynamic-s", "talkers": 1, "mae_deg": 12.0}]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("checkpoints") / "small.safetensors"
    save_checkpoint(path, AggRl(AggRlConfig.from_dict(SMALL)), {"training": {"examples": 640}})
    return path


@pytest.fixture(scope="module")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    (folder / "rows.json").write_text(json.dumps(ROWS))
    with unchecked():
        assert (
            main(
                [
                    "model",
                    "export",
                    str(checkpoint),
                    "-o",
                    str(folder / "small"),
                    "--metrics",
                    str(folder / "rows.json"),
                ]
            )
            == 0
        )
    return folder / "small"


def test_the_card_knows_what_the_checkpoint_knew(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "info", str(exported), "--format", "json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["name"] == "small"
    assert card["training"] == {"examples": 640}
    assert card["metrics"] == ROWS
    assert card["config"]["num_bins"] == len(card["bins_hz"]) == 65


def test_the_card_is_told_in_words(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "info", str(exported)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("model         small: small ")
    assert [line.split() for line in told.splitlines()][-2:] == [
        ["suite", "talkers", "mae", "deg"],
        ["dynamic-s", "1", "12"],
    ]


def test_the_bins_are_drawn_against_the_band_of_an_array(exported: Path, tmp_path: Path) -> None:
    picture = tmp_path / "bins.png"
    assert main(["model", "bins", str(exported), "--array", "respeaker-6", "--output", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_checkpoint_has_the_same_bins_and_map_as_the_model_made_of_it(
    checkpoint: Path, exported: Path
) -> None:
    grid = fibonacci_grid(60)
    np.testing.assert_allclose(
        read_bins(str(checkpoint)).bins_hz, read_bins(str(exported)).bins_hz, atol=0.01
    )
    in_torch, exported_latents = read_latents(str(checkpoint), grid)[1], read_latents(str(exported), grid)[1]
    assert in_torch.shape == (60, 32)
    np.testing.assert_allclose(exported_latents, in_torch, atol=1e-4)


def test_the_bundled_network_has_moved_its_bins_and_tells_directions_apart() -> None:
    bins = read_bins("agg-rl")
    assert bins.start_hz is not None
    assert 10 < np.abs(bins.bins_hz - bins.start_hz).max() < 2000
    grid = fibonacci_grid(200)
    latents = read_latents("agg-rl", grid)[1]
    assert latents.shape == (200, 256)
    # Neighbours on the sphere are neighbours in the latent space.
    nearest = np.linalg.norm(latents[:, None] - latents + 1e9 * np.eye(200)[..., None], axis=-1).argmin(1)
    assert np.median((grid.directions * grid.directions[nearest]).sum(1)) > np.cos(2 * grid.spacing)


@pytest.mark.parametrize("model", ["run", "run/model.safetensors"])
def test_a_run_of_training_is_drawn(model: str, checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.safetensors").write_bytes(checkpoint.read_bytes())
    assert read_bins(str(tmp_path / model)).name == "run"
    for command in ("bins", "map"):
        words = ["model", command, str(tmp_path / model), "-o", str(tmp_path / "picture.png")]
        assert main(words if command == "bins" else [*words, "--grid", "fibonacci:50"]) == 0
        assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_network_without_gridnet_has_no_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = AggRlConfig.from_dict({**SMALL, "output": "fixed", "fixed_directions": 20})
    save_checkpoint(tmp_path / "fixed.safetensors", AggRl(config))
    for model in ("steered", str(tmp_path / "fixed.safetensors")):
        assert main(["model", "map", model, "-o", str(tmp_path / "map.png")]) == 2
        assert 'take agg-rl or a network trained with output = "grid"' in capsys.readouterr().err


def test_what_is_to_be_installed_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not there
    assert main(["model", "export", "a", "-o", "b"]) == 2
    assert "anydoa[train]" in capsys.readouterr().err


def test_a_steered_model_is_exported_from_its_two_networks(tmp_path: Path) -> None:
    torch.manual_seed(0)
    mask, score = tmp_path / "mask.safetensors", tmp_path / "score.safetensors"
    save_checkpoint(mask, MaskNet(MaskNetConfig(hidden_size=16, num_layers=1)), {"training": {"hours": 2}})
    notes = {"config": {"steered": {"beam_deg": 5.0}}, "training": {"hours": 1}}
    save_checkpoint(score, ScoreNet(ScoreNetConfig(widths=(4,), hidden_size=8)), notes)
    with unchecked():
        assert main(["model", "export", str(mask), "-o", str(tmp_path / "small"), "--score", str(score)]) == 0
    card = find_model(tmp_path / "small").card
    assert card.training == {"mask": {"hours": 2}, "score": {"hours": 1}}
    assert card.config["options"]["beam_deg"] == 5.0
    assert main(["model", "bins", str(tmp_path / "small"), "--output", str(tmp_path / "bins.png")]) == 0


def test_a_card_of_another_kind_of_network_is_refused_before_anything_is_written(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = find_model("steered").path / "card.json"
    words = ["model", "export", str(checkpoint), "-o", str(tmp_path / "out"), "--card", str(card)]
    assert main(words) == 2
    assert capsys.readouterr().err == (
        "error: the card of 'steered' is one of 'steered', but the weights are of 'agg-rl'; give a card of "
        "that kind, or none\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_damaged_card_is_named(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "card.json"
    card.write_text("{}")
    words = ["model", "export", str(checkpoint), "-o", str(tmp_path / "out"), "--card", str(card)]
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"error: {card}: not a model card")


def test_half_a_steered_model_is_refused(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = tmp_path / "mask.safetensors"
    save_checkpoint(mask, MaskNet(MaskNetConfig(hidden_size=16, num_layers=1)))
    assert main(["model", "export", str(mask), "-o", str(tmp_path / "half")]) == 2
    assert "a score network, given by --score" in capsys.readouterr().err
    assert main(["model", "export", str(checkpoint), "-o", str(tmp_path / "half"), "--score", str(mask)]) == 2
    assert "is of 'agg-rl'" in capsys.readouterr().err


def test_bundled_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "list", "--format", "json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["model", "info", "nothing"], "no model 'nothing'"),
        (["model", "bins", "agg-rl", "--output", "bins.txt"], "change the suffix"),
        (["model", "export", "nothing.safetensors", "-o", "out"], "no such file"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1


def test_rows_that_are_none_are_refused(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.json").write_text("{}")
    words = [
        "model",
        "export",
        str(checkpoint),
        "-o",
        str(tmp_path / "out"),
        "--metrics",
        str(tmp_path / "rows.json"),
    ]
    assert main(words) == 2
    assert "no list of rows" in capsys.readouterr().err
