"""Devices, processes and precision of a run, by accelerate."""

import logging
from datetime import timedelta
from pathlib import Path

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, InitProcessGroupKwargs

from anydoa.errors import ConfigError
from anydoa.training.config import TrainingConfig
from anydoa.training.run import RunFolder

_log = logging.getLogger(__name__)
_DECODING = timedelta(hours=6)  # that one process may take for a large corpus while the others wait
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}  # as Linux calls them


def make_accelerator(config: TrainingConfig, folder: RunFolder, *, device: str | None = None) -> Accelerator:
    """The accelerator of a run: one process, or one of several begun by ``accelerate launch``.

    Args:
        config: choices of the run; its precision holds on CUDA, and ``bf16`` on processors that have it.
        folder: folder of the run.
        device: ``cpu`` or ``cuda``; None for CUDA where there is one.

    Raises:
        ConfigError: if CUDA is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise ConfigError("there is no CUDA device; leave --device out or pass --device cpu")
    cuda = available and device != "cpu"
    return Accelerator(
        cpu=not cuda,
        mixed_precision=usable_precision(config, cuda=cuda),
        log_with="tensorboard",
        project_dir=str(folder.path),
        kwargs_handlers=[
            DistributedDataParallelKwargs(find_unused_parameters=config.rests_weights),
            InitProcessGroupKwargs(timeout=_DECODING),
        ],
    )


def multiplies_bfloat16(cpu_flags: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor has instructions for products of bfloat16 (AVX512-BF16 or AMX).

    Others can be made to compute in it, but are slower for it. Where Linux does not tell, the answer is no.

    Args:
        cpu_flags: file in which Linux lists what each processor can.
    """
    try:
        text = cpu_flags.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = {flag for line in text.splitlines() if line.startswith("flags") for flag in line.split()}
    return not flags.isdisjoint(_BFLOAT16_FLAGS)


def usable_precision(config: TrainingConfig, *, cuda: bool) -> str:
    """The precision a run asks for, or ``no`` for single precision where nothing makes the other fast."""
    if cuda or (config.precision == "bf16" and multiplies_bfloat16()):
        return config.precision
    if config.precision != "no":
        _log.warning(
            "precision %s: this processor has no fast products of it; computing in single precision",
            config.precision,
        )
    return "no"
