"""What a process does to the recordings of a chunk: locate, write, and go on to the next."""

import io
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from anydoa.bulk.recording_list import Entry, array_hash
from anydoa.bulk.result_folder import PartWriter
from anydoa.constants import MIN_SEPARATION_DEG
from anydoa.errors import AnydoaError, AudioError, EngineError
from anydoa.geometry import MicrophoneArray, Zone
from anydoa.geometry.channels import channel_text
from anydoa.geometry.grid import DirectionGrid
from anydoa.io import is_array_file, load_array
from anydoa.io.audio import audio_info
from anydoa.io.result_files import JsonLinesWriter
from anydoa.localizer import Localizer, OpenRecording
from anydoa.spectrum import SpectrumEstimator

_ANY_ARRAY = "linear-4"  # to try options with, where every recording has an array of its own
_ARRAYS_KEPT = 32  # localizers of arrays that a process keeps for the next recording


@dataclass(frozen=True)
class Failure:
    """A recording without results.

    Args:
        name: what the list calls it.
        paths: its files.
        reason: why, in one line.
    """

    name: str
    paths: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Located:
    """What became of the recordings of a chunk.

    Args:
        sound_s: seconds of those that have results.
        failures: those that have none.
    """

    sound_s: float
    failures: tuple[Failure, ...]


@dataclass(frozen=True, eq=False)
class Locating:
    """Localization of recordings into a folder: a function of a chunk of them.

    Args:
        folder: folder of the results, as every process can reach it.
        base: folder that names of recordings and arrays are relative to.
        run: tells this run from others; a process sets up once for each.
        array: array of recordings for which the list names none.
        grid: candidate directions.
        estimator: its name, or the folder of a model.
        num_sources: how many sources there are; None where the sound shall decide.
        min_separation_deg: nearest that two sources can be, in degrees.
        look_ahead_s: seconds of later sound that a frame may be judged by.
        zones: zones to name directions by.
        version: version of anydoa that every process must have.
    """

    folder: Path
    base: Path
    run: str
    array: MicrophoneArray | None
    grid: DirectionGrid
    estimator: str
    num_sources: int | None = None
    min_separation_deg: float = MIN_SEPARATION_DEG
    look_ahead_s: float = float("inf")
    zones: tuple[Zone, ...] = ()
    version: str = version("anydoa")

    def __call__(self, entries: Sequence[Entry]) -> Located:
        """Locate the recordings of a chunk and write their results.

        Raises:
            ConfigError: if results cannot be written.
            EngineError: if this process has another version of anydoa.
        """
        desk = _desk(self)
        sound_s, failures = 0.0, []
        for entry in entries:
            try:
                text, seconds = desk.locate(entry)
            except Exception as error:  # one of a million is reported, whatever it is
                failures.append(Failure(entry.name, entry.paths, _reason(error)))
                continue
            desk.writer.write(entry.key, entry.name, text)
            sound_s += seconds
        desk.writer.save()
        return Located(sound_s, tuple(failures))

    def localizer(
        self, array: MicrophoneArray, estimator: SpectrumEstimator | str | None = None
    ) -> Localizer:
        """The localizer for an array.

        Args:
            array: microphone array.
            estimator: the estimator, if it is loaded.

        Raises:
            AnydoaError: if estimator, grid and array do not fit.
        """
        return Localizer(
            array,
            self.grid,
            self.estimator if estimator is None else estimator,
            self.num_sources,
            min_separation_deg=self.min_separation_deg,
            look_ahead_s=self.look_ahead_s,
        )

    def settings(self) -> dict[str, object]:
        """All that results depend on, for JSON; what cannot be is found out here.

        The working folder, seen from that of the results, counts where recordings have relative names.

        Raises:
            AnydoaError: if estimator, grid and array do not fit.
        """
        array = load_array(_ANY_ARRAY) if self.array is None else self.array
        header = self.localizer(array).header("")
        return {
            "version": self.version,
            "estimator": header.estimator,
            "weights": header.weights_hash,
            "array": None if self.array is None else f"{header.array} ({header.array_hash})",
            "grid": f"{header.grid} ({self.grid.hash})",
            "working folder": os.path.relpath(self.base, self.folder),
            "sources": self.num_sources,
            "min_separation_deg": self.min_separation_deg,
            "look_ahead_s": header.look_ahead_s,
            "zones": [asdict(zone) for zone in self.zones],
        }


