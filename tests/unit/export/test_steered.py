"""Steered models from torch to a folder that runs without it."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from free_field import random_array

from anydoa.errors import CheckpointError
from anydoa.estimators.catalogue import load
from anydoa.estimators.model.folder import WIDE_MASK_FILE, find_model
from anydoa.estimators.steered.options import SteeredOptions
from anydoa.export.steered import export_steered, steered_card
from anydoa.geometry.grid import fibonacci_grid
from anydoa.networks.checkpoint import Checkpoint, load_score_checkpoint, save_checkpoint
from anydoa.networks.mask_net import MaskNet, MaskNetConfig
from anydoa.networks.score_net import ScoreNet, ScoreNetConfig


@pytest.fixture
def networks() -> tuple[MaskNet, ScoreNet]:
    torch.manual_seed(0)
    mask = MaskNet(MaskNetConfig(hidden_size=16, num_layers=1))
    return mask.eval(), ScoreNet(ScoreNetConfig(widths=(4, 8), hidden_size=8)).eval()


def test_an_exported_model_is_loaded_and_run(networks: tuple[MaskNet, ScoreNet], tmp_path: Path) -> None:
    mask, score = networks
    card = steered_card(Checkpoint(mask, {}), Checkpoint(score, {}), "tiny")
    assert export_steered(mask, score, card, tmp_path) < 1e-5
    estimator, array = load(tmp_path), random_array(np.random.default_rng(0), 5)
    audio = np.random.default_rng(1).standard_normal((5, 6000)).astype(np.float32)
    values = estimator.spectrum(audio, array, fibonacci_grid(256)).values
    assert values.shape == (3, 256)
    assert 0 < values.max() <= 1


def test_a_model_that_hears_later_sound_has_a_graph_for_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    mask = MaskNet(MaskNetConfig(hidden_size=16, num_layers=1, wide_size=8)).eval()
    score = ScoreNet(ScoreNetConfig(ahead_slots=24, widths=(4, 8), hidden_size=8)).eval()
    like = steered_card(Checkpoint(mask, {}), Checkpoint(score, {}), "tiny")
    options = SteeredOptions(picture_ahead=24).to_dict()
    card = dataclasses.replace(like, config={**like.config, "options": options})
    assert export_steered(mask, score, card, tmp_path) < 1e-5
    estimator, array = load(tmp_path), random_array(np.random.default_rng(0), 5)
    audio = np.random.default_rng(1).standard_normal((5, 6000)).astype(np.float32)
    causal, ahead = (
        estimator.with_look_ahead(seconds).spectrum(audio, array, fibonacci_grid(256))
        for seconds in (0.0, math.inf)
    )
    np.testing.assert_array_equal(causal.times_s, ahead.times_s)
    assert np.abs(causal.values - ahead.values).max() > 1e-4
    with_all, causal_hash = load(tmp_path).weights_hash, estimator.weights_hash
    (tmp_path / WIDE_MASK_FILE).unlink()
    assert with_all == causal_hash != load(tmp_path).weights_hash


def test_graphs_of_the_model_before_do_not_stay(networks: tuple[MaskNet, ScoreNet], tmp_path: Path) -> None:
    mask, score = networks
    (tmp_path / WIDE_MASK_FILE).write_text("of another model")
    (tmp_path / "notes.txt").write_text("of a person")
    card = steered_card(Checkpoint(mask, {}), Checkpoint(score, {}), "tiny")
    export_steered(mask, score, card, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "card.json", "mask.onnx", "notes.txt", "score.onnx"
    ]  # fmt: skip


def test_a_card_of_another_kind_of_network_is_not_taken_over(networks: tuple[MaskNet, ScoreNet]) -> None:
    mask, score = networks
    like = find_model("agg-rl").card
    with pytest.raises(
        CheckpointError, match="the card of 'agg-rl' is one of 'agg-rl', but the weights are of 'steered'"
    ):
        steered_card(Checkpoint(mask, {}), Checkpoint(score, {}), "tiny", like=like)


def test_a_score_network_for_another_memory_is_refused(
    networks: tuple[MaskNet, ScoreNet], tmp_path: Path
) -> None:
    mask, score = networks
    card = steered_card(Checkpoint(mask, {}), Checkpoint(score, {}), "tiny")
    longer = SteeredOptions(memory_slots=30).to_dict()
    card = dataclasses.replace(card, config={**card.config, "options": longer})
    with pytest.raises(
        CheckpointError, match="24 slots and 0 later ones, but the card says memory_slots = 30"
    ):
        export_steered(mask, score, card, tmp_path)


def test_a_score_network_is_saved_and_read(networks: tuple[MaskNet, ScoreNet], tmp_path: Path) -> None:
    score = networks[1]
    save_checkpoint(tmp_path / "score.safetensors", score, {"of": "a test"})
    read = load_score_checkpoint(tmp_path / "score.safetensors")
    assert read.notes == {"of": "a test"}
    assert read.network.config == score.config
    views = torch.rand(3, 9, 24, 40), torch.randn(3, 8)
    torch.testing.assert_close(read.network(*views), score(*views))
