"""Checkpoints and the learning curve on disk."""

import json
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch

from anydoa.errors import CheckpointError, ConfigError
from anydoa.training.run import RunFolder, TrainingState


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    tensors = {"a": torch.randn(3, 4).T, "b": torch.tensor(3.0)}
    folder.save(TrainingState(tensors, {"position": 0.1}), examples=7)
    state = folder.load()
    torch.testing.assert_close(dict(state.tensors), tensors, rtol=0, atol=0)
    assert state.numbers == {"position": 0.1}


def test_only_the_newest_checkpoint_is_kept(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for examples in (5, 900, 10_000):
        folder.save(TrainingState({"a": torch.zeros(1)}, {"examples": examples}), examples=examples)
    assert [path.name for path in folder.checkpoints()] == ["checkpoint-0000010000"]
    assert folder.load().numbers == {"examples": 10_000}


def test_half_a_checkpoint_is_none(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.save(TrainingState({"a": torch.zeros(1)}, {}), examples=5)
    (tmp_path / "checkpoint-0000000009.part").mkdir()
    assert [path.name for path in folder.checkpoints()] == ["checkpoint-0000000005"]


def test_nothing_to_go_on_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no checkpoint to go on from"):
        RunFolder(tmp_path).load()


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    path = folder.save(TrainingState({"a": torch.zeros(1)}, {}), examples=5)
    (path / "state.safetensors").write_bytes(b"not weights")
    with pytest.raises(CheckpointError, match=r"checkpoint-0000000005: damaged checkpoint"):
        folder.load()


def test_the_curve_forgets_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for examples in (10, 20, 30):
        folder.append_log({"examples": examples, "mae_deg_1": float("nan")})
    folder.truncate_log(20)
    assert folder.read_log() == [{"examples": 10, "mae_deg_1": None}, {"examples": 20, "mae_deg_1": None}]
    assert all(json.loads(line) for line in folder.log.read_text().splitlines())


def test_two_trainings_do_not_share_a_folder(tmp_path: Path) -> None:
    program = (
        "import sys; from anydoa.training.run import RunFolder\n"
        "with RunFolder(sys.argv[1]).claimed(): print('claimed', flush=True); sys.stdin.readline()"
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "claimed\n"
        with pytest.raises(ConfigError, match="another training runs in this folder"), claim(tmp_path):
            pass
        other.kill()
    with claim(tmp_path):  # whatever way the other ended
        pass


def claim(path: Path) -> AbstractContextManager[None]:
    return RunFolder(path).claimed()


def test_what_a_run_left_that_never_saved_is_forgotten(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.append_log({"examples": 2016})
    folder.forget_start()
    assert folder.read_log() == []


def test_a_run_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="no folder can be made there"):
        RunFolder(tmp_path / "file")
