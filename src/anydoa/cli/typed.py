"""The words of the command that runs, for the record of what it measures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_WORDS: ContextVar[tuple[str, ...]] = ContextVar("words", default=())


@contextmanager
def typed(words: Sequence[str]) -> Iterator[None]:
    """Remember words while their command runs."""
    token = _WORDS.set(tuple(words))
    try:
        yield
    finally:
        _WORDS.reset(token)


def typed_words(*, without: Sequence[str] = ()) -> list[str]:
    """The program's name and the words after it.

    Args:
        without: options that are left out, each with the word after it.
    """
    kept, words = ["anydoa"], iter(_WORDS.get())
    for word in words:
        if word in without:
            next(words, None)
        elif word.partition("=")[0] not in without:
            kept.append(word)
    return kept
