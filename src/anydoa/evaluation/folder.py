"""A folder of recordings with their truth beside them, as `anydoa simulate` writes it.

Beside each recording lies ``NAME.truth.json``, which names the recording and its array file, and says for
each talker the direction, the path if it moves, and when its direct sound at the array is speech; it may name
noise sources and reflections. See :mod:`anydoa.simulation.render`.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError
from anydoa.evaluation.clip import SuiteClip
from anydoa.geometry.coordinates import angles_deg_to_direction
from anydoa.io.array_file import load_array
from anydoa.io.audio import read_audio
from anydoa.io.resampling import resample

_SCHEMA = 1


class FolderSuite:
    """Recordings of a folder, by name; a row of the table for each number of talkers.

    Args:
        root: the folder; sub-folders count.

    Raises:
        AudioError: if it holds no truth.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.truths = tuple(sorted(root.rglob("*.truth.json")))
        if not self.truths:
            raise AudioError(
                f"{root}: no recording with a .truth.json beside it; `anydoa simulate` writes them"
            )

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.root)

    def __len__(self) -> int:
        return len(self.truths)

    def __getitem__(self, index: int) -> SuiteClip:
        return read_clip(self.truths[index], suite=self._label)

    def row(self, index: int) -> tuple[str, int]:
        """Name of the folder and number of talkers."""
        return self._label, len(_read_truth(self.truths[index])["sources"])

    @property
    def _label(self) -> str:
        return self.root.resolve().name


def read_clip(path: Path, *, suite: str) -> SuiteClip:
    """A recording by its truth.

    Args:
        path: the ``.truth.json``.
        suite: row of the table it belongs to.

    Raises:
        AudioError: if the truth cannot be read, or the recording it names.
        ArrayFileError: if the array it names cannot be read.
    """
    truth = _read_truth(path)
    array = load_array(path.parent / truth["array"])
    audio = array.select_channels(_read_at_16_khz(path.parent / truth["recording"]))
    try:
        sources = truth["sources"]
        directions = np.stack([_directions(source) for source in sources])
        activity = np.stack([_inside(source["spans_s"], audio.shape[1]) for source in sources])
        reflections = None
        if all("reflections_deg" in source for source in sources):
            reflections = np.stack([_from_pairs(source["reflections_deg"]) for source in sources])
        noises = _from_pairs(truth["noises_deg"]) if "noises_deg" in truth else None
    except (KeyError, TypeError, ValueError) as error:
        raise AudioError(
            f"{path}: a source needs azimuth_deg, elevation_deg and spans_s, pairs of seconds; "
            f"other directions are pairs of azimuth and elevation ({error!r})"
        ) from None
    return SuiteClip(
        name=path.name.removesuffix(".truth.json"),
        suite=suite,
        audio=audio,
        array=array,
        directions=directions,
        activity=activity,
        snr_db=float(truth.get("snr_db", "nan")),
        rt60=float(truth.get("rt60_s", "nan")),
        noises=noises,
        reflections=reflections,
    )


def _read_truth(path: Path) -> dict[str, Any]:
    try:
        truth = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AudioError(f"{path}: not JSON ({error}); write it anew") from None
    keys = {"schema", "recording", "array", "sources"}
    if (
        not isinstance(truth, dict)
        or not keys <= set(truth)
        or truth["schema"] != _SCHEMA
        or not truth["sources"]
    ):
        raise AudioError(
            f"{path}: truth needs {', '.join(sorted(keys))}, schema {_SCHEMA} and at least one source"
        )
    return truth


def _directions(source: dict[str, Any]) -> Float[np.ndarray, "knot 3"]:
    """Where a talker is at evenly spaced instants from first sample to last; one if it stands still."""
    return _from_pairs(source.get("path_deg", [[source["azimuth_deg"], source["elevation_deg"]]]))


def _from_pairs(pairs_deg: list[list[float]]) -> Float[np.ndarray, "_ 3"]:
    """Unit vectors from pairs of azimuth and elevation."""
    azimuth_deg, elevation_deg = np.array(pairs_deg, dtype=np.float64).reshape(len(pairs_deg), 2).T
    return angles_deg_to_direction(azimuth_deg, elevation_deg)


def _inside(spans_s: list[list[float]], num_samples: int) -> Bool[np.ndarray, "time"]:
    active = np.zeros(num_samples, dtype=bool)
    for begin, end in spans_s:
        active[max(0, round(begin * SAMPLE_RATE)) : max(0, round(end * SAMPLE_RATE))] = True
    return active


def _read_at_16_khz(path: Path) -> Float[np.ndarray, "channel time"]:
    audio, rate = read_audio(path)
    return resample(audio, rate, SAMPLE_RATE)
