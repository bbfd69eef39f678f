"""The name somebody probably meant."""

import difflib
from collections.abc import Sequence


def nearest_name(wrong: str, valid: Sequence[str]) -> str:
    """The valid name most like a wrong one."""
    return nearest_names(wrong, valid, 1)[0]


def nearest_names(wrong: str, valid: Sequence[str], count: int = 3) -> list[str]:
    """The ``count`` valid names most like a wrong one, the likest first."""
    wrong = wrong.lower()[:100]
    return difflib.get_close_matches(wrong, valid, n=count, cutoff=0.0)
