"""Estimators by name: those that need no weights, bundled models, model folders and models on a hub.

To add an estimator, write two files:

1. ``estimators/NAME.py``: a class on the protocol :class:`~anydoa.spectrum.SpectrumEstimator`, or on
   :class:`~anydoa.estimators.covariance.CovarianceEstimator`, which leaves little to write;
2. this file: a line in the table of classes below.

A line in ``ESTIMATORS`` of ``tests/properties/strategies.py``, which a test asks for, tests what physics
guarantees. The command line, the page and the evaluation read their lists of names here.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import Literal

from anydoa.errors import ConfigError
from anydoa.estimators.model.folder import HUB_PREFIX, find_model, list_models
from anydoa.io.names import nearest_name
from anydoa.spectrum import SpectrumEstimator

_CLASSES = {"srp-phat": "srp_phat.SrpPhat", "music": "music.Music"}
"""Module and class of each estimator that needs no weights; imported when it is asked for."""

ESTIMATORS = tuple(_CLASSES)
"""Estimators that need no weights, by name; the name of a bundled model is welcome, too."""

_SINGLE_WINDOWS = {"frames_per_output": 1, "time_constant": 1e-4}  # s: the window before weighs exp(-160)

_PUBLISHED: dict[str, tuple[str, dict[str, float]]] = {
    "srp-phat-published": ("srp-phat", _SINGLE_WINDOWS),
    # One snapshot spans one dimension; eigenvectors beyond it are rounding errors.
    "music-published": ("music", {**_SINGLE_WINDOWS, "num_sources": 1}),
}
"""Which estimator each protocol of published tables is, and the options that differ."""

PUBLISHED_ESTIMATORS = tuple(_PUBLISHED)
"""Classical estimators as published tables have them, by name: every window of 32 ms stands for itself.

They are rows to stand beside published figures. Whoever wants to know where sound comes from takes others, so
lists of estimators leave them out.
"""

DEFAULT_ESTIMATOR = "steered"

Sounds = Literal["speech", "any"]
"""What is looked for: talkers, or whatever sounds."""

_ANY_SOUND = {DEFAULT_ESTIMATOR: "steered-any", "steered-any": "steered-any"}
_SPEECH_ALONE = ("agg-rl",)


def as_estimator(given: SpectrumEstimator | str | os.PathLike[str]) -> SpectrumEstimator:
    """The estimator itself, or that of a name or of the folder of a model.

    Raises:
        ConfigError: if it is none of these, or there is none of that name.
        CheckpointError: if a model is damaged.
    """
    if isinstance(given, (str, os.PathLike)):
        return make_estimator(os.fspath(given))
    if not isinstance(given, SpectrumEstimator):
        raise ConfigError(
            f"estimator must be a name, the folder of a model or an estimator, got {type(given).__name__}; "
            f"take {DEFAULT_ESTIMATOR!r}"
        )
    return given


def is_bundled(name: str) -> bool:
    """Whether an estimator of this name comes with the package; a folder of that name is not meant then."""
    return name in _CLASSES or name in _PUBLISHED or name in list_models()


def make_estimator(name: str) -> SpectrumEstimator:
    """An estimator by name.

    Args:
        name: one of :data:`ESTIMATORS` or :data:`PUBLISHED_ESTIMATORS`, a bundled model, a model folder or
            ``hub:org/name``.

    Raises:
        ConfigError: if there is none of that name.
        CheckpointError: if a model is damaged.
    """
    if name in _CLASSES or name in _PUBLISHED:
        kind, options = _PUBLISHED.get(name, (name, {}))
        module, class_name = _CLASSES[kind].split(".")
        make = getattr(import_module(f"anydoa.estimators.{module}"), class_name)
        estimator: SpectrumEstimator = make(name=name, **options)
        return estimator
    if name in list_models() or name.startswith(HUB_PREFIX) or os.path.isdir(name):
        return load(name)
    names = (*ESTIMATORS, *list_models(), *PUBLISHED_ESTIMATORS)
    if "+" in name:
        raise ConfigError(
            f"no estimator {name!r:.80}: estimators are not joined; take one of {', '.join(names)}, "
            "or the folder of a model"
        )
    raise ConfigError(
        f"no estimator {name!r:.80}; did you mean {nearest_name(name, names)!r}? There are "
        f"{', '.join(names)}, or give the folder of a model"
    )


def estimator_for(name: str, sounds: Sounds) -> str:
    """Name of the estimator that looks for such sounds, where another is named for speech.

    Those without weights take all sounds for the same.

    Args:
        name: name of an estimator, a model folder or ``hub:org/name``.
        sounds: ``speech`` changes nothing.

    Raises:
        ConfigError: if it has learned from speech alone, or only its card could tell.
    """
    if sounds == "speech" or name in _CLASSES or name in _PUBLISHED:
        return name
    if name in _ANY_SOUND:
        return _ANY_SOUND[name]
    reason = "has learned from speech alone" if name in _SPEECH_ALONE else "is a model of its own"
    raise ConfigError(
        f"{name} {reason}, any sound is looked for by {', '.join(_CLASSES)} and {DEFAULT_ESTIMATOR}; "
        "take one of them or leave out the kind of sounds"
    )


def learned_any_sound(name: str) -> bool:
    """Whether an estimator was trained to find any sound, so that no gate of speech should mute it."""
    return name in _ANY_SOUND.values()


def load(model: str | Path = DEFAULT_ESTIMATOR, *, num_threads: int = 1) -> SpectrumEstimator:
    """A model ready to run, without torch.

    Args:
        model: name of a bundled model, a folder, or ``hub:org/name@revision``.
        num_threads: threads inside an operator.

    Raises:
        CheckpointError: if there is no such model or it is damaged.
    """
    folder = find_model(model)
    if folder.card.architecture == "steered":
        from anydoa.estimators.steered.estimator import SteeredEstimator

        return SteeredEstimator.from_folder(folder, num_threads=num_threads)
    from anydoa.estimators.agg_rl import AggRlEstimator

    return AggRlEstimator(folder, num_threads=num_threads)
