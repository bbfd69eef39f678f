"""Weights on disk: what comes back, and what is refused."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from anydoa.errors import CheckpointError
from anydoa.networks.agg_rl import AggRl
from anydoa.networks.checkpoint import load_checkpoint, save_checkpoint
from anydoa.networks.config import AggRlConfig

SMALL = AggRlConfig(
    num_bins=9, num_features=16, num_heads=4, num_blocks=1, latent_size=8, transform="uniform"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "model.safetensors", AggRl(SMALL), {"origin": "a test", "hours": 1.5})
    return tmp_path / "model.safetensors"


def test_network_configuration_and_notes_come_back(path: Path, tmp_path: Path) -> None:
    checkpoint = load_checkpoint(path)
    assert checkpoint.network.config == SMALL
    assert checkpoint.notes == {"origin": "a test", "hours": 1.5}
    assert not checkpoint.network.training
    save_checkpoint(tmp_path / "again.safetensors", checkpoint.network, checkpoint.notes)
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_saving_replaces_in_one_step_and_leaves_nothing_else(path: Path) -> None:
    save_checkpoint(path, AggRl(SMALL))
    assert load_checkpoint(path).notes == {}
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_frozen_kernels_are_not_stored(path: Path) -> None:
    network = AggRl(SMALL).eval()
    network.augeonet.transform.freeze_()
    save_checkpoint(path, network)
    assert not any("frozen" in name or "window" in name for name in load_file(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nothing\.safetensors: no such file"):
        load_checkpoint(tmp_path / "nothing.safetensors")


def test_a_damaged_file_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        load_checkpoint(path)


def test_a_file_of_another_kind_is_refused(path: Path) -> None:
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="not an anydoa checkpoint"):
        load_checkpoint(path)


def rewrite(path: Path, *, drop: str = "", **config: object) -> None:
    """The same file without one tensor, or with other options."""
    state = {name: tensor for name, tensor in load_file(path).items() if name != drop}
    header = {
        "schema": "anydoa-checkpoint-2",
        "model": "agg-rl",
        "config": {**SMALL.to_dict(), **config},
        "notes": {},
    }
    save_file(state, path, metadata={"anydoa": json.dumps(header)})


def test_a_tensor_that_is_missing_or_does_not_fit_is_named(path: Path) -> None:
    rewrite(path, latent_size=12)
    with pytest.raises(CheckpointError, match=r"tensor 'augeonet\.mapping\.outputs\.0\.bias' does not fit"):
        load_checkpoint(path)
    rewrite(path, drop="gridnet.outputs.1.last.bias")
    with pytest.raises(CheckpointError, match=r"tensor 'gridnet\.outputs\.1\.last\.bias' does not fit"):
        load_checkpoint(path)


def test_an_option_of_a_newer_version_is_named(path: Path) -> None:
    rewrite(path, rotary=True)
    with pytest.raises(CheckpointError, match=r"no option 'rotary'.*newer anydoa"):
        load_checkpoint(path)
