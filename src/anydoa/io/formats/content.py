"""The content of a file that ought to be small: every reader of array and grid files starts here."""

from pathlib import Path

from anydoa.errors import ArrayFileError
from anydoa.io.file_name import short_name

MAX_BYTES = 16 * 2**20


def read_bytes(path: Path) -> bytes:
    """All bytes of an ordinary file of at most 16 MiB.

    Raises:
        ArrayFileError: if there is no such file, or it is not an ordinary one, too big or not to be read.
    """
    check_is_file(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ArrayFileError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > MAX_BYTES:
        raise ArrayFileError(f"{path}: such files have at most {MAX_BYTES >> 20} MiB; is this a recording?")
    if not content:
        raise ArrayFileError(f"{path}: the file is empty")
    return content


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, without a byte order mark.

    Raises:
        ArrayFileError: as :func:`read_bytes`, or if the bytes are not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArrayFileError(
            f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8 text"
        ) from None


def check_is_file(path: Path) -> None:
    """Refuse what is not an ordinary file.

    Raises:
        ArrayFileError: with what it is instead.
    """
    try:
        if path.is_file():
            return
        problem = "is not an ordinary file" if path.exists() else "no such file"
    except PermissionError:
        problem = "no permission to look into its folder"
    except (OSError, ValueError) as error:  # a name too long, or with a null character
        problem = f"no possible file name ({getattr(error, 'strerror', None) or error})"
    raise ArrayFileError(f"{short_name(path)}: {problem}")
