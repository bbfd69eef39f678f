"""Names of files: as the system takes them, and as a person can read them on one line."""

import os
import sys
from pathlib import Path

from anydoa.errors import AudioError

_MAX_NAME = 120  # characters of a name that cannot be


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


def check_recording_file(path: Path) -> None:
    """Refuse what cannot be opened as a recording.

    Raises:
        AudioError: if there is no such file, it is none, or the system refuses to look at it.
    """
    name = printable_name(path)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError(f"{name}: no such file") from None
    except PermissionError:
        raise AudioError(f"{name}: no permission to look into its folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError(f"{short_name(path)}: no possible file name ({reason})") from None
    if path.is_dir():
        raise AudioError(f"{name}: a folder is no recording; name the audio files in it")
    if not path.is_file():
        raise AudioError(f"{name}: a pipe or device cannot be read; save the recording to a file first")
    if not os.access(path, os.R_OK):
        raise AudioError(f"{name}: no permission to read it")


def short_name(path: str | os.PathLike[str]) -> str:
    """The printable name, or its beginning and end if it is too long for a line."""
    name = printable_name(path)
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME // 2]}...{name[-_MAX_NAME // 4 :]}"
