"""Real recordings of any array, a folder for each array or room, described in docs/evaluation.md.

``truth.json`` names the array, what its truth is (a direction, an azimuth, a cone), how good it is, where it
comes from, and for each recording its sources.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import numpy as np
from jaxtyping import Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError
from anydoa.evaluation.clip import (
    KnownKind,
    KnownPart,
    KnownRecording,
    RecordedSuite,
    SuiteClip,
    microphones_of,
    read_resampled,
)
from anydoa.evaluation.truth import check_sources, read_truth, samples_between, true_directions
from anydoa.geometry import MicrophoneArray
from anydoa.io import list_presets, load_array
from anydoa.simulation.activity import speech_by_level

TRUTH_FILE = "truth.json"
_KEYS = {"array", "kind", "tolerance_deg", "source", "recordings"}
_RECORDING_KEYS = {"sources", "array", "axis", "from_s", "to_s", "weak"}


class RealSuite(RecordedSuite):
    """Recordings of all folders under one that hold a ``truth.json``; a row of the table for each folder.

    Recordings whose truth is marked as weak have rows of their own, and so has each number of talkers.

    Args:
        root: the folder, or the folder of folders.

    Raises:
        AudioError: if there is no truth, or it does not hold what it must.
    """

    recordings: "tuple[RealRecording, ...]"

    def __init__(self, root: Path) -> None:
        recordings: list[RealRecording] = []
        for path in sorted(root.rglob(TRUTH_FILE), key=lambda path: path.parent):
            truth = _read_truth(path)
            folder = path.parent.relative_to(root).as_posix()
            folder = root.resolve().name if folder == "." else folder
            own = [
                RealRecording(path.parent / name, folder, truth, own)
                for name, own in truth["recordings"].items()
            ]
            recordings += sorted(own, key=lambda recording: recording.place)
        if not recordings:
            raise AudioError(f"{root}: no {TRUTH_FILE} in it or below; docs/evaluation.md says what it holds")
        super().__init__(f"real:{root}", recordings)


@dataclass(frozen=True)
class RealRecording(KnownRecording):
    """A recording of a real array with its truth.

    Args:
        path: path of the sound.
        folder: what its folder is called in the table.
        truth: what ``truth.json`` says of all recordings of the folder.
        own: what it says of this one.
    """

    path: Path
    folder: str
    truth: dict[str, Any]
    own: dict[str, Any]

    @property
    def row(self) -> tuple[str, int]:
        """Row of the table it belongs to: folder and kind of truth, and number of talkers."""
        weak = ", weak" if self.own.get("weak") else ""
        return f"real/{self.folder} ({self.truth['kind']}{weak})", len(self.own["sources"])

    @property
    def files(self) -> tuple[Path, ...]:
        """The sound, its truth, and the array if it is a file."""
        folder = self.path.parent
        return self.path, folder / TRUTH_FILE, folder / self._array_name

    @property
    def place(self) -> tuple[bool, int]:
        """Where it stands among those of its folder: weak truth last, then by number of talkers."""
        return bool(self.own.get("weak")), len(self.own["sources"])

    def read(self) -> SuiteClip:
        """The recording at 16 kHz, cut to the part that its truth holds for.

        Raises:
            AudioError: if the sound or its truth cannot be used, or the array has other channels.
            ArrayFileError: if there is no such array.
        """
        audio = microphones_of(self.path, self.array, read_resampled(self.path))
        try:
            directions, known = self._directions, self._known
            audio = self.cut(audio)
        except AudioError:
            raise
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise AudioError(
                f"{self.path.parent / TRUTH_FILE}: {self.path.name}: a source needs azimuth and, where the "
                f"kind is direction, elevation in degrees; times are seconds ({error})"
            ) from None
        active = speech_by_level(audio, SAMPLE_RATE)
        return SuiteClip(
            name=f"{self.path.parent.name}/{self.path.name}",
            suite=self.row[0],
            audio=audio,
            array=self.array,
            directions=directions,
            activity=np.tile(active, (len(directions), 1)),
            known=known,
            tolerance_deg=float(self.truth["tolerance_deg"]),
        )

    @cached_property
    def array(self) -> MicrophoneArray:
        """The recording's own array, or that of the folder: a file in it, or a bundled one."""
        name = self._array_name
        return load_array(name if name in list_presets() else self.path.parent / name)

    @property
    def _array_name(self) -> str:
        return str(self.own.get("array", self.truth["array"]))

    @property
    def _directions(self) -> Float[np.ndarray, "source 1 3"]:
        needs_elevation = self.truth["kind"] == "direction"
        pairs_deg = [
            (source["azimuth"], source["elevation"] if needs_elevation else source.get("elevation", 0))
            for source in self.own["sources"]
        ]
        return true_directions(pairs_deg)[:, None]

    @property
    def _known(self) -> KnownPart:
        axis = self.own.get("axis", self.truth.get("axis"))
        if axis is None:
            return KnownPart(self.truth["kind"])
        x, y, z = (float(value) for value in axis)
        if not 0 < x * x + y * y + z * z < np.inf:
            raise ValueError("an axis needs a length")
        return KnownPart(self.truth["kind"], (x, y, z))

    def cut(self, audio: Float[np.ndarray, "mic time"]) -> Float[np.ndarray, "mic part"]:
        """The part of the sound that the truth holds for."""
        end_s = self.own.get("to_s", audio.shape[1] / SAMPLE_RATE)
        part = audio[:, samples_between(self.own.get("from_s", 0), end_s, SAMPLE_RATE)]
        if not part.shape[1]:
            raise ValueError("nothing of the recording is left between from_s and to_s")
        return part


def _read_truth(path: Path) -> dict[str, Any]:
    truth = read_truth(path, _KEYS)
    kinds = get_args(KnownKind)
    if truth["kind"] not in kinds:
        raise AudioError(f"{path}: kind is one of {', '.join(kinds)}, got {truth['kind']!r}; correct it")
    tolerance = truth["tolerance_deg"]
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 < tolerance <= 180:
        raise AudioError(
            f"{path}: tolerance_deg must be above 0 and at most 180, got {tolerance!r}; say how far off the "
            "truth may be"
        )
    recordings = truth["recordings"]
    if not isinstance(recordings, dict) or not recordings:
        raise AudioError(
            f"{path}: recordings must name at least one file, got {str(recordings)[:40]}; add one"
        )
    for name, own in recordings.items():
        own = own if isinstance(own, dict) else {}
        check_sources(own.get("sources"), f"{path}: {name}")
        unknown = sorted(set(own) - _RECORDING_KEYS)
        if unknown:
            known = ", ".join(sorted(_RECORDING_KEYS))
            raise AudioError(f"{path}: {name}: unknown key {unknown[0]!r}; there are {known}; correct it")
        if truth["kind"] == "cone" and "axis" not in own and "axis" not in truth:
            raise AudioError(
                f"{path}: {name}: the truth of a cone needs its axis, got none; add axis, such as [0, 1, 0]"
            )
    return truth
