"""Which code this is: the version of the package, and its commit where it lies in a repository."""

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path


@cache  # what a process has begun with is what it runs, whatever is committed meanwhile
def commit() -> str:
    """Commit of the package, with ``+`` where files differ; empty where no repository keeps it."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        kept = subprocess.run([*git, "ls-files", "--", Path(__file__).name], capture_output=True, text=True)
        if not kept.stdout.strip():
            return ""
        told = subprocess.run(
            [*git, "describe", "--always", "--exclude=*", "--dirty=+"], capture_output=True, text=True
        )
    except OSError:  # there is no git
        return ""
    return told.stdout.strip()


def code() -> str:
    """Version and commit, such as ``0.1.0 4b8a4d3``; the version alone where there is no commit."""
    return f"{version('anydoa')} {commit()}".rstrip()
