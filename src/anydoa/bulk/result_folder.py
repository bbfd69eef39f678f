"""A folder of results that many processes write to at once, and that a run goes on in.

    results/
        settings.json                       what every result was found with
        part-HOST-PID-NUMBER.jsonl          results, of one process
        part-HOST-PID-NUMBER.index.jsonl    a line for each recording that is whole: key, place in the part
        failures.jsonl                      recordings without results, and why; of the last run
        lock                                held while a run lasts

Nothing is written over but the failures. The line of a recording in an index is written after its results, so
what a crash has cut short has none. A key that is in several indexes counts where it is found first.
"""

import json
import os
import secrets
import socket
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt64

from anydoa.bulk.shard import Shard
from anydoa.errors import ConfigError
from anydoa.io.files import try_to_lock
from anydoa.io.output import prepare_folder, whole_text

SETTINGS_FILE = "settings.json"
_INDEX = ".index.jsonl"
_KEY = slice(9, 25)  # of an index line: `{"key": "0123456789abcdef", ...`
_LOCK = "lock"


@dataclass(frozen=True, eq=False)
class Place:
    """Where the results of a recording are.

    Args:
        part: file that holds them.
        offset: first byte.
        length: number of bytes.
    """

    part: Path
    offset: int
    length: int


class PartWriter:
    """One process's results, recording after recording; the file is made with the first.

    Args:
        folder: folder of the results.
    """

    def __init__(self, folder: Path) -> None:
        host = "".join(sign if sign.isalnum() else "-" for sign in socket.gethostname())[:40]
        self.path = folder / f"part-{host}-{os.getpid()}-{secrets.token_hex(3)}.jsonl"
        self._index_path = self.path.with_suffix(_INDEX)
        self._part: FileIO | None = None
        self._index: FileIO | None = None

    def write(self, key: int, name: str, text: str) -> None:
        """Write the results of a recording, whole or not at all.

        Args:
            key: key of the recording.
            name: what a person calls it.
            text: its results.

        Raises:
            ConfigError: if the disk is full, the folder is gone, or the system refuses otherwise.
        """
        content = text.encode("utf-8", "replace")
        try:
            if self._part is None or self._index is None:
                self._part, self._index = self.path.open("ab", 0), self._index_path.open("ab", 0)
            if not os.fstat(self._index.fileno()).st_nlink:
                raise FileNotFoundError("the folder is gone")
            offset = os.fstat(self._part.fileno()).st_size
            _write_all(self._part, content)
            line = {"key": f"{key:016x}", "name": name, "offset": offset, "length": len(content)}
            _write_all(self._index, json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise ConfigError(
                f"{self.path}: cannot be written ({error.strerror or error}); what is done is kept, make "
                "room for the rest and give the same command again"
            ) from None

    def save(self) -> None:
        """See to it that what is written outlives the machine."""
        with suppress(OSError):  # not every file system can
            for file in (self._part, self._index):
                if file is not None:
                    os.fsync(file.fileno())

    def close(self) -> None:
        """Close the files; what is written later is added."""
        for file in (self._part, self._index):
            if file is not None:
                file.close()
        self._part = self._index = None


def _write_all(file: FileIO, content: bytes) -> None:
    """Write all of it, or leave the file as it was: a full disk takes a part first."""
    before, left = os.fstat(file.fileno()).st_size, memoryview(content)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError:
        with suppress(OSError):
            file.truncate(before)
        raise


class ResultFolder:
    """A folder of results as the command sees it that many processes write for.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def begun(self, settings: Mapping[str, object], shard: Shard | None = None) -> Iterator[None]:
        """The folder while a run lasts: made if need be, and closed to other runs but those of other shards.

        Args:
            settings: all that results depend on, for JSON.
            shard: share of the list that the run is for; None for all of it.

        Raises:
            ConfigError: if another run is in it, its results were found with other settings, or it cannot be
                written to.
        """
        prepare_folder(self.path)
        with self._locked(_LOCK, shared=shard is not None):
            if shard is None:
                self._check_settings(settings)
                yield
                return
            with self._locked(f"{_LOCK}-{shard}"):
                self._check_settings(settings)
                yield

    @contextmanager
    def _locked(self, name: str, *, shared: bool = False) -> Iterator[None]:
        with (self.path / name).open("ab") as file:
            if not try_to_lock(file, shared=shared):
                raise ConfigError(
                    f"{self.path}: another run is at work there; wait for its end, or give another folder"
                )
            yield

    def _check_settings(self, settings: Mapping[str, object]) -> None:
        file = self.path / SETTINGS_FILE
        wanted = json.loads(json.dumps(settings))
        has_results = any(self.path.glob("part-*"))  # looked for first, as they are made last
        if not file.exists():
            if has_results:
                raise ConfigError(f"{file} is missing beside results; choose another folder")
            self._make_settings(wanted)
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            differing = [name for name in wanted if found.get(name) != wanted[name]]
        except (OSError, ValueError, AttributeError) as error:
            raise ConfigError(f"{file}: damaged ({error}); choose another folder") from None
        if differing:
            name = differing[0]
            raise ConfigError(
                f"{self.path}: holds results of {name} {found.get(name)!r:.60}, not {wanted[name]!r:.60}; "
                "choose another folder"
            )

    def _make_settings(self, settings: Mapping[str, object]) -> None:
        """Write the settings; of several shards that start at once, the first does."""
        file = self.path / SETTINGS_FILE
        own = file.with_name(f".{SETTINGS_FILE}.{secrets.token_hex(4)}")
        with whole_text(own) as stream:
            json.dump(settings, stream, indent=1)
        try:
            os.link(own, file)
        except FileExistsError:  # those of the first are looked at, as if they had always been there
            pass
        except OSError:  # not every file system has links
            os.replace(own, file)
        finally:
            own.unlink(missing_ok=True)

    def check_not_own(self, path: Path) -> None:
        """Refuse a file to write that is one of the folder's own, or would be.

        Raises:
            ConfigError: if it is.
        """
        is_inside = path.resolve().parent == self.path.resolve()
        if is_inside and any(path.match(pattern) for pattern in (SETTINGS_FILE, "part-*", "failures*.jsonl")):
            raise ConfigError(
                f"{path}: a file of the folder of results would be overwritten; choose another output"
            )

    def failures_file(self, shard: Shard | None = None) -> Path:
        """Where the recordings are named that have no results."""
        return self.path / ("failures.jsonl" if shard is None else f"failures-{shard}.jsonl")

    def remove_failures_of_shards(self) -> None:
        """Remove what shards have said of recordings that a run over all of the list has tried since."""
        for file in self.path.glob("failures-*.jsonl"):
            file.unlink(missing_ok=True)

    def done_keys(self) -> UInt64[np.ndarray, "recording"]:
        """Keys of all recordings that are whole, sorted, each once."""
        keys = array("Q")
        for index in self._indexes():
            keys.extend(int(line[_KEY], 16) for line, _ in _whole_lines(index))
        return np.unique(np.array(keys, dtype=np.uint64))

    def done_among(self, keys: Iterable[int]) -> set[int]:
        """Those of some keys whose recordings are whole."""
        wanted = {f"{key:016x}".encode() for key in keys}
        found = (line[_KEY] for index in self._indexes() for line, _ in _whole_lines(index))
        return {int(key, 16) for key in found if key in wanted}

    def places(self) -> "Places":
        """Where the results of every recording are."""
        return Places(self._indexes())

    def _indexes(self) -> list[Path]:
        return sorted(self.path.glob(f"part-*{_INDEX}"))


class Places(Mapping[int, Place]):
    """Where the results of recordings are, by key; 24 bytes each.

    Args:
        indexes: index files.
    """

    def __init__(self, indexes: list[Path]) -> None:
        self._parts = [_part_of(index) for index in indexes]
        keys, parts, offsets, lengths = array("Q"), array("I"), array("Q"), array("I")
        for number, index in enumerate(indexes):
            for line, content in _whole_lines(index):
                keys.append(int(line[_KEY], 16))
                parts.append(number)
                offsets.append(content["offset"])
                lengths.append(content["length"])
        self._keys, rows = np.unique(np.array(keys, dtype=np.uint64), return_index=True)
        self._numbers, self._offsets, self._lengths = (
            np.array(column)[rows] for column in (parts, offsets, lengths)
        )

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[int]:
        return (int(key) for key in self._keys)

    def __getitem__(self, key: int) -> Place:
        row = int(np.searchsorted(self._keys, np.uint64(key)))
        if row == len(self._keys) or int(self._keys[row]) != key:
            raise KeyError(key)
        part = self._parts[int(self._numbers[row])]
        return Place(part, int(self._offsets[row]), int(self._lengths[row]))


def _whole_lines(index: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Lines of an index that were written to their end, and whose results are there."""
    try:
        size = _part_of(index).stat().st_size
        with index.open("rb") as file:
            for line in file:
                if not line.endswith(b"}\n"):
                    continue
                content = json.loads(line)
                if content["offset"] + content["length"] <= size:
                    yield line, content
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{index}: damaged ({error}); remove it, and its recordings are done anew"
        ) from None


def _part_of(index: Path) -> Path:
    return index.with_name(index.name.removesuffix(_INDEX) + ".jsonl")
