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
from anydoa.evaluation.clip import (
    KnownPart,
    KnownRecording,
    RecordedSuite,
    SuiteClip,
    microphones_of,
    read_resampled,
)
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.dialects import direction_from_azimuth
from anydoa.io import load_array
from anydoa.simulation.activity import speech_by_level

_RECORDING = re.compile(r"RSL_(\d{1,4})_(\d{1,3})_\w*\.wav", re.IGNORECASE)


@dataclass(frozen=True)
class Rsl2019Recording(KnownRecording):
    """One recording.

    Args:
        path: path of the sound.
        distance_cm: distance of the loudspeaker.
        azimuth_deg: azimuth of the loudspeaker.
        array: array that recorded it.
    """

    path: Path
    distance_cm: int
    azimuth_deg: int
    array: MicrophoneArray

    @property
    def row(self) -> tuple[str, int]:
        """Distance, and number of talkers."""
        return f"rsl2019/{self.distance_cm} cm", 1

    @property
    def files(self) -> tuple[Path, ...]:
        """The sound."""
        return (self.path,)

    def read(self) -> SuiteClip:
        """Audio of 16 kHz and the azimuth of the loudspeaker, right to a step of 5 degrees.

        Raises:
            AudioError: if the sound cannot be read.
        """
        signals = microphones_of(self.path, self.array, read_resampled(self.path))
        return SuiteClip(
            name=self.path.stem,
            suite=self.row[0],
            audio=signals,
            array=self.array,
            directions=direction_from_azimuth([self.azimuth_deg])[:, None],
            activity=speech_by_level(signals, SAMPLE_RATE)[None],
            known=KnownPart("azimuth"),
            tolerance_deg=5.0,
        )


class Rsl2019Suite(RecordedSuite):
    """Speech of RSL2019 by distance and azimuth; a row of the table for each distance.

    Args:
        root: the corpus: the folder that holds ``100cm``, or one of its folders.

    Raises:
        AudioError: if there is none.
        ArrayFileError: if an ``array.toml`` in it cannot be read.
    """

    def __init__(self, root: Path) -> None:
        own = root / "array.toml"
        array = load_array(own) if own.is_file() else square_array()
        recordings = []
        for path in root.rglob("RSL_*"):
            match = _RECORDING.fullmatch(path.name)
            if match and path.is_file() and not path.name.upper().endswith(("NOISE.WAV", "TSP.WAV")):
                recordings.append(Rsl2019Recording(path, int(match[1]), int(match[2]), array))
        if not recordings:
            raise AudioError(
                f"{root}: no RSL_DISTANCE_AZIMUTH_SPEAKER_*.wav in it; give the folder that holds 100cm/"
            )
        recordings.sort(key=lambda recording: (recording.distance_cm, recording.azimuth_deg, recording.path))
        super().__init__(f"rsl2019:{root}", recordings)


def square_array() -> MicrophoneArray:
    """The square of four microphones, counted anticlockwise from 45 degrees."""
    side = 0.0457  # metres between neighbours
    corners = np.array([[1, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0]])
    return MicrophoneArray(corners * side / 2, "rsl2019")
