"""Every network that can be trained, by the name that a configuration chooses it by."""

from collections.abc import Callable
from pathlib import Path

import torch

from anydoa.errors import ConfigError
from anydoa.training.agg_rl.config import AggRlTraining
from anydoa.training.agg_rl.task import AggRlTask
from anydoa.training.config import TrainingConfig
from anydoa.training.data import ProcessShare
from anydoa.training.mask import MaskTask, MaskTraining
from anydoa.training.score.config import ScoreTraining
from anydoa.training.score.task import ScoreTask
from anydoa.training.task import Task

_NETWORKS: dict[str, tuple[type[TrainingConfig], Callable[..., Task]]] = {
    "agg-rl": (AggRlTraining, AggRlTask),
    "mask": (MaskTraining, MaskTask),
    "score": (ScoreTraining, ScoreTask),
}


def config_class(network: object) -> type[TrainingConfig]:
    """The record of choices of a network, by its name.

    Raises:
        ConfigError: if there is no such network.
    """
    if not isinstance(network, str) or network not in _NETWORKS:
        raise ConfigError(f"network must be one of {', '.join(_NETWORKS)}, got {network!r}; take one of them")
    return _NETWORKS[network][0]


def open_task(config: TrainingConfig, cache: Path, share: ProcessShare) -> Task:
    """The task of the network that a run is about; its weights are drawn from the seed of the run.

    Raises:
        AudioError: if a corpus cannot be read.
        ConfigError: if the choices do not fit together.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return _NETWORKS[config.network][1](config, cache, share)
