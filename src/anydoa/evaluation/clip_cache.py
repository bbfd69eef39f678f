"""Rendered clips kept on disk, so that a suite is simulated once for any number of runs."""

import hashlib
import logging
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from anydoa.errors import ConfigError
from anydoa.evaluation.clip import SuiteClip
from anydoa.evaluation.suite import SimulatedSuite
from anydoa.geometry.array import MicrophoneArray
from anydoa.io.output import whole_binary

_logger = logging.getLogger(__name__)

_RENDERING = 1  # counts changes of the simulation that make kept clips stale


@dataclass(frozen=True)
class CachedSuite:
    """A simulated suite whose clips are read from a folder where they have been rendered before.

    Args:
        suite: what to render.
        cache: folder that holds a folder for every suite and dry sound.
    """

    suite: SimulatedSuite
    cache: Path

    @property
    def name(self) -> str:
        """As on the command line."""
        return self.suite.name

    def __len__(self) -> int:
        return len(self.suite)

    def row(self, index: int) -> tuple[str, int]:
        """Label and number of talkers."""
        return self.suite.row(index)

    def __getitem__(self, index: int) -> SuiteClip:
        if not 0 <= index < len(self):
            raise IndexError(index)
        path = self._folder / f"clip-{index:05d}.npz"
        kept = _restore(path, self.suite.rows[index // self.suite.clips].array)
        if kept is not None:
            return kept
        clip = self.suite[index]
        try:
            _store(path, clip)
        except (ConfigError, OSError) as error:
            _logger.warning("clips are not kept for the next time: %s", error)
        return clip

    @cached_property
    def _folder(self) -> Path:
        plans = [(row.label, row.talkers, row.plan) for row in self.suite.rows]
        text = repr((_RENDERING, plans, self.suite.clips, self.suite.material.fingerprint))
        return self.cache / f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _store(path: Path, clip: SuiteClip) -> None:
    """Keep a clip; of several processes that do so at once, each leaves the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known: dict[str, Any] = {"noises": clip.noises, "reflections": clip.reflections}
    with whole_binary(path) as stream:
        np.savez(
            stream,
            name=clip.name,
            suite=clip.suite,
            audio=clip.audio,
            positions=clip.array.positions,
            array_name=clip.array.name,
            directions=clip.directions,
            activity=clip.activity,
            numbers=np.array([clip.sample_rate, clip.snr_db, clip.rt60]),
            **{name: values for name, values in known.items() if values is not None},
        )


def _restore(path: Path, array: MicrophoneArray | None) -> SuiteClip | None:
    """The clip that a file keeps; None if there is no file, or a damaged one."""
    if not path.exists():
        return None
    try:
        return _load(path, array)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        _logger.warning("%s: damaged (%s); rendering the clip anew", path, error)
        return None


def _load(path: Path, array: MicrophoneArray | None) -> SuiteClip:
    with path.open("rb") as file, np.load(file) as stored:
        sample_rate, snr_db, rt60 = stored["numbers"].tolist()
        return SuiteClip(
            name=str(stored["name"]),
            suite=str(stored["suite"]),
            audio=stored["audio"],
            array=array or MicrophoneArray(stored["positions"], name=str(stored["array_name"])),
            directions=stored["directions"],
            activity=stored["activity"],
            sample_rate=int(sample_rate),
            snr_db=snr_db,
            rt60=rt60,
            # Files of earlier versions have neither.
            noises=stored.get("noises"),
            reflections=stored.get("reflections"),
        )
