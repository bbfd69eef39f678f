"""The RSL2019 corpus in its own layout: a loudspeaker around a square of four microphones, every 5 degrees.

``{100,150}cm/RSL_DISTANCE_AZIMUTH/RSL_DISTANCE_AZIMUTH_SPEAKER_....wav``: four channels of 48 kHz, distance
in centimetres, azimuth in degrees. Files that end in ``NOISE.wav`` or ``TSP.wav`` hold no speech.

Public programs disagree which microphone is which channel, by a mirror image. Unless the folder holds an
``array.toml``, channels are taken anticlockwise from 45 degrees, the sense in which the maker counts them.

Reference: Sheelvant et al. (2019), "RSL2019: A realistic speech localization corpus".
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError
from anydoa.evaluation.clip import SuiteClip
from anydoa.evaluation.known_part import KnownPart
from anydoa.evaluation.level_activity import active_by_level
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.dialects import direction_from_azimuth
from anydoa.io.array_file import load_array
from anydoa.io.audio import read_audio
from anydoa.io.resampling import resample

_RECORDING = re.compile(r"RSL_(\d{1,4})_(\d{1,3})_\w*\.wav", re.IGNORECASE)
_NO_SPEECH = ("NOISE.WAV", "TSP.WAV")
_SIDE = 0.0457  # m between neighbours on the square
_STEP_DEG = 5.0


@dataclass(frozen=True)
class Rsl2019Recording:
    """One recording.

    Args:
        path: of the sound.
        distance_cm: of the loudspeaker.
        azimuth_deg: of the loudspeaker.
    """

    path: Path
    distance_cm: int
    azimuth_deg: int

    @property
    def row(self) -> str:
        """Row of the table it belongs to."""
        return f"rsl2019/{self.distance_cm} cm"


class Rsl2019Suite:
    """Speech of RSL2019 by distance and azimuth; a row of the table for each distance.

    Args:
        root: the corpus: the folder that holds ``100cm``, or one of its folders.

    Raises:
        AudioError: if there is none.
        ArrayFileError: if an ``array.toml`` in it cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        found = [recording for path in sorted(root.rglob("RSL_*")) if (recording := _recording(path))]
        self.recordings = tuple(
            sorted(
                found, key=lambda recording: (recording.distance_cm, recording.azimuth_deg, recording.path)
            )
        )
        if not self.recordings:
            raise AudioError(
                f"{root}: no RSL_DISTANCE_AZIMUTH_SPEAKER_*.wav in it; give the folder that holds 100cm/"
            )
        own = root / "array.toml"
        self.array = load_array(own) if own.is_file() else square_array()

    @property
    def name(self) -> str:
        """As on the command line."""
        return f"rsl2019:{self.root}"

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, index: int) -> SuiteClip:
        recording = self.recordings[index]
        audio, rate = read_audio(recording.path)
        signals = resample(self.array.select_channels(audio), rate, SAMPLE_RATE)
        return SuiteClip(
            name=recording.path.stem,
            suite=recording.row,
            audio=signals,
            array=self.array,
            directions=direction_from_azimuth([recording.azimuth_deg])[:, None],
            activity=active_by_level(signals, SAMPLE_RATE)[None],
            known=KnownPart("azimuth"),
            tolerance_deg=_STEP_DEG,
        )

    def row(self, index: int) -> tuple[str, int]:
        """Distance, and number of talkers."""
        return self.recordings[index].row, 1


def square_array() -> MicrophoneArray:
    """The square of four microphones, counted anticlockwise from 45 degrees."""
    corners = np.array([[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0]])
    return MicrophoneArray(corners * _SIDE / 2, "rsl2019")


def _recording(path: Path) -> Rsl2019Recording | None:
    match = _RECORDING.fullmatch(path.name)
    if match is None or path.name.upper().endswith(_NO_SPEECH) or not path.is_file():
        return None
    return Rsl2019Recording(path, int(match[1]), int(match[2]))
