"""The sound of a live stream in a file, while somebody wants it: within limits of disk and time."""

import math
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from jaxtyping import Float

from anydoa.errors import ConfigError
from anydoa.io.options import check_positive
from anydoa.live import AudioFeed, RelayedFeed

_SAMPLE_BYTES = 3  # PCM of 24 bits: no card has more


@dataclass(frozen=True, kw_only=True)
class RecordingLimits:
    """How much of a live stream is recorded at most.

    Args:
        max_mb: most megabytes of a recording.
        max_minutes: longest recording.
        spare_mb: megabytes that stay free on the disk.

    Raises:
        ConfigError: if a limit is out of range.
    """

    max_mb: float = 1000.0
    max_minutes: float = 60.0
    spare_mb: float = 500.0

    def __post_init__(self) -> None:
        if not 0 < self.max_mb <= 4000:  # a WAV file ends at 4 GiB
            raise ConfigError(
                f"a recording of the live stream is 0..4000 MB, got {self.max_mb:g}; 1000 is usual"
            )
        check_positive(self, "max_minutes")
        if not 0 <= self.spare_mb < math.inf:
            raise ConfigError(f"spare_mb must be 0 or more and finite, got {self.spare_mb:g}; 500 is usual")


class SoundRecorder:
    """Records every channel of a feed on demand, into one file at a time.

    Args:
        feed: sound that goes on to others, recorded or not.
        limits: how much is recorded.
    """

    def __init__(self, feed: AudioFeed, limits: RecordingLimits) -> None:
        self._limits = limits
        self._rate, self._num_channels = feed.sample_rate, feed.num_channels
        self._file: soundfile.SoundFile | None = None
        self._path: Path | None = None
        self._num_samples = 0
        self._problem = ""
        self._lock = threading.Lock()

    @property
    def path(self) -> Path | None:
        """The newest recording; it grows while :attr:`is_on`."""
        return self._path

    @property
    def is_on(self) -> bool:
        """Whether sound is being recorded."""
        return self._file is not None

    @property
    def content(self) -> dict[str, Any] | None:
        """What clients are told; None before the first recording."""
        if self._path is None:
            return None
        return {
            "on": self.is_on,
            "duration_s": round(self._num_samples / self._rate, 1),
            "mb": round(self._num_samples * self._bytes_a_moment / 1e6, 2),
            "problem": self._problem,
        }

    def start(self, path: Path) -> None:
        """Record from now on.

        Args:
            path: WAV file to write.

        Raises:
            ConfigError: if it records already, there is no room, or the file cannot be written.
        """
        with self._lock:
            if self._file is not None:
                raise ConfigError("the stream is being recorded already; stop that recording first")
            free_mb = shutil.disk_usage(path.parent).free / 1e6
            if free_mb < self._limits.spare_mb:
                raise ConfigError(
                    f"a recording leaves {self._limits.spare_mb:g} MB of the disk free, got {free_mb:.0f}; "
                    "make room"
                )
            try:
                self._file = soundfile.SoundFile(
                    path, "w", self._rate, self._num_channels, subtype="PCM_24", format="WAV"
                )
            except (OSError, soundfile.SoundFileError) as error:
                raise ConfigError(
                    f"a recording needs a file that can be written, got {error}; is there room on the disk?"
                ) from None
            self._path, self._num_samples, self._problem = path, 0, ""

    def stop(self) -> None:
        """Complete the recording; nothing happens if there is none."""
        with self._lock:
            self._end()

    def push(self, block: Float[np.ndarray, "channel time"]) -> None:
        """Take what comes, and end the recording where a limit is reached."""
        with self._lock:
            if self._file is None:
                return
            rest = self._max_samples - self._num_samples
            try:
                self._file.write(block[:, :rest].T)
            except (OSError, soundfile.SoundFileError) as error:
                self._end(f"the recording could not be written on ({error}); is there room on the disk?")
                return
            before, self._num_samples = self._num_samples, self._num_samples + min(block.shape[1], rest)
            if self._num_samples >= self._max_samples:
                self._end("the recording has reached its limit; download it and begin another")
            elif before // (10 * self._rate) != self._num_samples // (10 * self._rate):
                self._check_room()

    @property
    def _bytes_a_moment(self) -> int:
        return _SAMPLE_BYTES * self._num_channels

    @property
    def _max_samples(self) -> int:
        by_size = self._limits.max_mb * 1e6 / self._bytes_a_moment
        return int(min(by_size, self._limits.max_minutes * 60 * self._rate))

    def _check_room(self) -> None:
        """End the recording if the disk fills up, whoever fills it."""
        assert self._path is not None  # there is a file
        if shutil.disk_usage(self._path.parent).free < self._limits.spare_mb * 1e6:
            self._end("the recording has ended because the disk is almost full; make room")

    def _end(self, problem: str = "") -> None:
        file, self._file = self._file, None
        if file is not None:
            self._problem = problem
            file.close()


class RecordedFeed(RelayedFeed):
    """A feed that passes another one on, and shows all of it to a recorder.

    Args:
        feed: sound as it comes.
        recorder: writes it while somebody wants it.
    """

    def __init__(self, feed: AudioFeed, recorder: SoundRecorder) -> None:
        super().__init__(feed)
        self._recorder = recorder

    def __iter__(self) -> Iterator[Float[np.ndarray, "channel time"]]:
        try:
            for block in self._feed:
                self._recorder.push(block)
                yield block
        finally:
            self._recorder.stop()
