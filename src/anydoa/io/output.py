"""What commands write: never half a file under its name, never over something that they have read.

A file is written beside its place, hidden and with a name that ends in ``.part``, and takes its name when it
is whole; until then the old one stays. What is no ordinary file, such as a pipe, is written to as it is.
"""

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, TypeVar

from anydoa.errors import ConfigError

AnyPath = str | os.PathLike[str]
_Stream = TypeVar("_Stream", TextIO, BinaryIO)

_SEPARATORS = (os.sep, *filter(None, (os.altsep,)))
_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")  # of this process, wherever they lead


class _Inputs:
    """Files that were read, by device and inode, so that a link is the file; None while nobody asks."""

    def __init__(self) -> None:
        self.read: dict[tuple[int, int], tuple[Path, str]] | None = None


_inputs = _Inputs()


@contextmanager
def protected_inputs() -> Iterator[None]:
    """No file that :func:`note_input` is told of is written to from here to the end.

    A command is run in it. A program in Python may well write where it has read.
    """
    before, _inputs.read = _inputs.read, {}
    try:
        yield
    finally:
        _inputs.read = before


def note_input(path: AnyPath, what: str = "file") -> None:
    """Remember a file that is read.

    Args:
        path: file that is read; what is no ordinary file, or cannot be looked at, is passed over.
        what: what a person calls such a file, "recording" for instance, for the message.
    """
    status = _status(Path(path))
    if _inputs.read is not None and status is not None and stat.S_ISREG(status.st_mode):
        _inputs.read.setdefault((status.st_dev, status.st_ino), (Path(path), what))


def names_folder(path: AnyPath) -> bool:
    """Whether a name says that it is a folder's: it ends in a slash, which a ``Path`` forgets."""
    return os.fspath(path).endswith(_SEPARATORS)


def check_outputs(*paths: AnyPath | None, make_folders: bool = False) -> None:
    """Find out before any work is done whether files can be written.

    Args:
        paths: files that shall be written; None is passed over.
        make_folders: whether to make the folders that they lie in.

    Raises:
        ConfigError: if one was read, is a folder, is protected, lies in no folder or in one that takes no
            files, or if two are the same.
    """
    given = [_file(path) for path in paths if path is not None]
    taken: set[str] = set()
    for path in given:
        _check(path)
        place = os.path.realpath(path)
        if place in taken and not _is_stream(path):
            raise ConfigError(f"two results would both be {path}; give each a name of its own")
        taken.add(place)
    for path in given:
        if not _is_stream(path):
            _try(path, make_folder=make_folders)


def _try(path: Path, *, make_folder: bool) -> None:
    """Make a file beside the one that is wanted, and remove it."""
    partial = _partial(path)
    with _refusals(path):
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        partial.touch(exist_ok=False)
        partial.unlink()


