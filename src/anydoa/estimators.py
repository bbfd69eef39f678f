"""Estimators by name: classical ones, bundled models, model folders and models on a hub."""

import os
from pathlib import Path

from anydoa.errors import ConfigError
from anydoa.io.nearest_name import nearest_name
from anydoa.runtime.folder import HUB_PREFIX, find_model, list_models
from anydoa.spectrum import SpectrumEstimator

ESTIMATORS = ("srp-phat", "music")
"""Estimators that need no weights, by name; the name of a bundled model is welcome, too."""

DEFAULT_ESTIMATOR = "steered"


def make_estimator(name: str) -> SpectrumEstimator:
    """An estimator by name: one of :data:`ESTIMATORS`, a bundled model, a model folder or ``hub:org/name``.

    Raises:
        ConfigError: if there is none of that name.
        CheckpointError: if a model is damaged.
    """
    if name == "srp-phat":
        from anydoa.classical.srp_phat import SrpPhat

        return SrpPhat()
    if name == "music":
        from anydoa.classical.music import Music

        return Music()
    if name in list_models() or name.startswith(HUB_PREFIX) or os.path.isdir(name):
        return load(name)
    names = (*ESTIMATORS, *list_models())
    if "+" in name:
        raise ConfigError(
            f"no estimator {name!r:.80}: estimators are not joined; take one of {', '.join(names)}, "
            "or the folder of a model"
        )
    raise ConfigError(
        f"no estimator {name!r:.80}; did you mean {nearest_name(name, names)!r}? There are "
        f"{', '.join(names)}, or give the folder of a model"
    )


def load(source: str | Path = DEFAULT_ESTIMATOR, *, num_threads: int = 1) -> SpectrumEstimator:
    """A model ready to run, without torch.

    Args:
        source: name of a bundled model, a folder, or ``hub:org/name@revision``.
        num_threads: threads inside an operator.

    Raises:
        CheckpointError: if there is no such model or it is damaged.
    """
    folder = find_model(source)
    if folder.card.architecture == "steered":
        from anydoa.steered.model import load_steered

        return load_steered(folder, num_threads=num_threads)
    from anydoa.runtime.estimator import NetworkEstimator

    return NetworkEstimator(folder, num_threads=num_threads)
