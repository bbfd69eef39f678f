"""How a command ends: exit codes, and the one line that says what went wrong.

0 is well, 2 a mistake that the user can mend, one in some of several recordings included, 130 Ctrl-C, 128 and
more another signal, 1 a mistake of ours, or recordings of `locate --format parts` that have no results.
"""

import errno
import io
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

import typer

from anydoa.errors import AnydoaError
from anydoa.io.files import printable_text

DEBUG = "ANYDOA_DEBUG"  # set to 1: mistakes of ours show where they happened

_OUR_MISTAKE = 1
_USER_MISTAKE = 2
_INTERRUPTED = 128 + signal.SIGINT
_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)  # what only writing meets
_LONGEST = 1000  # characters of a message
_LONGEST_NAME = 150  # of a file in one
_UsageError: Any = typer.BadParameter.__base__  # typer has it, but under different names in its releases


def exit_code(run: Callable[[], object]) -> int:
    """Run a command; whatever it ends with becomes an exit code and at most one line on standard error."""
    try:
        with _ended_by_signals():
            code = run()
        problem = output_problem()
        if problem:
            return _complain(f"standard output cannot be written ({problem})")
        return code if isinstance(code, int) else 0
    except BrokenPipeError:  # a reader of our output that has had enough is no mistake
        discard_output()
        return 0
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else _OUR_MISTAKE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:
        return _mistake(error)


def _mistake(error: Exception) -> int:
    """The exit code of an error, and its line."""
    if isinstance(error, typer.Abort):  # of an end of a file, in some releases of Ctrl-C as well
        if isinstance(error.__cause__, KeyboardInterrupt):
            return _INTERRUPTED
        error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    if isinstance(error, AnydoaError):
        return _complain(error.command_line)
    if isinstance(error, _UsageError):
        message: str = error.format_message()
        return _complain(message)
    if isinstance(error, OSError):
        return _complain(_refusal(error))
    if isinstance(error, MemoryError):
        return _complain("not enough memory; ask for fewer directions, shorter recordings or fewer at once")
    return _report_bug(error)


def _refusal(error: OSError) -> str:
    """What the system refuses, and to whom."""
    reason = error.strerror or str(error)
    if error.filename is not None:
        return (
            f"{_shortened(str(error.filename), _LONGEST_NAME)}: {reason}; give another name or mend this one"
        )
    # Files that are written say their names; what has none is standard output.
    if output_problem() or error.errno in _WRITING:
        return f"standard output cannot be written ({reason})"
    return f"the system refuses: {reason}"


def _complain(message: str) -> int:
    """One line on standard error; none where the help of a command group has already said it all."""
    if message:
        _say(f"error: {one_line(message)}")
    return _USER_MISTAKE


def one_line(message: str) -> str:
    """A message without line breaks, control characters and more length than a person reads."""
    return _shortened(printable_text(" ".join(message.split())), _LONGEST)


def _shortened(text: str, longest: int) -> str:
    """A text without its middle, for its end matters: it is the cure of a message, the name in a path."""
    return text if len(text) <= longest else f"{text[: longest * 2 // 3]} [...] {text[-longest // 3 :]}"


def _report_bug(error: Exception) -> int:
    """A mistake of ours: what it is, and where the rest of it stands for a report."""
    if os.environ.get(DEBUG) == "1":
        _say("".join(traceback.format_exception(error)))
        return _OUR_MISTAKE
    kept = f"set {DEBUG}=1 to see where"
    with suppress(OSError):
        with tempfile.NamedTemporaryFile("w", prefix="anydoa-bug-", suffix=".txt", delete=False) as file:
            file.write("".join(traceback.format_exception(error)))
        kept = f"please report it with {file.name}"
    _say(f"error: {one_line(f'{type(error).__name__}: {error}')}; this is a mistake of anydoa: {kept}")
    return _OUR_MISTAKE


def _say(text: str) -> None:
    with suppress(OSError, ValueError):  # a terminal that is gone
        print(text, file=sys.stderr, flush=True)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a program that is told to end, or whose terminal is closed, leave nothing half done behind."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    handlers = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):  # the latter is unknown to Windows
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                handlers[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def prepare_streams() -> None:
    """Make streams that exist, and that show what their encoding does not know instead of failing at it.

    A closed output refuses what is written to it, as a full one does; a command that writes nothing there
    runs.
    """
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def output_problem() -> str:
    """Why standard output does not take what was written; empty if it does. It leads nowhere afterwards."""
    try:
        sys.stdout.flush()
    except OSError as error:
        discard_output()
        return error.strerror or str(error)
    return ""


def discard_output() -> None:
    """Let standard output lead nowhere: Python flushes once more at exit, and must not fail then."""
    with suppress(OSError, ValueError):  # no file behind it, as in a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
