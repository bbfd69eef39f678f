"""The engine of a run: devices, processes and precision, by accelerate."""

import torch
from accelerate import Accelerator

from anydoa.errors import ConfigError
from anydoa.training.config import TrainingConfig
from anydoa.training.run_folder import RunFolder


def make_accelerator(config: TrainingConfig, folder: RunFolder, *, device: str | None = None) -> Accelerator:
    """The engine of a run: one process, or one of several begun by ``accelerate launch``.

    Args:
        config: of the run; its precision holds on CUDA only.
        folder: of the run.
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
        mixed_precision=config.precision if cuda else "no",
        log_with="tensorboard",
        project_dir=str(folder.path),
    )
