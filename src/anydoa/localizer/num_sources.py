"""How many sources there are: told, or left to the sound."""

import numpy as np

from anydoa.errors import ConfigError

MAX_TOLD_SOURCES = 16
"""Most sources that can be told: no array tells more apart, and the work of following them grows fast."""
UNKNOWN_NUMBER = "auto"
"""Written for a number of sources that the sound shall decide."""


def parse_num_sources(text: str, name: str = "num_sources") -> int | None:
    """How many sources there are, as a person writes it; None where the sound shall decide.

    Args:
        text: ``auto`` or a number.
        name: what to call it in an error.

    Raises:
        ConfigError: if the text is neither ``auto`` nor a number of sources that can be told.
    """
    if text == UNKNOWN_NUMBER:
        return None
    # Python reads no number of thousands of digits.
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or not 1 <= int(text) <= MAX_TOLD_SOURCES:
        raise ConfigError(
            f"{name} must be {UNKNOWN_NUMBER} or a number from 1 to {MAX_TOLD_SOURCES}, got {text!r:.40}; "
            f"{UNKNOWN_NUMBER} lets the sound decide"
        )
    return int(text)


def as_num_sources(number: object) -> int | None:
    """How many sources there are, as a program says it; None where the sound shall decide.

    Raises:
        ConfigError: if it is no whole number, or more than can be told.
    """
    if number is None:
        return None
    count = as_count(number, "num_sources")
    if count > MAX_TOLD_SOURCES:
        raise ConfigError(
            f"num_sources must be at most {MAX_TOLD_SOURCES}, got {count}; give fewer, or None to leave "
            "it open"
        )
    return count


def as_count(number: object, name: str) -> int:
    """A whole number, called by its name where it is none.

    Raises:
        ConfigError: if it is none.
    """
    if isinstance(number, (int, np.integer)) and not isinstance(number, bool):
        return int(number)
    raise ConfigError(f"{name} must be a whole number from 1, got {number!r:.40}; give one")
