"""The name somebody probably meant."""

import difflib
import itertools
from collections.abc import Mapping, Sequence


def nearest_name(wrong: str, valid: Sequence[str]) -> str:
    """The valid name most like a wrong one."""
    return nearest_names(wrong, valid, 1)[0]


def nearest_names(
    wrong: str, valid: Sequence[str], count: int = 3, *, titles: Mapping[str, str] | None = None
) -> list[str]:
    """The valid names most like a wrong one, the likest first.

    Args:
        wrong: what somebody wrote.
        valid: names there are.
        count: how many to give.
        titles: what a person calls some of them; a name is as like as the likest word of its title.
    """
    wrong = wrong.lower()[:100]
    called = {name: _words(name, (titles or {}).get(name, "")) for name in valid}
    likeness = {name: max(_likeness(wrong, word) for word in words) for name, words in called.items()}
    return sorted(valid, key=lambda name: -likeness[name])[:count]


def _words(name: str, title: str) -> list[str]:
    words = title.lower().replace("(", " ").replace(")", " ").replace(",", " ").split()
    neighbours = [first + second for first, second in itertools.pairwise(words)]
    return [name.lower(), *words, *neighbours]


def _likeness(wrong: str, word: str) -> float:
    return difflib.SequenceMatcher(None, wrong, word).ratio()