def prepare_folder(path: AnyPath) -> Path:
    """Make a folder for results, and find out whether it takes files.

    Raises:
        ConfigError: if it cannot be made, is a file, or takes none.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{folder}: no folder can be made there ({_reason(error)}); choose another output"
        ) from None
    _try(folder / "file", make_folder=False)
    return folder


@contextmanager
def whole_file(path: AnyPath) -> Iterator[Path]:
    """Where to write a file so that it appears when it is whole, and not at all after an error.

    Args:
        path: file to write. A link is followed.

    Yields:
        The place beside it to write to.

    Raises:
        ConfigError: if the file was read, or the system refuses.
    """
    path = _file(path)
    _check(path)
    if _is_stream(path):
        with _refusals(path, path):
            yield path
        return
    partial, target = _partial(path), Path(os.path.realpath(path))
    try:
        with _refusals(path, partial):
            yield partial
            if target.exists():
                shutil.copymode(target, partial)
            os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_text(path: AnyPath, *, newline: str | None = None) -> Iterator[TextIO]:
    """An open text file (UTF-8) that appears when it is whole; see :func:`whole_file`."""
    with (
        whole_file(path) as partial,
        partial.open("w", encoding="utf-8", errors="replace", newline=newline) as stream,
    ):
        yield stream


@contextmanager
def whole_binary(path: AnyPath) -> Iterator[BinaryIO]:
    """An open file of bytes that appears when it is whole; see :func:`whole_file`."""
    with whole_file(path) as partial, partial.open("wb") as stream:
        yield stream


def write_text(path: AnyPath, text: str) -> None:
    """Write a text in UTF-8, whole or not at all.

    Raises:
        ConfigError: as :func:`whole_file`.
    """
    with whole_text(path) as stream:
        stream.write(text)


@contextmanager
def growing_text(path: AnyPath) -> Iterator[TextIO]:
    """An open text file that others may read while it grows.

    It takes the place of an old one at once, so that nothing changes for whoever has that open or linked.

    Raises:
        ConfigError: if the file was read, or the system refuses; also when it is closed.
    """
    with _growing(path, lambda place: place.open("w", encoding="utf-8", errors="replace")) as stream:
        yield stream


@contextmanager
def growing_binary(path: AnyPath) -> Iterator[BinaryIO]:
    """An open file of bytes that others may read while it grows; see :func:`growing_text`."""
    with _growing(path, lambda place: place.open("wb")) as stream:
        yield stream


@contextmanager
def _growing(path: AnyPath, opened: Callable[[Path], _Stream]) -> Iterator[_Stream]:
    path = _file(path)
    _check(path)
    with _refusals(path):
        if not _is_stream(path):
            with whole_file(path) as partial:
                partial.touch()
        stream = opened(path)
    try:
        yield stream
    finally:
        with _refusals(path):  # what a full disk did not take is tried once more
            stream.close()


@contextmanager
def whole_folder(path: AnyPath, *, last: str | None = None, members: Collection[str] = ()) -> Iterator[Path]:
    """Where to write a folder so that it appears when it is whole, and not at all after an error.

    Args:
        path: folder to write. In one that is there, files of the same names are replaced.
        last: name of the file without which readers take the folder for unfinished.
        members: names of files that readers take for a part of it; an old one that is not replaced goes.

    Yields:
        An empty folder beside it to write to.

    Raises:
        ConfigError: if a file in it was read, or the system refuses.
    """
    path = Path(path)
    partial, target = _partial(path), Path(os.path.realpath(path))
    try:
        with _refusals(path, partial):
            partial.mkdir(parents=True)
            yield partial
            if not target.exists():
                os.replace(partial, target)
                return
            moved = sorted(partial.iterdir(), key=lambda file: file.name == last)
            names = [file.name for file in moved]
            for name in {*names, *members}:
                _check(target / name)
            for name in ([] if last is None else [last]) + sorted(set(members).difference(names)):
                (target / name).unlink(missing_ok=True)
            for file in moved:
                os.replace(file, target / file.name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _file(path: AnyPath) -> Path:
    """The path of a file; refuses the name of a folder, there or not."""
    if names_folder(path):
        raise ConfigError(f"{os.fspath(path)}: is a folder; name a file in it")
    return Path(path)


def _check(path: Path) -> None:
    """Refuse what was read, a folder, and what its owner has protected."""
    status = _status(path, ConfigError)
    if status is None:
        return
    origin, what = (_inputs.read or {}).get((status.st_dev, status.st_ino), (None, ""))
    if origin is not None and origin.exists():  # the inode of a file that is gone may be that of another
        same = "is" if os.path.abspath(origin) == os.path.abspath(path) else f"is the same file as {origin},"
        raise ConfigError(f"{path} {same} the {what} and would be overwritten; choose another output")
    if stat.S_ISDIR(status.st_mode):
        raise ConfigError(f"{path}: is a folder; name a file in it")
    if not os.access(path, os.W_OK):
        raise ConfigError(f"{path}: cannot be written (the file is protected); choose another output")


def _status(path: Path, refusal: Callable[[str], Exception] | None = None) -> os.stat_result | None:
    """What the system knows of a file; None if there is none."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # no right to look, a name too long or with a null character
        if refusal is None:
            return None
        raise refusal(f"{path}: cannot be written ({_reason(error)}); choose another output") from None


def _is_stream(path: Path) -> bool:
    """Whether it is written to as it is: a pipe, a terminal, an open file of this process."""
    status = _status(path)
    return str(path).startswith(_STREAMS) or (
        status is not None and not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode)
    )


def _partial(path: Path) -> Path:
    target = Path(os.path.realpath(path))
    # The system limits how long a name with its ending may be.
    return target.with_name(f".{target.name[:32]}.{secrets.token_hex(4)}.part")


@contextmanager
def _refusals(path: Path, place: Path | None = None) -> Iterator[None]:
    """What the system says against writing becomes one line.

    What it says against another file than the one at ``place``, which may be read meanwhile, passes.
    """
    try:
        yield
    except BrokenPipeError:
        raise  # a reader that has had enough is no mistake
    except OSError as error:
        elsewhere = place is not None and error.filename is not None
        if elsewhere and not str(error.filename).startswith((str(place), str(path))):
            raise
        raise ConfigError(
            f"{path}: cannot be written ({_reason(error)}); choose another output, or make room"
        ) from None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
