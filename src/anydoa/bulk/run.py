"""A run over a list of recordings: what is left of it, done in chunks, and told of on the way."""

import json
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from typing import TextIO

import numpy as np
from jaxtyping import Bool, UInt64

from anydoa.bulk.chunks import CHUNK_S, Finished, run_in_chunks
from anydoa.bulk.engine import Engine
from anydoa.bulk.locating import Failure, Located, Locating
from anydoa.bulk.recording_list import Entry, RecordingList
from anydoa.bulk.result_folder import ResultFolder
from anydoa.bulk.shard import Shard
from anydoa.errors import ConfigError
from anydoa.io.output import growing_text


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Args:
        total: recordings of the list, or of its share.
        before: those that were done by earlier runs.
        done: those that are done by this one.
        failed: those that have no results.
        sound_s: seconds of sound that this run has located.
        elapsed_s: seconds since this run began.
    """

    total: int
    before: int = 0
    done: int = 0
    failed: int = 0
    sound_s: float = 0.0
    elapsed_s: float = 0.0

    @property
    def rate(self) -> float:
        """Recordings a second."""
        return (self.done + self.failed) / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def remaining_s(self) -> float | None:
        """Seconds that the rest takes at this rate; None before anybody can know."""
        left = self.total - self.before - self.done - self.failed
        return left / self.rate if self.rate else (0.0 if not left else None)

    def to_json(self) -> str:
        """One line for programs."""
        left = self.remaining_s
        return json.dumps(
            {
                **asdict(self),
                "sound_s": round(self.sound_s, 1),
                "elapsed_s": round(self.elapsed_s, 1),
                "rate": round(self.rate, 3),
                "remaining_s": None if left is None else round(left, 1),
            }
        )


class Plan:
    """The recordings of a list that a run is for: 10 bytes each, whatever their names.

    Args:
        recordings: the list. It is read here once, so that its mistakes are known before any work.
        done: keys of recordings that have results, sorted.
        shard: share of the list; None for all.

    Raises:
        ConfigError: if a line is no recording, or there is none.
    """

    def __init__(
        self,
        recordings: RecordingList,
        done: UInt64[np.ndarray, "recording"] | None = None,
        shard: Shard | None = None,
    ) -> None:
        self._recordings = recordings
        numbers = array("Q", (entry.key for entry in recordings))
        if not numbers:
            raise ConfigError("the list names no recording; give files, or a manifest with one a line")
        keys = np.frombuffer(numbers, dtype=np.uint64)
        first = _is_first(keys)
        mine = first if shard is None else first & shard.holds(keys)
        there = _is_among(keys, done)
        self._keys, self._is_first = keys, first
        self._is_left: Bool[np.ndarray, "line"] = mine & ~there
        self.total = int(mine.sum())
        self.num_left = int(self._is_left.sum())

    @property
    def order(self) -> UInt64[np.ndarray, "recording"]:
        """Keys of all recordings of the list, each once, in its order."""
        return self._keys[self._is_first]

    def left(self) -> Iterator[Entry]:
        """The recordings that have no results yet, each once.

        Raises:
            ConfigError: if the list is no longer the one that was read before, or an array that it names.
        """
        for entry, key, is_left in zip_longest(self._recordings, self._keys, self._is_left):
            if entry is None or key is None or entry.key != key:
                raise ConfigError(
                    "the list, or an array that it names, has changed since it was first read; what is done "
                    "is kept, give the same command again"
                )
            if is_left:
                yield entry


def _is_first(keys: UInt64[np.ndarray, "line"]) -> Bool[np.ndarray, "line"]:
    """Whether no line before has the same key."""
    first = np.zeros(len(keys), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    return first


def _is_among(
    keys: UInt64[np.ndarray, "line"], done: UInt64[np.ndarray, "recording"] | None
) -> Bool[np.ndarray, "line"]:
    """Whether each key is among those that are sorted."""
    if done is None or not len(done):
        return np.zeros(len(keys), dtype=bool)
    places = np.minimum(np.searchsorted(done, keys), len(done) - 1)
    among: np.ndarray = done[places] == keys
    return among


def locate_all(
    plan: Plan,
    work: Locating,
    engine: Engine,
    *,
    shard: Shard | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
    chunk_s: float = CHUNK_S,
) -> Progress:
    """Locate all recordings of a plan that are left, into a folder that is begun.

    Args:
        plan: the recordings.
        work: what is done to them.
        engine: who does it.
        shard: share of the list, whose failures have a file of their own.
        report: called at the beginning and whenever a chunk is over.
        chunk_s: seconds of work in a chunk.

    Returns:
        How it went; :meth:`ResultFolder.failures_file` names those that failed.

    Raises:
        ConfigError: if results cannot be written.
        EngineError: if nobody works any more.
    """
    folder = ResultFolder(work.folder)

    def unfinished(entries: Sequence[Entry]) -> list[Entry]:
        done = folder.done_among(entry.key for entry in entries)
        return [entry for entry in entries if entry.key not in done]

    began = time.monotonic()
    progress = Progress(plan.total, before=plan.total - plan.num_left)
    report(progress)
    failures = folder.failures_file(shard)
    with growing_text(failures) as stream:
        for result in run_in_chunks(
            engine, work, plan.left(), total=plan.num_left, unfinished=unfinished, chunk_s=chunk_s
        ):
            progress = (
                _after(progress, result, stream)
                if isinstance(result, Finished)
                else _without(
                    progress, Failure(result.item.name, result.item.paths, _blame(result.reason)), stream
                )
            )
            progress = replace(progress, elapsed_s=time.monotonic() - began)
            report(progress)
    if not progress.failed:
        failures.unlink(missing_ok=True)
    if shard is None:
        folder.remove_failures_of_shards()  # this run has tried theirs, too
    return progress


def _blame(reason: str) -> str:
    return f"every process that worked on it {reason}"


def _after(progress: Progress, result: Finished[Entry, Located], failures: TextIO) -> Progress:
    """The progress with a chunk more."""
    if result.value is None:
        return replace(progress, done=progress.done + len(result.items))
    for failure in result.value.failures:
        progress = _without(progress, failure, failures)
    done = progress.done + len(result.items) - len(result.value.failures)
    return replace(progress, done=done, sound_s=progress.sound_s + result.value.sound_s)


def _without(progress: Progress, failure: Failure, failures: TextIO) -> Progress:
    """The progress with a failure more, which is written down at once."""
    failures.write(json.dumps(asdict(failure)) + "\n")
    failures.flush()
    return replace(progress, failed=progress.failed + 1)
