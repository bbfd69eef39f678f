"""Lists of recordings: file names, patterns and manifests, read line by line as often as need be.

A line of a manifest is a path, with array, id and channels after tabs if need be, or a JSON object:

    {"path": "a.flac", "array": "kitchen.toml", "id": "kitchen-1", "channels": [0, 1, 2, 3]}

``path`` may be a list, one file a microphone. Recordings of lhotse (``id``, ``sources``, ``channel_ids``) are
another dialect. ``channels`` are those of the file with the microphones of the array, in their order.
"""

import glob
import gzip
import json
import os
import shutil
import tempfile
import tomllib
import weakref
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b, file_digest
from io import BufferedIOBase
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

from anydoa.errors import ConfigError
from anydoa.geometry.channels import parse_channels
from anydoa.io import is_array_file
from anydoa.io.files import check_is_file
from anydoa.io.output import note_input

_LONGEST_LINE = 2**20  # characters
_COLUMNS = 4  # path, array, id, channels
_ARRAYS_KEPT = 1024  # whose hashes are remembered from line to line


class Entry(NamedTuple):
    """A recording of a list.

    Args:
        paths: its file, or its files to join.
        array: name or file of the array that recorded it; None for the one that all have.
        id: what the list calls it; None if it has no name but its file.
        channels: channels of the file that hold the microphones, in their order; None: the array knows.
        array_hash: hash of the file of that array, see :func:`array_hash`; empty if it is none.
    """

    paths: tuple[str, ...]
    array: str | None = None
    id: str | None = None
    channels: tuple[int, ...] | None = None
    array_hash: str = ""

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.id or self.paths[0]

    @property
    def key(self) -> int:
        """A number of 64 bits that tells it from all others, the same in every run and on every machine."""
        array = " ".join(filter(None, (self.array, self.array_hash)))  # whose file may change
        parts = (self.id or "", array, str(self.channels or ""), *self.paths)
        text = "\0".join(parts).encode("utf-8", "surrogateescape")
        return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


class RecordingList:
    """Recordings by name, in the order of the list; to be iterated any number of times.

    Args:
        files: names, and patterns such as ``corpus/**/*.flac`` where no file has that name.
        manifest: file of lines, also compressed by gzip, or ``-`` for standard input; None for none.
        standard_input: what ``-`` means.

    Raises:
        ConfigError: if there is no such file, or a pattern that nothing matches.
    """

    def __init__(
        self, files: Sequence[str] = (), manifest: str | None = None, standard_input: BinaryIO | None = None
    ) -> None:
        self._files = [name for file in files for name in _matches(file)]
        self._manifest = manifest
        self._kept: IO[bytes] | None = None
        if manifest == "-" and standard_input is not None:
            self._kept = tempfile.TemporaryFile()  # noqa: SIM115 # for as long as the list
            weakref.finalize(self, self._kept.close)
            shutil.copyfileobj(standard_input, self._kept)
        elif manifest is not None:
            check_is_file(Path(manifest), ConfigError)
            note_input(manifest, "manifest")

    def __iter__(self) -> Iterator[Entry]:
        for file in self._files:
            yield Entry((file,))
        if self._manifest is not None:
            name = "standard input" if self._manifest == "-" else self._manifest
            hash_of = lru_cache(maxsize=_ARRAYS_KEPT)(array_hash)
            for number, line in enumerate(self._lines(name), start=1):
                if line:
                    entry = _entry(line, f"{name}, line {number}")
                    yield entry if entry.array is None else entry._replace(array_hash=hash_of(entry.array))

    def _lines(self, name: str) -> Iterator[str]:
        """Lines without blanks around them."""
        try:
            with self._open() as file:
                while line := file.readline(_LONGEST_LINE):
                    yield line.decode("utf-8", "surrogateescape").strip().removeprefix("\ufeff")
        except (OSError, EOFError) as error:
            raise ConfigError(f"{name}: cannot be read ({error}); give a list of recordings") from None

    def _open(self) -> BufferedIOBase:
        if self._kept is not None:
            self._kept.seek(0)
            return os.fdopen(os.dup(self._kept.fileno()), "rb")
        name = str(self._manifest)
        return gzip.open(name) if name.endswith(".gz") else open(name, "rb")


