"""What a run computes in."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from anydoa.training import accelerator
from anydoa.training.accelerator import multiplies_bfloat16, usable_precision
from anydoa.training.config import StageOptions, TrainingConfig

CONFIG = TrainingConfig((StageOptions("only", 1.0),), precision="bf16")


@pytest.mark.parametrize(
    ("flags", "fast"),
    [("fpu avx2", False), ("fpu avx512_bf16 fma", True), ("amx_tile amx_bf16", True), ("avx512f", False)],
)
def test_a_processor_that_multiplies_bfloat16_is_known_by_its_flags(
    tmp_path: Path, flags: str, fast: bool
) -> None:
    cpu = tmp_path / "cpuinfo"
    cpu.write_text(f"processor\t: 0\nmodel name\t: avx512_bf16?\nflags\t\t: {flags}\n")
    assert multiplies_bfloat16(cpu) == fast


def test_where_nothing_tells_it_does_not(tmp_path: Path) -> None:
    assert not multiplies_bfloat16(tmp_path / "nowhere")


@pytest.mark.parametrize(("fast", "precision"), [(True, "bf16"), (False, "no")])
def test_bfloat16_is_for_processors_that_have_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fast: bool, precision: str
) -> None:
    monkeypatch.setattr(accelerator, "multiplies_bfloat16", lambda: fast)
    with caplog.at_level(logging.WARNING):
        assert usable_precision(CONFIG, cuda=False) == precision
    assert bool(caplog.records) != fast
    assert usable_precision(CONFIG, cuda=True) == "bf16"


def test_half_precision_is_for_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "multiplies_bfloat16", lambda: True)
    assert usable_precision(replace(CONFIG, precision="fp16"), cuda=False) == "no"
    assert usable_precision(replace(CONFIG, precision="no"), cuda=False) == "no"
