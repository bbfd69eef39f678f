"""Names that people write: the valid one that they probably meant."""

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
        titles: what a person calls some of them; a name is as like as the likest word of its title, or the
            likest two that follow each other.
    """
    wrong = wrong.lower()[:100]

    def likeness(name: str) -> float:
        words = (titles or {}).get(name, "").lower().translate(str.maketrans("(),", "   ")).split()
        pairs = [first + second for first, second in itertools.pairwise(words)]
        called = [name.lower(), *words, *pairs]
        return max(difflib.SequenceMatcher(None, wrong, word).ratio() for word in called)

    return sorted(valid, key=likeness, reverse=True)[:count]
