"""Files by name: as the system takes a name, as a person reads it, and the content of a small one."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from anydoa.errors import ArrayFileError

MAX_BYTES = 16 * 2**20
"""Largest file that is read at once."""


def system_name(path: str | os.PathLike[str]) -> str | bytes:
    """The name for libraries that encode text strictly: names need not be UTF-8 outside Windows."""
    return os.fspath(path) if sys.platform == "win32" else os.fsencode(path)


def printable_name(path: str | os.PathLike[str]) -> str:
    """The name without bytes that are no text and without characters that command a terminal."""
    return printable_text(os.fsencode(path).decode("utf-8", "backslashreplace"))


def printable_text(text: str) -> str:
    r"""The text on one line, with whatever is not printed spelt out.

    Example:
        >>> printable_text("talk\x1b[2J.wav")
        'talk\\x1b[2J.wav'
    """
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def short_name(path: str | os.PathLike[str]) -> str:
    """The printable name, or its beginning and end if it is too long for a line."""
    name = printable_name(path)
    return name if len(name) <= 120 else f"{name[:60]}...{name[-30:]}"


def try_to_lock(file: IO[Any], *, shared: bool = False) -> bool:
    """Whether nobody else held the lock on an open file; it is this process's until the file is closed.

    The lock ends with the process that holds it, however that ends. Windows has no such locks: there nobody
    is ever refused.

    Args:
        file: open file.
        shared: whether others may hold the lock, too, if they share it.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def check_is_file(
    path: Path,
    refusal: Callable[[str], Exception] = ArrayFileError,
    *,
    if_folder: str = "is not an ordinary file; name one",
    if_device: str = "is not an ordinary file; name one",
) -> None:
    """Refuse what is not an ordinary file.

    Args:
        path: file that somebody named.
        refusal: makes the error of a message.
        if_folder: what to say of a folder.
        if_device: what to say of a pipe or device.

    Raises:
        ArrayFileError: if there is no such file, it is something else, or the system refuses to look at it;
            or whatever ``refusal`` makes.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise refusal(f"{printable_name(path)}: no such file; check the name") from None
    except PermissionError:
        raise refusal(
            f"{printable_name(path)}: no permission to look into its folder; change its permissions"
        ) from None
    except (OSError, ValueError) as error:  # a name too long, or with a null character
        reason = getattr(error, "strerror", None) or error
        raise refusal(f"{short_name(path)}: no possible file name ({reason}); check the name") from None
    if not stat.S_ISREG(mode):
        raise refusal(f"{printable_name(path)}: {if_folder if stat.S_ISDIR(mode) else if_device}")


def read_bytes(path: Path) -> bytes:
    """All bytes of an array or grid file: an ordinary file of at most 16 MiB.

    Raises:
        ArrayFileError: if there is no such file, or it is not an ordinary one, too big or not to be read.
    """
    check_is_file(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ArrayFileError(
            f"{path}: cannot be read ({error.strerror}); change its permissions, or copy it anew"
        ) from None
    if len(content) > MAX_BYTES:
        raise ArrayFileError(f"{path}: such files have at most {MAX_BYTES >> 20} MiB; is this a recording?")
    if not content:
        raise ArrayFileError(f"{path}: the file is empty; save or copy it anew")
    return content


def read_text(path: Path) -> str:
    """The text of an array or grid file in UTF-8, without a byte order mark.

    Raises:
        ArrayFileError: as :func:`read_bytes`, or if the bytes are not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArrayFileError(
            f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8 text"
        ) from None
