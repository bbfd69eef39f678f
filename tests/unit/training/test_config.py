"""Choices of a run, from TOML and from the command line."""

import json
from pathlib import Path

import pytest

from anydoa.errors import ConfigError
from anydoa.training.config import StageOptions, TrainingConfig
from anydoa.training.config_file import config_from_dict, load_config

CONFIGS = Path(__file__).parents[3] / "configs"
STAGE = {"name": "only", "length": 1.0}


def write(path: Path, text: str) -> Path:
    path.write_text('[[stages]]\nname = "only"\nlength = 1\n' + text)
    return path


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_configurations_we_ship_are_valid(path: Path) -> None:
    config = load_config(path)
    assert config_from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_paper_configuration_is_the_published_one() -> None:
    config = load_config(CONFIGS / "paper.toml")
    rates = [config.optimizer.lr * stage.lr_factor for stage in config.stages]
    assert rates == pytest.approx([2.5e-4, 5e-4, 1e-3])
    assert [stage.weight_decay for stage in config.stages] == [1e-4, 1e-6, 1e-6]
    assert [stage.length for stage in config.stages] == [10.0, 10.0, 280.0]
    assert [stage.microphones for stage in config.stages] == [(4, 4), (4, 4), (4, 12)]
    assert {stage.batch_size for stage in config.stages} == {16}
    assert (config.epoch_examples, config.model.hop_length, config.grid.even, config.grid.near) == (
        28_800,
        128,
        2048,
        0,
    )


def test_defaults_fill_what_a_file_leaves_out(tmp_path: Path) -> None:
    assert load_config(write(tmp_path / "run.toml", "")) == TrainingConfig((StageOptions("only", 1.0),))


def test_an_override_reaches_tables_and_rows_of_lists(tmp_path: Path) -> None:
    overrides = ["optimizer.lr=1e-4", "stages.0.length=2", "data.speech=/some/where", "model.hop_length=256"]
    config = load_config(write(tmp_path / "run.toml", ""), overrides)
    assert (config.optimizer.lr, config.stages[0].length, config.data.speech) == (1e-4, 2.0, "/some/where")
    assert config.model.hop_length == 256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[optimizer]\nlearning_rate = 1.0\n", "no key 'optimizer.learning_rate'; did you mean 'optimizer.*"),
        ("[optimizers]\nlr = 1.0\n", "no key 'optimizers'; did you mean 'optimizer'"),
        ("[optimizer]\nlr = 'fast'\n", "optimizer.lr must be a number, got 'fast'"),
        ("[optimizer]\nlr = 0\n", "lr must be above 0"),
        ("[optimizer]\ndirection_weight = -1\n", "direction_weight must be 0 or more, got -1"),
        ("[optimizer]\nschedule = 'step'\n", "optimizer.schedule must be one of cosine, plateau"),
        ("[grid]\nturn = 1\n", "grid.turn must be true or false"),
        ("[grid]\neven = 1.5\n", "grid.even must be a whole number"),
        ("[beams]\nat = [2.0, 1.0]\n", "beams.at must rise"),
        ("[beams]\nat = [1.0]\nwidths_deg = [[5.0]]\n", "needs 3 values"),
        ("[mix]\nsnr_db = [1.0]\n", "mix.snr_db takes 2 values"),
        ("[[stages]]\nname = 'no length'\n", "'stages.1.length' is missing"),
        ("[data]\nbank = ", "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_cure(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path / "run.toml", text))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("lr", "an override is key=value"),
        ("stages.3.length=1", "number of a row, 0..0"),
        ("seed.deep=1", "no keys inside"),
    ],
)
def test_a_wrong_override_is_refused(tmp_path: Path, override: str, message: str) -> None:
    (tmp_path / "run.toml").write_text('seed = 1\n[[stages]]\nname = "only"\nlength = 1\n')
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / "run.toml", [override])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        load_config(tmp_path / "nowhere.toml")
