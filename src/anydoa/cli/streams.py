"""Standard input, output and error of a command, also where whoever started it has closed or filled them."""

import io
import os
import sys
from contextlib import suppress


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
