"""Training by several processes that share each step: the curve of one, and one goes on where two stopped."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from anydoa.training import RunFolder, StopRequest, Trainer, load_config, make_accelerator

SMOKE = Path(__file__).parents[2] / "configs" / "smoke.toml"
STEP = 32  # clips, as the configuration has it
SMALL = [
    "model.num_bins=33",
    "model.num_features=24",
    "model.num_heads=3",
    "model.num_blocks=1",
    "optimizer.schedule='plateau'",
    "validation.clips=2",
    f"validation.every={4 * STEP / 2000}",
    "data.workers=0",
]


def choices(steps: int) -> list[str]:
    return [*SMALL, f"stages.0.length={steps * STEP / 2000}"]


def train_alone(folder: Path, *, steps: int) -> None:
    config, run = load_config(SMOKE, choices(steps)), RunFolder(folder)
    trainer = Trainer(config, run, accelerator=make_accelerator(config, run, device="cpu"))
    if run.checkpoints():
        trainer.resume()
    trainer.run(StopRequest())


TOGETHER = """
import json, sys
from pathlib import Path
import torch
from anydoa.training import RunFolder, StopRequest, Trainer, load_config, make_accelerator

config, run = load_config(Path(sys.argv[1]), json.loads(sys.argv[3])), RunFolder(sys.argv[2])
trainer = Trainer(config, run, accelerator=make_accelerator(config, run, device="cpu"))
trainer.run(StopRequest())
weights = torch.cat([weights.detach().flatten() for weights in trainer.network.parameters()])
torch.save(weights, run.path / f"weights-{trainer.accelerator.process_index}.pt")
"""


def train_together(folder: Path, *, steps: int) -> None:
    folder.mkdir()
    script = folder / "together.py"
    script.write_text(TOGETHER, encoding="utf-8")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*launcher, script, SMOKE, folder, json.dumps(choices(steps))]
    subprocess.run(command, check=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"})


def test_two_processes_learn_as_one_does_and_one_goes_on_where_two_stopped(tmp_path: Path) -> None:
    train_alone(tmp_path / "one", steps=12)
    train_together(tmp_path / "two", steps=8)
    first, second = (torch.load(tmp_path / "two" / f"weights-{i}.pt", weights_only=True) for i in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    train_alone(tmp_path / "two", steps=12)

    one, two = (RunFolder(tmp_path / name).read_log() for name in ("one", "two"))
    assert [row["examples"] for row in two] == [row["examples"] for row in one] == [128, 256, 384]
    # Each process draws its own directions near talkers, and normalises over its own half of the clips.
    for loss in ("loss", "validation_loss"):
        assert [row[loss] for row in two] == pytest.approx([row[loss] for row in one], rel=0.05)
    assert two[-1]["loss"] < two[0]["loss"]
