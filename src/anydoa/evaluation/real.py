"""Real recordings, a folder for each array or room: `anydoa evaluate --suite real:DIR`."""

from pathlib import Path

from anydoa.errors import AudioError
from anydoa.evaluation.clip import SuiteClip
from anydoa.evaluation.real_folder import TRUTH_FILE, real_recordings


class RealSuite:
    """Recordings of all folders under one that hold a ``truth.json``; a row of the table for each folder.

    Recordings whose truth is marked as weak have rows of their own, and so has each number of talkers.

    Args:
        root: the folder, or the folder of folders.

    Raises:
        AudioError: if there is no truth, or it does not hold what it must.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        folders = sorted(path.parent for path in root.rglob(TRUTH_FILE))
        if not folders:
            raise AudioError(f"{root}: no {TRUTH_FILE} in it or below; docs/evaluation.md says what it holds")
        self.recordings = tuple(
            recording
            for folder in folders
            for recording in sorted(real_recordings(folder), key=lambda recording: recording.place)
        )

    @property
    def name(self) -> str:
        """As on the command line."""
        return f"real:{self.root}"

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, index: int) -> SuiteClip:
        return self.recordings[index].read()

    def row(self, index: int) -> tuple[str, int]:
        """Folder with the kind of its truth, and number of talkers."""
        return self.recordings[index].row
