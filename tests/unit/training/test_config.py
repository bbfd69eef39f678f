"""Choices of a run, from TOML and from the command line."""

import json
from pathlib import Path

import pytest

from anydoa.errors import ConfigError
from anydoa.networks.config import AggRlConfig
from anydoa.training.agg_rl.config import AggRlStage, AggRlTraining
from anydoa.training.config import changed_choices
from anydoa.training.config_file import config_from_dict, load_config

CONFIGS = Path(__file__).parents[3] / "configs"
STAGE = {"name": "only", "length": 1.0}


def write(path: Path, text: str) -> Path:
    path.write_text('[[stages]]\nname = "only"\nlength = 1\n' + text)
    return path


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.toml")), ids=lambda path: path.stem)
def test_the_configurations_we_ship_are_valid(path: Path) -> None:
    config = load_config(path)
    assert config_from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_paper_configuration_is_the_published_one() -> None:
    config = load_config(CONFIGS / "paper.toml")
    assert isinstance(config, AggRlTraining)
    assert config.model == AggRlConfig(grid_encoding="phases")
    rates = [config.optimizer.lr * stage.lr_factor for stage in config.stages]
    assert rates == pytest.approx([2.5e-4, 5e-4, 1e-3])
    assert [stage.weight_decay for stage in config.stages] == [1e-4, 1e-6, 1e-6]
    assert [stage.length for stage in config.stages] == [10.0, 10.0, 280.0]
    assert [stage.microphones for stage in config.stages] == [(4, 4), (4, 4), (4, 12)]
    assert {stage.batch_size for stage in config.stages} == {16}
    assert (config.epoch_examples, config.grid.even, config.grid.near) == (28_800, 2048, 0)


def test_defaults_fill_what_a_file_leaves_out(tmp_path: Path) -> None:
    assert load_config(write(tmp_path / "run.toml", "")) == AggRlTraining((AggRlStage("only", 1.0),))


def test_a_file_may_be_based_on_another(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "first.toml", "seed = 3\n[optimizer]\nlr = 0.5\nwarmup = 2.0\n[model]\nnum_bins = 33\n")
    (tmp_path / "deep" / "second.toml").write_text(
        'base = "../first.toml"\nseed = 4\n[optimizer]\nlr = 0.1\n'
    )
    (tmp_path / "deep" / "third.toml").write_text(
        'base = "second.toml"\nstages = [{name = "new", length = 2}]\n'
    )
    config = load_config(tmp_path / "deep" / "third.toml", ["model.num_heads=8"])
    assert (config.seed, config.optimizer.lr, config.optimizer.warmup) == (4, 0.1, 2.0)
    assert (config.model.num_bins, config.model.num_heads) == (33, 8)
    assert [stage.name for stage in config.stages] == ["new"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('base = "run.toml"', "run.toml: is based on itself"),
        ("base = 3", "base must be the path of another file, got 3"),
        ('base = "nowhere.toml"', "nowhere.toml: cannot be read"),
    ],
)
def test_a_base_that_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / "run.toml")


def test_a_stage_names_only_what_differs_from_the_run() -> None:
    stages = [{**STAGE, "optimizer": {"lr": 0.5}, "mix": {"mismatch": {"gain_db": 1.0}}}, STAGE]
    run = {"stages": stages, "optimizer": {"clip": 3.0}, "mix": {"mismatch": {"phase_deg": 2.0}}}
    config = config_from_dict(run)
    assert isinstance(config, AggRlTraining)
    first, second = (config.during(stage) for stage in config.stages)
    assert (first.optimizer.lr, first.optimizer.clip) == (0.5, 3.0)
    assert (first.mix.mismatch.gain_db, first.mix.mismatch.phase_deg) == (1.0, 2.0)
    assert (second.optimizer, second.mix, second.grid) == (config.optimizer, config.mix, config.grid)
    with pytest.raises(ConfigError, match=r"no key 'stages\.0\.optimizer\.rate'"):
        config_from_dict({"stages": [{**STAGE, "optimizer": {"rate": 0.5}}]})


