"""Records of options: from tables, and in range."""

from dataclasses import dataclass

import pytest

from anydoa.errors import ConfigError
from anydoa.io.options import check_positive, record_from_dict


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


@pytest.mark.parametrize("width", [0, -1, float("inf"), float("nan")])
def test_a_number_that_is_not_above_0_or_endless_is_refused_with_the_usual_one(width: float) -> None:
    with pytest.raises(ConfigError, match=f"width must be above 0 and finite, got {width}; give 3"):
        check_positive(Sizes(width), "width")  # type: ignore[arg-type]
