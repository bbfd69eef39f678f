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
from pathlib import Path

from anydoa.errors import AudioError, ConfigError
from anydoa.evaluation.clip import SuiteClip
from anydoa.evaluation.locata_recording import LocataRecording, read_recording

ARRAYS = ("benchmark2", "dicit", "dummy", "eigenmike")
TASKS = (1, 2, 3, 4, 5, 6)


class LocataSuite:
    """Recordings of LOCATA with known talkers, ordered by array, task and number.

    Rows of the table are ``locata/ARRAY static``, ``... moving talkers`` and ``... moving array``. Published
    figures are those of static recordings with at most two talkers.

    Args:
        root: folder with the tasks, or with ``dev`` and ``eval`` that hold them.
        arrays: which arrays.
        tasks: which tasks.
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
        self.root, chosen, wanted = root, tuple(arrays), tuple(tasks)
        unknown = [*set(chosen).difference(ARRAYS), *set(wanted).difference(TASKS)]
        if unknown:
            raise ConfigError(f"LOCATA has arrays {', '.join(ARRAYS)} and tasks 1..6, got {unknown[0]!r}")
        found = (recording for array in chosen for recording in _find_recordings(root, array))
        self.recordings = tuple(
            recording
            for recording in found
            if recording.task in wanted and 1 <= len(recording.talkers) <= max_talkers
        )
        if not self.recordings:
            raise AudioError(
                f"{root}: no LOCATA recording with known talkers; give the folder that holds dev/ or task1/"
            )

    @property
    def name(self) -> str:
        """As on the command line."""
        return f"locata:{self.root}"

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, index: int) -> SuiteClip:
        return read_recording(self.recordings[index])

    def row(self, index: int) -> tuple[str, int]:
        """Array with what moves, and number of talkers."""
        recording = self.recordings[index]
        return recording.row, len(recording.talkers)


def _find_recordings(root: Path, array: str) -> list[LocataRecording]:
    """Recordings of one array by task and number, of dev before those of eval."""
    found = []
    for folder in [*root.glob(f"task*/recording*/{array}"), *root.glob(f"*/task*/recording*/{array}")]:
        task = re.fullmatch(r"task([1-6])", folder.parents[1].name)
        number = re.fullmatch(r"recording(\d+)", folder.parent.name)
        if task and number and (folder / f"audio_array_{array}.wav").is_file():
            found.append((folder.parents[2].name, int(task[1]), int(number[1]), folder))
    return [LocataRecording(folder, task, array) for _, task, _, folder in sorted(found)]
