"""Records of options from tables."""

from dataclasses import dataclass

import pytest

from anydoa.errors import ConfigError
from anydoa.io.names import record_from_dict


@dataclass(frozen=True)
class Sizes:
    """A record as many have."""

    width: int = 3
    steps: tuple[int, ...] = (1, 2)


def test_what_is_not_given_keeps_its_default_and_lists_become_tuples() -> None:
    assert record_from_dict(Sizes, {"steps": [4, 5]}, "a test") == Sizes(3, (4, 5))


def test_a_misspelt_option_is_named_with_the_nearest_that_exists() -> None:
    with pytest.raises(ConfigError, match="a test has no option 'widht'; did you mean 'width'"):
        record_from_dict(Sizes, {"widht": 1}, "a test")
