"""Suites by name, as the command line knows them."""

import os
from collections.abc import Callable
from pathlib import Path

from anydoa.errors import ConfigError
from anydoa.evaluation.clip import Suite
from anydoa.evaluation.clip_cache import CachedSuite
from anydoa.evaluation.folder import FolderSuite
from anydoa.evaluation.locata import LocataSuite
from anydoa.evaluation.material import Material, user_cache
from anydoa.evaluation.prompts import default_speech
from anydoa.evaluation.real import RealSuite
from anydoa.evaluation.realman import RealManSuite
from anydoa.evaluation.rsl2019 import Rsl2019Suite
from anydoa.evaluation.suite import (
    CLIPS_A_PRESET,
    MICROPHONES,
    SimulatedSuite,
    array_suite,
    dynamic_suite,
)
from anydoa.io.array_file import list_presets

SUITE_FORMS = (
    *MICROPHONES,
    "presets",
    "array:NAME",
    "locata:DIR",
    "real:DIR",
    "realman:DIR",
    "rsl2019:DIR",
    "a folder that `anydoa simulate` has written",
)
_ARRAY = "array:"
_CORPORA: dict[str, Callable[[Path], Suite]] = {
    "locata": LocataSuite,
    "real": RealSuite,
    "realman": RealManSuite,
    "rsl2019": Rsl2019Suite,
}


def open_suite(
    name: str,
    *,
    speech: Path | None = None,
    noise: Path | None = None,
    seed: int = 0,
    cache: Path | None = None,
) -> Suite:
    """The suite that a name stands for.

    Args:
        name: one of :data:`SUITE_FORMS`.
        speech: folder of dry speech for simulated suites; the installed prompts if None.
        noise: folder of noise for simulated suites; if None see
            :class:`~anydoa.evaluation.material.Material`.
        seed: of simulated suites.
        cache: folder for decoded audio and rendered clips. If None, decoded audio goes to the user's cache
            and clips are rendered anew each time.

    Raises:
        ConfigError: if there is no such suite.
        ArrayFileError: if there is no such array.
        AudioError: if there is no speech, or the folder holds no recordings.
    """
    corpus, colon, folder = name.partition(":")
    if colon and corpus in _CORPORA:
        return _CORPORA[corpus](Path(folder))
    if name not in (*MICROPHONES, "presets") and not name.startswith(_ARRAY):
        if not os.path.isdir(name):
            raise ConfigError(
                f"no suite or folder is called {name!r:.80}; there are {', '.join(SUITE_FORMS)}"
            )
        return FolderSuite(Path(name))
    material = Material(speech or default_speech(), noise, cache or user_cache())
    suite = _simulated_suite(name, material, seed)
    return suite if cache is None else CachedSuite(suite, cache)


def _simulated_suite(name: str, material: Material, seed: int) -> SimulatedSuite:
    if name == "presets":
        return array_suite(name, material, list_presets(), seed=seed, clips=CLIPS_A_PRESET)
    if name.startswith(_ARRAY):
        return array_suite("array", material, name.removeprefix(_ARRAY).split(","), seed=seed)
    return dynamic_suite(name, material, seed=seed)
