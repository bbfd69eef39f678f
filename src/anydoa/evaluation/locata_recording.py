"""One recording of the LOCATA corpus: its files, read into our axes."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError
from anydoa.evaluation.clip import SuiteClip
from anydoa.evaluation.locata_table import LocataTable, first_time, read_table
from anydoa.geometry.array import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction
from anydoa.geometry.dialects import positions_from_locata
from anydoa.io.audio import read_audio
from anydoa.io.resampling import resample

_KINDS = {
    1: "static",
    2: "static",
    3: "moving talkers",
    4: "moving talkers",
    5: "moving array",
    6: "moving array",
}
_KNOTS_A_SECOND = 50
_FARTHEST_MICROPHONE = 2.0  # m from the array's position; farther means another frame of reference


@dataclass(frozen=True)
class LocataRecording:
    """One recording of one array.

    Args:
        folder: where its files are.
        task: 1..6: still loudspeakers, moving talkers, moving array; odd tasks have one talker.
        array: name of the array.
    """

    folder: Path
    task: int
    array: str

    @property
    def name(self) -> str:
        """Task, recording and array."""
        return f"task{self.task}/{self.folder.parent.name}/{self.array}"

    @property
    def talkers(self) -> tuple[str, ...]:
        """Names of the talkers whose positions are known."""
        return tuple(
            sorted(
                path.stem.removeprefix("position_source_")
                for path in self.folder.glob("position_source_*.txt")
            )
        )

    @property
    def kind(self) -> str:
        """``static``, ``moving talkers`` or ``moving array``."""
        return _KINDS[self.task]

    @property
    def row(self) -> str:
        """Row of the table it belongs to."""
        return f"locata/{self.array} {self.kind}"


def read_recording(recording: LocataRecording) -> SuiteClip:
    """Audio of 16 kHz, the array in its own frame turned into ours, and each talker's direction from it.

    Raises:
        AudioError: if a file is missing or does not fit the others.
    """
    return _Reader(recording).clip()


@dataclass(frozen=True, eq=False)
class _Reader:
    """The files of one recording, each read once."""

    recording: LocataRecording

    def clip(self) -> SuiteClip:
        audio, file_rate = self._audio
        samples = audio.shape[1]
        return SuiteClip(
            name=self.recording.name,
            suite=self.recording.row,
            audio=audio,
            array=self._array,
            directions=np.stack([self._directions(talker, samples) for talker in self.recording.talkers]),
            activity=np.stack(
                [_at_rate(self._activity(talker), file_rate, samples) for talker in self.recording.talkers]
            ),
            valid=self._valid_samples(samples),
        )

    @cached_property
    def _audio(self) -> tuple[Float[np.ndarray, "mic time"], int]:
        """Signals at 16 kHz, and samples a second of the file."""
        audio, rate = read_audio(self._path(f"audio_array_{self.recording.array}.wav"))
        return resample(audio, rate, SAMPLE_RATE), rate

    @cached_property
    def _start(self) -> float:
        """When the recording begins, in the time of all tables."""
        return first_time(self._path(f"audio_array_timestamps_{self.recording.array}.txt"))

    @cached_property
    def _pose(self) -> LocataTable:
        """Valid poses of the array."""
        table = read_table(self._path(f"position_array_{self.recording.array}.txt"))
        valid = self._valid_at(table.times_s) & np.isfinite(table.values).all(axis=1)
        if not valid.any():
            raise AudioError(
                f"{self.recording.folder}: no pose of the array is valid; leave the recording out"
            )
        return table.rows(valid)

    @cached_property
    def _required(self) -> LocataTable:
        return read_table(self._path("required_time.txt"))

    @cached_property
    def _array(self) -> MicrophoneArray:
        """Microphones in the array's frame, the middle of all valid poses."""
        count = self._audio[0].shape[0]
        columns = [f"mic{mic}_{axis}" for mic in range(1, count + 1) for axis in "xyz"]
        room = self._pose.columns(*columns).reshape(-1, count, 3)
        relative = room - self._pose.columns("x", "y", "z")[:, None]
        if np.linalg.norm(relative, axis=-1).max() > _FARTHEST_MICROPHONE:
            raise AudioError(
                f"{self.recording.folder}: microphones, in the room's frame, must be within "
                f"{_FARTHEST_MICROPHONE:g} m of their array; got one farther"
            )
        own = np.median(np.einsum("trc,tmr->tmc", self._rotation, relative), axis=0)
        return MicrophoneArray(
            positions_from_locata(own),
            name=f"locata-{self.recording.array}",
            source=f"LOCATA, {self.recording.name}",
        )

    @cached_property
    def _rotation(self) -> Float[np.ndarray, "pose 3 3"]:
        """Axes of the array in the room, one a column."""
        names = [f"rotation_{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3)]
        return self._pose.columns(*names).reshape(-1, 3, 3)

    def _directions(self, talker: str, samples: int) -> Float[np.ndarray, "knot 3"]:
        """Directions of a talker from the array, in our frame, at evenly spaced instants of the recording."""
        table = read_table(self._path(f"position_source_{talker}.txt"))
        table = table.rows(np.isfinite(table.columns("x", "y", "z")).all(axis=1))
        place = table.interpolate(self._pose.times_s, "x", "y", "z") - self._pose.columns("x", "y", "z")
        own = normalize_direction(positions_from_locata(np.einsum("trc,tr->tc", self._rotation, place)))
        duration = samples / SAMPLE_RATE
        if self.recording.kind == "static":
            return normalize_direction(own.mean(axis=0, keepdims=True))
        knots = self._start + np.linspace(0, duration, max(2, round(duration * _KNOTS_A_SECOND)))
        path = np.stack([np.interp(knots, self._pose.times_s, own[:, axis]) for axis in range(3)], axis=1)
        return normalize_direction(path)

    def _activity(self, talker: str) -> Bool[np.ndarray, "time"]:
        """Whether each sample of the file is speech of a talker, as it reaches the array."""
        path = self._path(f"VAD_{self.recording.array}_{talker}.txt")
        try:
            flags = np.array(path.read_text(errors="replace").split()[1:], dtype=np.float64)
        except ValueError as error:
            raise AudioError(
                f"{path}: cannot be read as voice activity ({error}); download it again"
            ) from None
        if not len(flags):
            raise AudioError(f"{path}: voice activity needs a line a sample, got none; download it again")
        return flags > 0.5

    def _valid_samples(self, samples: int) -> Bool[np.ndarray, "time"]:
        return self._valid_at(self._start + np.arange(samples) / SAMPLE_RATE)

    def _valid_at(self, times_s: Float[np.ndarray, "time"]) -> Bool[np.ndarray, "time"]:
        """Flag of the required time nearest to each time."""
        required = self._required.times_s
        flag = self._required.columns("valid_flag")[:, 0] > 0.5
        after = np.searchsorted(required, times_s).clip(1, max(len(required) - 1, 1))
        before = after - 1
        after = after.clip(max=len(required) - 1)
        nearest = np.where(times_s - required[before] <= required[after] - times_s, before, after)
        return flag[nearest]

    def _path(self, name: str) -> Path:
        path = self.recording.folder / name
        if not path.is_file():
            raise AudioError(f"{path}: no such file; LOCATA has one for every recording with known talkers")
        return path


def _at_rate(activity: Bool[np.ndarray, "line"], file_rate: int, samples: int) -> Bool[np.ndarray, "time"]:
    """Activity at 16 kHz; silence where the labels end early."""
    index = np.arange(samples) * file_rate // SAMPLE_RATE
    return np.where(index < len(activity), activity[np.minimum(index, len(activity) - 1)], False)
