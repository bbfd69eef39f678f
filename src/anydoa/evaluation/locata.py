"""The LOCATA corpus in its own layout: real recordings of loudspeakers and people, tracked by cameras.

``task1..6/recording1../{benchmark2,dicit,dummy,eigenmike}/`` holds, for one array NAME:

    audio_array_NAME.wav             the recording
    audio_array_timestamps_NAME.txt  time of every sample, of which the first is read
    position_array_NAME.txt          pose of the array and every microphone, in the room's frame
    position_source_TALKER.txt       pose of a talker, in the room's frame
    VAD_NAME_TALKER.txt              a line a sample: whether the talker's speech reaches the array
    required_time.txt                which poses are valid

The columns of a rotation are the axes of the array in the room; y looks ahead.

Reference: Löllmann et al. (2018), "The LOCATA challenge data corpus"; Evers et al. (2020), "The LOCATA
Challenge: acoustic source localization and tracking".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from anydoa.constants import SAMPLE_RATE
from anydoa.errors import AudioError, ConfigError
from anydoa.evaluation.clip import KnownRecording, RecordedSuite, SuiteClip
from anydoa.geometry import MicrophoneArray
from anydoa.geometry.coordinates import normalize_direction
from anydoa.geometry.dialects import positions_from_locata
from anydoa.io.audio import read_audio
from anydoa.io.resampling import resample

ARRAYS = ("benchmark2", "dicit", "dummy", "eigenmike")
TASKS = (1, 2, 3, 4, 5, 6)
_BALLS_M = {"eigenmike": 0.042}  # radius of the hard ball that an array sits on, its pose in the middle
_OFF_BALL = 0.05  # of the radius: what stands farther from it is no microphone of the ball
_KINDS = {
    1: "static",
    2: "static",
    3: "moving talkers",
    4: "moving talkers",
    5: "moving array",
    6: "moving array",
}


@dataclass(frozen=True)
class LocataRecording(KnownRecording):
    """One recording of one array.

    Args:
        folder: folder of its files.
        task: number 1..6: still loudspeakers, moving talkers, moving array; odd tasks have one talker.
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
    def row(self) -> tuple[str, int]:
        """Array with what moves, and number of talkers."""
        return f"locata/{self.array} {self.kind}", len(self.talkers)

    @property
    def files(self) -> Iterable[Path]:
        """All files of its folder."""
        return self.folder.iterdir()

    def read(self) -> SuiteClip:
        """Audio of 16 kHz, the array in its own frame turned into ours, and each talker's direction from it.

        Raises:
            AudioError: if a file is missing or does not fit the others.
        """
        return _Reader(self).clip()


class LocataSuite(RecordedSuite):
    """Recordings of LOCATA with known talkers, ordered by array, task and number.

    Rows of the table are ``locata/ARRAY static``, ``... moving talkers`` and ``... moving array``. Published
    figures are those of static recordings with at most two talkers.

    Args:
        root: folder with the tasks, or with ``dev`` and ``eval`` that hold them.
        arrays: names of the arrays.
        tasks: numbers of the tasks.
        max_talkers: recordings with more are left out.

    Raises:
        ConfigError: if there is no such array or task.
        AudioError: if there are no recordings with known talkers.
    """

    def __init__(
        self,
        root: Path,
        *,
        arrays: Iterable[str] = ARRAYS,
        tasks: Iterable[int] = TASKS,
        max_talkers: int = 2,
    ) -> None:
        chosen, wanted = tuple(arrays), tuple(tasks)
        unknown = [*set(chosen).difference(ARRAYS), *set(wanted).difference(TASKS)]
        if unknown:
            raise ConfigError(
                f"LOCATA has arrays {', '.join(ARRAYS)} and tasks 1..6, got {unknown[0]!r}; take some of them"
            )
        found = []
        for place, array in enumerate(chosen):
            parts = f"task*/recording*/{array}"
            for folder in [*root.glob(parts), *root.glob(f"*/{parts}")]:
                task = re.fullmatch(r"task([1-6])", folder.parents[1].name)
                number = re.fullmatch(r"recording(\d+)", folder.parent.name)
                if task and number and (folder / f"audio_array_{array}.wav").is_file():
                    order = place, folder.parents[2].name, int(task[1]), int(number[1]), folder
                    found.append((order, LocataRecording(folder, int(task[1]), array)))
        # By array, task and number; recordings of dev before those of eval.
        recordings = [recording for _, recording in sorted(found, key=lambda one: one[0])]
        kept = (one for one in recordings if one.task in wanted and 1 <= len(one.talkers) <= max_talkers)
        super().__init__(f"locata:{root}", kept)
        if not self.recordings:
            raise AudioError(
                f"{root}: no LOCATA recording with known talkers; give the folder that holds dev/ or task1/"
            )


