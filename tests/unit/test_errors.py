"""Errors that say the right cure."""

import pytest

from anydoa.errors import MissingExtraError


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
