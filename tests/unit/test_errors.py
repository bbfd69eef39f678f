"""Errors that say the right cure."""

import copy
import pickle

import pytest

from anydoa import errors
from anydoa.errors import AnydoaError, ChannelCountError, MissingExtraError


@pytest.mark.parametrize(
    ("cause", "cure"),
    [
        (None, "not installed; run: pip install 'anydoa[web]'"),
        (
            ModuleNotFoundError("no", name="no_such_package_at_all"),
            "not installed; run: pip install 'anydoa[web]'",
        ),
        (ModuleNotFoundError("no", name="no_such_package_at_all.part"), "not installed"),
        (
            ModuleNotFoundError("part lost", name="numpy.no_such_part"),
            "does not load (part lost); run: pip",
        ),
        (ImportError("libx.so: wrong ELF class"), "does not load (libx.so: wrong ELF class)"),
    ],
)
def test_a_package_that_does_not_load_is_not_called_missing(cause: ImportError | None, cure: str) -> None:
    message = str(MissingExtraError("serving a page", "web", cause))
    assert message.startswith("serving a page needs ")
    assert cure in message


@pytest.mark.parametrize(
    "error",
    [
        *(one("no such thing; take another") for one in (errors.AudioError, errors.ConfigError)),
        ChannelCountError("a.wav: 3 channels, 4 wanted", "give four", "pass --join"),
        ChannelCountError("3 channels, 4 wanted", "give four", "pass --join").of("a.wav"),
        MissingExtraError("serving a page", "web"),
        MissingExtraError("serving a page", "web", ImportError("libx.so: wrong ELF class")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_come_through_copies_and_other_processes(error: AnydoaError) -> None:
    for again in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is type(error)
        assert (str(again), again.command_line) == (str(error), error.command_line)
