"""The RealMAN corpus in its own layout: a loudspeaker in real places, filmed from the middle of the array.

``{train,val,test,val_raw,test_raw}/`` hold

    SPLIT_{static,moving}_source_location.csv   ``filename``, ``angle(°)``: one azimuth, or ten a second
    ma_speech or ma_noisy_speech/.../NAME_CHn.flac   one file a microphone, n from 0 to 31
    dp_speech/.../NAME.flac                     the direct sound, if it was unpacked

A ``filename`` names ``NAME.flac`` from the folder above. Only the azimuth is scored, as the corpus does.
Azimuths below -360 stand for places where nobody knows it.

Reference: Yang et al. (2024), "RealMAN: A real-recorded and annotated microphone array dataset for dynamic
speech enhancement and localization"; its published baseline for the columns and the places of microphones.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError
from anydoa.evaluation.clip import KnownPart, KnownRecording, RecordedSuite, SuiteClip, read_resampled
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.dialects import direction_from_azimuth
from anydoa.geometry.layouts import circular_positions
from anydoa.io.output import note_input
from anydoa.simulation.activity import speech_by_level

_TABLE = re.compile(r".*_(static|moving)_source_location\.csv")
_ANGLE = "angle(°)"
_KNOTS_A_PIECE = 20  # of a truth that holds through each tenth of a second
_KNOWN_FROM = -360.0  # degrees; the corpus writes less where nobody knows the azimuth
_LONGEST_CELL = 2**20  # characters of the azimuths of a recording


@dataclass(frozen=True)
class RealManRecording(KnownRecording):
    """One recording.

    Args:
        stem: path of its files, without ``_CHn.flac``.
        split: folder of the corpus that it belongs to.
        kind: ``static`` or ``moving``.
        azimuths_deg: one, or ten a second; below -360 where nobody knows.
    """

    stem: Path
    split: Path
    kind: str
    azimuths_deg: tuple[float, ...]

    @property
    def row(self) -> tuple[str, int]:
        """Split with what moves, and number of talkers."""
        return f"realman/{self.split.name} {self.kind}", 1

    @property
    def files(self) -> Iterator[Path]:
        """Sound of the microphones that were unpacked, and the direct sound."""
        yield from (_channel_file(self.stem, channel) for channel in _unpacked_channels(self.stem))
        yield self._direct

    @property
    def _direct(self) -> Path:
        """The direct sound, if it was unpacked."""
        place = self.stem.relative_to(self.split).parts[1:-1]
        return self.split.joinpath("dp_speech", *place, f"{self.stem.name}.flac")

    def read(self) -> SuiteClip:
        """Audio of 16 kHz of the microphones that were unpacked, and the azimuth of the loudspeaker.

        Raises:
            AudioError: if files are missing or do not fit one another.
        """
        channels = _unpacked_channels(self.stem)
        signals = [read_resampled(_channel_file(self.stem, channel))[:1] for channel in channels]
        lengths = {signal.shape[1] for signal in signals}
        if len(lengths) > 1:
            raise AudioError(
                f"{self.stem}: microphones differ in length: {min(lengths)} and {max(lengths)} samples; "
                "unpack them again"
            )
        audio = np.concatenate(signals)
        directions, valid = self._truth(audio.shape[1])
        # It talks where the direct sound is loud, if that was unpacked, else where the recording is.
        heard = read_resampled(self._direct)[:1] if self._direct.is_file() else audio
        active = np.zeros(audio.shape[1], dtype=bool)
        spoken = speech_by_level(heard, SAMPLE_RATE)[: len(active)]
        active[: len(spoken)] = spoken
        return SuiteClip(
            name=self.stem.name,
            suite=self.row[0],
            audio=audio,
            array=MicrophoneArray(microphone_positions()[channels], "realman"),
            directions=directions,
            activity=active[None],
            valid=valid,
            known=KnownPart("azimuth"),
        )

    def _truth(self, num_samples: int) -> tuple[Float[np.ndarray, "1 knot 3"], Bool[np.ndarray, "time"]]:
        """Directions at even instants, and where they are known; what is unknown gets the last known one."""
        azimuth_deg = np.array(self.azimuths_deg)
        known = _are_known(azimuth_deg)
        if self.kind == "static":
            azimuth_deg, known = azimuth_deg[known][:1], known[known][:1]
        # For each instant the newest one that is known, or the first of all.
        nearest = np.maximum.accumulate(np.where(known, np.arange(len(known)), 0))
        azimuth_deg = azimuth_deg[np.where(known[nearest], nearest, int(known.argmax()))]
        place = np.arange(num_samples) * len(known) // max(num_samples, 1)
        # Each holds through its tenth of a second.
        held_deg = np.repeat(azimuth_deg, _KNOTS_A_PIECE) if len(azimuth_deg) > 1 else azimuth_deg
        return direction_from_azimuth(held_deg)[None], known[place]


class RealManSuite(RecordedSuite):
    """Recordings of RealMAN whose azimuth is known and of which at least two microphones are unpacked.

    Rows of the table are ``realman/SPLIT static`` and ``realman/SPLIT moving``.

    Args:
        root: the corpus, or one of its splits.

    Raises:
        AudioError: if there are none.
    """

    def __init__(self, root: Path) -> None:
        tables = sorted(
            path for path in [*root.glob("*.csv"), *root.glob("*/*.csv")] if _TABLE.fullmatch(path.name)
        )
        super().__init__(f"realman:{root}", (one for table in tables for one in _recordings(table)))
        if not self.recordings:
            raise AudioError(
                f"{root}: no RealMAN recording with known azimuth; give the folder that holds val/ or test/, "
                "with *_source_location.csv in it and the sound unpacked"
            )


def microphone_positions() -> Float[np.ndarray, "mic 3"]:
    """Places of the 32 microphones in metres: a middle one, rings of 8, a line along x, one along z."""
    rings = [circular_positions(8, radius) for radius in (0.03, 0.06, 0.09)]
    along_x = [[x, 0, 0] for x in (-0.12, 0.12, 0.15)]
    along_z = [[0, 0, z] for z in (0.09, 0.045, -0.045, -0.09)]
    return np.concatenate([np.zeros((1, 3)), *rings, np.array(along_x), np.array(along_z)])


def _recordings(table: Path) -> list[RealManRecording]:
    match = _TABLE.fullmatch(table.name)
    kind, split = match[1] if match else "", table.parent
    found = []
    note_input(table, "file of the suite")
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                stem = split.parent / Path(row["filename"]).with_suffix("")
                azimuths_deg = _azimuths_deg(row[_ANGLE])
                if _are_known(np.array(azimuths_deg)).any() and len(_unpacked_channels(stem)) > 1:
                    found.append(RealManRecording(stem, split, kind, azimuths_deg))
    except (OSError, ValueError, csv.Error) as error:
        raise AudioError(f"{table}: cannot be read ({error}); download it again") from None
    except (KeyError, TypeError):
        raise AudioError(
            f"{table}: columns filename and {_ANGLE} must be there in every row, got one without; "
            "download it again"
        ) from None
    return found


def _azimuths_deg(cell: str) -> tuple[float, ...]:
    """The numbers of a cell, whatever stands between them."""
    try:
        return tuple(float(word) for word in re.split(r"[\s,;\[\]]+", cell) if word)
    except ValueError:
        raise ValueError(f"azimuths must be numbers, got {cell[:40]!r}") from None


def _are_known(azimuth_deg: Float[np.ndarray, "instant"]) -> Bool[np.ndarray, "instant"]:
    known: np.ndarray = np.isfinite(azimuth_deg) & (azimuth_deg >= _KNOWN_FROM)
    return known


def _unpacked_channels(stem: Path) -> list[int]:
    return [channel for channel in range(32) if _channel_file(stem, channel).is_file()]


def _channel_file(stem: Path, channel: int) -> Path:
    return stem.with_name(f"{stem.name}_CH{channel}.flac")