def test_choices_that_changed_are_named_but_places_are_not() -> None:
    before = config_from_dict({"stages": [STAGE], "data": {"bank": "here"}})
    now = config_from_dict({"stages": [{**STAGE, "grid": {"even": 9}}], "seed": 2, "data": {"bank": "there"}})
    assert changed_choices(before, before) == []
    assert changed_choices(before, now) == ["stages.0.grid", "seed"]
    assert changed_choices(before, config_from_dict({"stages": [STAGE, STAGE]})) == ["stages"]


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
        ("[optimizer]\nlr = 0\n", "optimizer: lr must be above 0"),
        ("[optimizer]\nlr = inf\n", "optimizer: lr must be above 0 and finite, got inf"),
        ("[optimizer]\nfloor = -1.0\n", "optimizer: floor must be 0..1, got -1"),
        ("[optimizer]\nwarmup = nan\n", "optimizer: warmup must be 0 or more, got nan"),
        (
            "[[stages]]\nname = 'x'\nlength = 1\nweight_decay = -1\n",
            r"weight_decay must be 0 or more, got -1",
        ),
        ("[validation]\ngrid = 1\n", "validation: grid must be at least 2 directions, got 1"),
        ("[[stages]]\nname = 'none'\nlength = 0\n", r"stages\.1: length must be above 0"),
        ("[data]\nheld_out = 0.7\n", "data: held_out must be above 0 and at most 0.5, got 0.7"),
        ("[model]\nhop_length = 'short'\n", "model.hop_length must be a whole number, got 'short'"),
        ("[loss]\ndirection_weight = -1\n", "direction_weight must be 0 or more, got -1"),
        ("[optimizer]\nschedule = 'step'\n", "optimizer.schedule must be one of cosine, plateau"),
        ("[grid]\nturn = 1\n", "grid.turn must be true or false"),
        ("[grid]\neven = 1.5\n", "grid.even must be a whole number"),
        ("[beams]\nat = [2.0, 1.0]\n", "beams.at must rise"),
        ("[beams]\nat = [1.0]\nwidths_deg = [[5.0]]\n", "needs 3 values"),
        ("[mix]\nsnr_db = [1.0]\n", "mix.snr_db takes 2 values"),
        ("[validation]\nkind = 'noise'\n", "validation.kind must be one of rooms, spectra"),
        ("[steered]\nbeam_deg = 3.7\n", "no key 'steered'"),
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


def test_an_override_that_every_stage_hides_is_refused_with_the_cure(tmp_path: Path) -> None:
    stage = '[[stages]]\nname = "one"\nlength = 1\n'
    path = write(tmp_path / "run.toml", f"{stage}optimizer = {{ lr = 1e-3 }}\n{stage}")
    assert load_config(path, ["optimizer.lr=1e-4"]).optimizer.lr == 1e-4
    path.write_text(f"{stage}optimizer = {{ lr = 1e-3 }}\n" * 2)
    with pytest.raises(ConfigError, match=r"has its own; override stages\.0\.optimizer\.lr to stages\.1"):
        load_config(path, ["optimizer.lr=1e-4"])
    assert load_config(path, ["optimizer.clip=2.0", "stages.0.length=3"]).optimizer.clip == 2.0


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        load_config(tmp_path / "nowhere.toml")


def test_a_network_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="network must be one of agg-rl, mask, score, got 'masks'"):
        config_from_dict({"network": "masks", "stages": [STAGE]})


def test_sizes_of_every_network_are_checked_like_other_choices() -> None:
    for network, key in (("mask", "hidden_size"), ("score", "hidden_size")):
        with pytest.raises(ConfigError, match=f"model.{key} must be a whole number, got 256.5"):
            config_from_dict({"network": network, "stages": [STAGE], "model": {key: 256.5}})
    with pytest.raises(ConfigError, match="num_features must be 4, those of a bin, got 5"):
        config_from_dict({"network": "mask", "stages": [STAGE], "model": {"num_features": 5}})
    with pytest.raises(ConfigError, match=r"model\.widths must be a list, got 24"):
        config_from_dict({"network": "score", "stages": [STAGE], "model": {"widths": 24}})


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (
            {"steered": {"num_bands": 32}},
            r"model\.num_bands and steered\.num_bands must be equal, got 40 and 32",
        ),
        ({"model": {"num_slots": 12}}, r"model\.num_slots and steered\.memory_slots must be equal"),
        ({"data": {"ahead_slots": [0, 40], "mask_weights": "a"}}, r"data\.ahead_slots beside 0 need"),
    ],
)
def test_pictures_that_the_score_network_cannot_see_are_refused(
    choices: dict[str, object], message: str
) -> None:
    run = {"network": "score", "stages": [STAGE], "data": {"mask_weights": "a"}, **choices}
    with pytest.raises(ConfigError, match=message):
        config_from_dict(run)


def test_what_is_kept_with_weights_names_no_folder_of_this_machine() -> None:
    data = {
        "bank": "/home/me/rooms",
        "speech": "/home/me/voices",
        "mask_weights": "/home/me/mask.safetensors",
    }
    config = config_from_dict({"network": "score", "stages": [STAGE], "data": data})
    assert "/home/me" not in json.dumps(config.portable().to_dict())
    assert config.weight_files == {"data.mask_weights": "/home/me/mask.safetensors"}