def array_hash(name: str, base: Path = Path()) -> str:
    """Hash of the file of an array, and of the SOFA file that it names.

    Args:
        name: name or file of the array.
        base: folder that the name is relative to.

    Returns:
        Twelve hex digits; empty for a name, or where a file cannot be read.
    """
    if not is_array_file(name):
        return ""
    path, digest = base / name, blake2b(digest_size=6)
    try:
        content = path.read_bytes()
        digest.update(content)
        # Few arrays have been measured, and parsing takes far longer than reading.
        if path.suffix.lower() == ".toml" and b"steering" in content:
            steering = tomllib.loads(content.decode()).get("steering")
            if steering is not None:
                with (path.parent / steering).open("rb") as file:
                    file_digest(file, lambda: digest)
    except (OSError, ValueError, TypeError):  # which its recordings will tell
        return ""
    return digest.hexdigest()


def _matches(file: str) -> list[str]:
    """The file, or those that a pattern means."""
    if not glob.has_magic(file) or os.path.exists(file):
        return [file]
    found = sorted(glob.iglob(file, recursive=True))
    if not found:
        raise ConfigError(f"{file}: no file has a name like this; does it need another folder, or quotes?")
    return found


def _entry(line: str, where: str) -> Entry:
    """The recording of a line.

    Raises:
        ConfigError: if the line is none, naming it.
    """
    try:
        return _entry_of_object(json.loads(line)) if line.startswith("{") else _entry_of_columns(line)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigError(
            f"{where}: not a recording ({reason:.200}); write a path, or an object with path, array, id and "
            f"channels, got {line!r:.80}"
        ) from None


def _entry_of_columns(line: str) -> Entry:
    columns = [column.strip() for column in line.split("\t")]
    if len(columns) > _COLUMNS:
        raise ValueError(f"{len(columns)} columns, where path, array, id and channels are known")
    path, array, id, channels = (*columns, "", "", "")[:_COLUMNS]
    if not path or "\0" in path:
        raise ValueError("no path")
    return Entry((path,), array or None, id or None, parse_channels(channels) if channels else None)


def _entry_of_object(value: dict[str, Any]) -> Entry:
    if "sources" in value:
        return _entry_of_lhotse(value)
    given = value["path"]
    paths = tuple(given) if isinstance(given, list) else (given,)
    return Entry(
        _texts(paths), _text_or_none(value, "array"), _text_or_none(value, "id"), _channels(value, "channels")
    )


def _entry_of_lhotse(value: dict[str, Any]) -> Entry:
    """A recording of lhotse: one source, or several that are joined in their order.

    Reference:
        lhotse, class ``Recording``: ``channel_ids`` names those of the channels of its sources that count.
    """
    sources = value["sources"]
    kinds = {source["type"] for source in sources} - {"file"}
    if kinds:
        raise ValueError(f"sources must be of type 'file', got {', '.join(sorted(map(repr, kinds)))}")
    there = [channel for source in sources for channel in source["channels"]]
    wanted = _channels(value, "channel_ids")
    return Entry(
        _texts([source["source"] for source in sources]),
        _text_or_none(value, "array"),
        _text_or_none(value, "id"),
        None if wanted is None or sorted(wanted) == sorted(there) else tuple(map(there.index, wanted)),
    )


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    texts = tuple(value for value in values if isinstance(value, str) and value and "\0" not in value)
    if not texts or len(texts) < len(values):
        raise ValueError(f"paths are texts, got {list(values)!r:.60}")
    return texts


def _text_or_none(value: dict[str, Any], field: str) -> str | None:
    text = value.get(field)
    if text is not None and not isinstance(text, str):
        raise ValueError(f"{field} is a text, got {text!r:.60}")
    return text or None


def _channels(value: dict[str, Any], field: str) -> tuple[int, ...] | None:
    channels = value.get(field)
    if channels is None:
        return None
    if not isinstance(channels, list) or any(type(one) is not int or one < 0 for one in channels):
        raise ValueError(f"{field} are numbers from 0, got {channels!r:.60}")
    return tuple(channels)
