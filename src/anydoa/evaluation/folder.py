"""A folder of recordings with their truth beside them, as `anydoa simulate` writes it.

Beside each recording lies ``NAME.truth.json``, which names the recording and its array file, and says for
each talker the direction, the path if it moves, and when its direct sound at the array is speech; it may name
noise sources and reflections. See :mod:`anydoa.simulation.render`.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError
from anydoa.evaluation.clip import RecordedSuite, Recording, SuiteClip, read_resampled
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io import load_array

_SCHEMA = 1


class FolderSuite(RecordedSuite):
    """Recordings of a folder, by name; a row of the table for each number of talkers.

    Args:
        root: the folder; sub-folders count.

    Raises:
        AudioError: if it holds no truth.
    """

    def __init__(self, root: Path) -> None:
        suite, truths = root.resolve().name, sorted(root.rglob("*.truth.json"))
        if not truths:
            raise AudioError(
                f"{root}: no recording with a .truth.json beside it; `anydoa simulate` writes them"
            )
        super().__init__(str(root), [FolderRecording(path, suite) for path in truths])


@dataclass(frozen=True)
class FolderRecording(Recording):
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

    def read(self) -> SuiteClip:
        """The recording at 16 kHz.

        Raises:
            AudioError: if the truth cannot be read, or the recording it names.
            ArrayFileError: if the array it names cannot be read.
        """
        truth = self._truth
        array = load_array(self.path.parent / truth["array"])
        audio = array.select_channels(read_resampled(self.path.parent / truth["recording"]))
        sources = truth["sources"]
        activity = np.zeros((len(sources), audio.shape[1]), dtype=bool)
        reflections = None
        try:
            # One direction for a talker who stands still, else those at evenly spaced instants.
            directions = np.stack(
                [
                    _from_pairs(source.get("path_deg", [[source["azimuth_deg"], source["elevation_deg"]]]))
                    for source in sources
                ]
            )
            for active, source in zip(activity, sources, strict=True):
                for begin, end in source["spans_s"]:
                    active[max(0, round(begin * SAMPLE_RATE)) : max(0, round(end * SAMPLE_RATE))] = True
            if all("reflections_deg" in source for source in sources):
                reflections = np.stack([_from_pairs(source["reflections_deg"]) for source in sources])
            noises = _from_pairs(truth["noises_deg"]) if "noises_deg" in truth else None
        except (KeyError, TypeError, ValueError) as error:
            raise AudioError(
                f"{self.path}: a source needs azimuth_deg, elevation_deg and spans_s, pairs of seconds; "
                f"other directions are pairs of azimuth and elevation ({error!r})"
            ) from None
        return SuiteClip(
            name=self.path.name.removesuffix(".truth.json"),
            suite=self.suite,
            audio=audio,
            array=array,
            directions=directions,
            activity=activity,
            snr_db=float(truth.get("snr_db", "nan")),
            rt60=float(truth.get("rt60_s", "nan")),
            noises=noises,
            reflections=reflections,
        )

    @cached_property
    def _truth(self) -> dict[str, Any]:
        try:
            truth = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise AudioError(f"{self.path}: not JSON ({error}); write it anew") from None
        keys = {"schema", "recording", "array", "sources"}
        is_whole = isinstance(truth, dict) and keys <= set(truth) and truth["schema"] == _SCHEMA
        if not is_whole or not truth["sources"]:
            raise AudioError(
                f"{self.path}: truth needs {', '.join(sorted(keys))}, schema {_SCHEMA} "
                "and at least one source"
            )
        return dict(truth)


def _from_pairs(pairs_deg: list[list[float]]) -> Float[np.ndarray, "_ 3"]:
    """Unit vectors from pairs of azimuth and elevation."""
    azimuth_deg, elevation_deg = np.array(pairs_deg, dtype=np.float64).reshape(len(pairs_deg), 2).T
    return angles_deg_to_direction(azimuth_deg, elevation_deg)