def _reason(error: Exception) -> str:
    """Why a recording has no results, in one line."""
    if isinstance(error, AnydoaError):
        text = error.command_line
    elif isinstance(error, MemoryError):
        text = "not enough memory"
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())


class _Desk:
    """What one thread of a process has set up for a run: a loaded estimator, localizers, its part."""

    def __init__(self, work: Locating) -> None:
        here = version("anydoa")
        if here != work.version:
            raise EngineError(
                f"a worker has anydoa {here}, not {work.version}; install the same version everywhere"
            )
        logging.getLogger("anydoa").setLevel(logging.ERROR)  # warnings stand in the results
        self.work = work
        self.writer = PartWriter(work.folder)
        self._localizer_of = lru_cache(_ARRAYS_KEPT)(self._make_localizer)
        self._estimator: SpectrumEstimator | None = None

    def locate(self, entry: Entry) -> tuple[str, float]:
        """The results of a recording as JSON lines, and its length in seconds."""
        paths = [self.work.base / path for path in entry.paths]
        recording = paths if len(paths) > 1 else paths[0]
        info = audio_info(recording)
        localizer = self._localizer_of(
            entry.array, entry.array_hash, entry.channels, info.num_channels if entry.channels else None
        )
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        named = replace(info, name=f"{entry.paths[0]}{more}")
        run = localizer.run(OpenRecording.of_files(recording, named))
        for _ in run:
            pass
        content = io.StringIO()
        writer = JsonLinesWriter(content, replace(run.header, id=entry.id), zones=self.work.zones)
        for frame in run.frames:
            writer.write(frame)
        writer.finish(run.summary)
        return content.getvalue(), info.duration_s

    def _make_localizer(
        self, name: str | None, known_hash: str, channels: tuple[int, ...] | None, num_channels: int | None
    ) -> Localizer:
        array = self._array(name, known_hash)
        if channels is not None and num_channels is not None:
            missing = [channel for channel in channels if channel >= num_channels]
            if missing:
                raise AudioError(
                    f"recording has channels 0..{num_channels - 1}, but the list names "
                    f"{channel_text(missing)}; name those that hold the microphones"
                )
            ignored = tuple(channel for channel in range(num_channels) if channel not in channels)
            array = array.replace(channels=channels, ignore_channels=ignored)
        localizer = self.work.localizer(array, self._estimator)
        self._estimator = localizer.estimator  # loaded once
        return localizer

    def _array(self, name: str | None, known_hash: str) -> MicrophoneArray:
        """The array of a name that the list gives, if it is the one that the list was read with."""
        if name is not None:
            array = load_array(self.work.base / name if is_array_file(name) else name)
            # It is read again after it was loaded, so that no change falls between the two.
            if array_hash(name, self.work.base) != known_hash:
                raise EngineError(f"{name}: has changed since the list was read; give the same command again")
            return array
        if self.work.array is None:
            raise EngineError("no array is named; name one in the list, or give --array for all")
        return self.work.array


_desks = threading.local()


def _desk(work: Locating) -> _Desk:
    """The desk of this thread for a run; the one of an earlier run is cleared."""
    if getattr(_desks, "run", None) != work.run:
        if hasattr(_desks, "desk"):
            _desks.desk.writer.close()
        _desks.desk, _desks.run = _Desk(work), work.run
    desk: _Desk = _desks.desk
    return desk
