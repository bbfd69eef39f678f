"""A folder of recordings with their truth beside them, as `anydoa simulate` writes it.

Beside each recording lies ``NAME.truth.json``, which names the recording and its array file, and says for
each talker the direction, the path if it moves, and when its direct sound at the array is speech; it may name
noise sources and reflections. See :mod:`anydoa.simulation.render`.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError
from anydoa.evaluation.clip import (
    KnownRecording,
    RecordedSuite,
    SuiteClip,
    microphones_of,
    read_resampled,
)
from anydoa.evaluation.truth import (
    check_sources,
    known_number,
    read_truth,
    samples_between,
    true_directions,
)
from anydoa.io import load_array

_SCHEMA = 1
_KEYS = {"schema", "recording", "array", "sources"}


class FolderSuite(RecordedSuite):
    """Recordings of a folder, by name; a row of the table for each number of talkers.

    Args:
        root: the folder; sub-folders count.

    Raises:
        AudioError: if it holds no truth, or one that cannot be read.
    """

    def __init__(self, root: Path) -> None:
        suite, truths = root.resolve().name, sorted(root.rglob("*.truth.json"))
        if not truths:
            raise AudioError(
                f"{root}: no recording with a .truth.json beside it; `anydoa simulate` writes them"
            )
        super().__init__(str(root), [FolderRecording(path, suite) for path in truths])


@dataclass(frozen=True)
class FolderRecording(KnownRecording):
    """A recording by its truth.

    Args:
        path: path of the ``.truth.json``.
        suite: name of the folder: row of the table it belongs to.
    """

    path: Path
    suite: str

    @property
    def row(self) -> tuple[str, int]:
        """Name of the folder and number of talkers."""
        return self.suite, len(self._truth["sources"])

    @property
    def files(self) -> tuple[Path, ...]:
        """The truth, the sound and the array."""
        return self.path, *(self.path.parent / self._truth[key] for key in ("recording", "array"))

    def read(self) -> SuiteClip:
        """The recording at 16 kHz.

        Raises:
            AudioError: if the truth cannot be read, or the recording it names.
            ArrayFileError: if the array it names cannot be read.
        """
        truth = self._truth
        array = load_array(self.path.parent / truth["array"])
        sound = self.path.parent / truth["recording"]
        audio = microphones_of(sound, array, read_resampled(sound))
        try:
            told = self._told(audio.shape[1])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise AudioError(
                f"{self.path}: a source needs azimuth_deg, elevation_deg and spans_s, pairs of seconds; "
                f"other directions are pairs of azimuth and elevation, snr_db and rt60_s numbers ({error!r})"
            ) from None
        name = self.path.name.removesuffix(".truth.json")
        return SuiteClip(name=name, suite=self.suite, audio=audio, array=array, **told)

    def _told(self, num_samples: int) -> dict[str, Any]:
        """What the truth tells, as fields of a clip of so many samples."""
        truth, sources = self._truth, self._truth["sources"]
        activity = np.zeros((len(sources), num_samples), dtype=bool)
        for active, source in zip(activity, sources, strict=True):
            for begin_s, end_s in source["spans_s"]:
                active[samples_between(begin_s, end_s, SAMPLE_RATE)] = True
        # One direction for a talker who stands still, else those at evenly spaced instants.
        still = [[(source["azimuth_deg"], source["elevation_deg"])] for source in sources]
        paths = [source.get("path_deg", place) for source, place in zip(sources, still, strict=True)]
        if not all(paths):
            raise ValueError("path_deg needs a direction")
        reflections = None
        if all("reflections_deg" in source for source in sources):
            reflections = np.stack([true_directions(source["reflections_deg"]) for source in sources])
        return {
            "directions": np.stack([true_directions(path) for path in paths]),
            "activity": activity,
            "snr_db": known_number(truth.get("snr_db")),
            "rt60": known_number(truth.get("rt60_s")),
            "noises": true_directions(truth["noises_deg"]) if "noises_deg" in truth else None,
            "reflections": reflections,
        }

    @cached_property
    def _truth(self) -> dict[str, Any]:
        truth = read_truth(self.path, _KEYS)
        if truth["schema"] != _SCHEMA:
            raise AudioError(
                f"{self.path}: truth needs schema {_SCHEMA}, got {truth['schema']!r:.40}; write it anew"
            )
        for key in ("recording", "array"):
            if not isinstance(truth[key], str):
                raise AudioError(f"{self.path}: {key} must name a file, got {truth[key]!r:.40}; correct it")
        check_sources(truth["sources"], str(self.path))
        return truth