@dataclass(frozen=True, eq=False)
class LocataTable:
    """A table of the corpus: a line of names, then numbers, tab between them, the time in six columns.

    Args:
        path: path of the file.
        names: names of the columns.
        values: one row a line.
    """

    path: Path
    names: tuple[str, ...]
    values: Float[np.ndarray, "row column"]

    def columns(self, *names: str) -> Float[np.ndarray, "row column"]:
        """Columns by name.

        Raises:
            AudioError: if there is no such column.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            raise AudioError(f"{self.path}: column {missing[0]!r} is missing; download the file again")
        return self.values[:, [self.names.index(name) for name in names]]

    @property
    def times_s(self) -> Float[np.ndarray, "row"]:
        """Seconds since the beginning of the calendar."""
        clock = self.columns("year", "month", "day", "hour", "minute", "second")
        try:
            day = np.array([date(*map(int, row)).toordinal() for row in clock[:, :3]])
        except ValueError as error:
            raise AudioError(f"{self.path}: holds no dates ({error}); download the file again") from None
        # A double holds these to ten microseconds, a sixth of a sample at 16 kHz.
        return day * 86400.0 + clock[:, 3:] @ np.array([3600.0, 60.0, 1.0])

    def rows(self, kept: Bool[np.ndarray, "row"]) -> "LocataTable":
        """The table without some of its rows."""
        return LocataTable(self.path, self.names, self.values[kept])

    def interpolate(
        self, times_s: Float[np.ndarray, "time"], *names: str
    ) -> Float[np.ndarray, "time column"]:
        """Columns at other times, along straight lines, held before the first row and after the last."""
        own = self.times_s
        return np.stack([np.interp(times_s, own, column) for column in self.columns(*names).T], axis=1)


@dataclass(frozen=True, eq=False)
class _Reader:
    """The files of one recording, each read once."""

    recording: LocataRecording

    def clip(self) -> SuiteClip:
        """Sound and truth."""
        audio, _ = self._audio
        talkers = self.recording.talkers
        return SuiteClip(
            name=self.recording.name,
            suite=self.recording.row[0],
            audio=audio,
            array=self._array,
            directions=np.stack([self.directions(talker) for talker in talkers]),
            activity=np.stack([self.activity(talker) for talker in talkers]),
            valid=self.valid_at(self._start + np.arange(audio.shape[1]) / SAMPLE_RATE),
        )

    @cached_property
    def _audio(self) -> tuple[Float[np.ndarray, "mic time"], int]:
        """Signals at 16 kHz, and samples a second of the file."""
        audio, rate = read_audio(self.path(f"audio_array_{self.recording.array}.wav"))
        return resample(audio, rate, SAMPLE_RATE), rate

    @cached_property
    def _start(self) -> float:
        """When the recording begins, in the time of all tables."""
        return first_time(self.path(f"audio_array_timestamps_{self.recording.array}.txt"))

    @cached_property
    def _pose(self) -> LocataTable:
        """Valid poses of the array."""
        table = read_table(self.path(f"position_array_{self.recording.array}.txt"))
        valid = self.valid_at(table.times_s) & np.isfinite(table.values).all(axis=1)
        if not valid.any():
            raise AudioError(
                f"{self.recording.folder}: no pose of the array is valid; leave the recording out"
            )
        return table.rows(valid)

    @cached_property
    def _required(self) -> LocataTable:
        return read_table(self.path("required_time.txt"))

    @cached_property
    def _array(self) -> MicrophoneArray:
        """Microphones in the array's frame, the middle of all valid poses."""
        count = self._audio[0].shape[0]
        columns = [f"mic{mic}_{axis}" for mic in range(1, count + 1) for axis in "xyz"]
        room = self._pose.columns(*columns).reshape(-1, count, 3)
        relative = room - self._pose.columns("x", "y", "z")[:, None]
        if np.linalg.norm(relative, axis=-1).max() > 2.0:
            raise AudioError(
                f"{self.recording.folder}: microphones, in the room's frame, must be within "
                "2 m of their array; got one farther"
            )
        own = np.median(np.einsum("trc,tmr->tmc", self._rotation, relative), axis=0)
        radius = _BALLS_M.get(self.recording.array)
        is_on_ball = radius and np.abs(np.linalg.norm(own, axis=1) - radius).max() <= _OFF_BALL * radius
        return MicrophoneArray(
            positions_from_locata(own),
            name=f"locata-{self.recording.array}",
            source=f"LOCATA, {self.recording.name}",
            rigid_sphere_radius=radius if is_on_ball else None,
        )

    @cached_property
    def _rotation(self) -> Float[np.ndarray, "pose 3 3"]:
        """Axes of the array in the room, one a column."""
        names = [f"rotation_{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3)]
        return self._pose.columns(*names).reshape(-1, 3, 3)

    def directions(self, talker: str) -> Float[np.ndarray, "knot 3"]:
        """Directions of a talker from the array, in our frame, at evenly spaced instants of the recording.

        The first instant is that of the first sample, the last that of the last one; 50 a second.
        """
        table = read_table(self.path(f"position_source_{talker}.txt"))
        known = np.isfinite(table.columns("x", "y", "z")).all(axis=1)
        if not known.any():
            raise AudioError(f"{table.path}: no position of the talker is known; leave the recording out")
        table = table.rows(known)
        place = table.interpolate(self._pose.times_s, "x", "y", "z") - self._pose.columns("x", "y", "z")
        own = normalize_direction(positions_from_locata(np.einsum("trc,tr->tc", self._rotation, place)))
        if self.recording.kind == "static":
            return normalize_direction(own.mean(axis=0, keepdims=True))
        samples = self._audio[0].shape[1]
        num_knots = max(2, round(50 * samples / SAMPLE_RATE))
        knots = self._start + np.linspace(0, (samples - 1) / SAMPLE_RATE, num_knots)
        path = np.stack([np.interp(knots, self._pose.times_s, own[:, axis]) for axis in range(3)], axis=1)
        return normalize_direction(path)

    def activity(self, talker: str) -> Bool[np.ndarray, "time"]:
        """Whether each sample at 16 kHz is speech of a talker, as it reaches the array.

        The file has a label for each of its own samples; where they end early there is silence.
        """
        path = self.path(f"VAD_{self.recording.array}_{talker}.txt")
        try:
            flags = np.array(path.read_text(errors="replace").split()[1:], dtype=np.float64)
        except ValueError as error:
            raise AudioError(
                f"{path}: cannot be read as voice activity ({error}); download it again"
            ) from None
        if not len(flags):
            raise AudioError(f"{path}: voice activity needs a line a sample, got none; download it again")
        audio, file_rate = self._audio
        index = np.arange(audio.shape[1]) * file_rate // SAMPLE_RATE
        labelled: np.ndarray = index < len(flags)
        return labelled & (flags[np.minimum(index, len(flags) - 1)] > 0.5)

    def valid_at(self, times_s: Float[np.ndarray, "time"]) -> Bool[np.ndarray, "time"]:
        """Flag of the required time nearest to each time."""
        required = self._required.times_s
        flag = self._required.columns("valid_flag")[:, 0] > 0.5
        after = np.searchsorted(required, times_s).clip(1, max(len(required) - 1, 1))
        before = after - 1
        after = after.clip(max=len(required) - 1)
        nearest = np.where(times_s - required[before] <= required[after] - times_s, before, after)
        return flag[nearest]

    def path(self, name: str) -> Path:
        """A file of the recording."""
        path = self.recording.folder / name
        if not path.is_file():
            raise AudioError(f"{path}: no such file; LOCATA has one for every recording with known talkers")
        return path


def read_table(path: Path) -> LocataTable:
    """A table of any number of lines.

    Raises:
        AudioError: if it is not one.
    """
    return _parse(path, path.read_text(encoding="utf-8-sig", errors="replace").splitlines())


def first_time(path: Path) -> float:
    """Time of the first line; tables of audio have a line a sample, 48,000 a second.

    Raises:
        AudioError: if it has none.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        lines = [stream.readline(), stream.readline()]
    return float(_parse(path, lines).times_s[0])


def _parse(path: Path, lines: list[str]) -> LocataTable:
    names = tuple(lines[0].split()) if lines else ()
    try:
        values = np.loadtxt(lines[1:], ndmin=2) if len(lines) > 1 else np.zeros((0, 0))
    except ValueError as error:
        raise AudioError(
            f"{path}: cannot be read as a table of numbers ({error}); download it again"
        ) from None
    if not values.size or values.shape[1] != len(names):
        raise AudioError(
            f"{path}: a table needs lines of {len(names)} numbers, as many as names; download it again"
        )
    return LocataTable(path, names, values)
