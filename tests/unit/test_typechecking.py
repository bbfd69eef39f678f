"""The checks of the suite itself: shapes and types, of arguments and of results, in every call."""

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import Float, TypeCheckError

import typechecking
from anydoa.geometry.grid import fibonacci_grid
from typechecking import check, unchecked

WRONG = (TypeCheckError, BeartypeCallHintViolation)
COLUMN, WIDE = np.zeros((3, 1)), np.zeros((3, 2))


@typechecking.jaxtyped(typechecker=check)
def scaled(
    value: Float[np.ndarray, "row column"], *, factor: float = 2.0, turn: bool = False
) -> Float[np.ndarray, "row column"]:
    """As large as the argument, unless it is turned."""
    return factor * (value.T if turn else value)


@typechecking.jaxtyped(typechecker=check)
def length(value: Float[np.ndarray, " item"]) -> int:
    """A length that is no whole number."""
    return len(value) / 2  # type: ignore[return-value] # to be found


def test_right_calls_pass_and_a_whole_number_is_a_float() -> None:
    assert scaled(WIDE, factor=3).shape == (3, 2)
    assert scaled(np.zeros((2, 2)), turn=True).shape == (2, 2)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(WRONG, match="parameter"):
        scaled(np.zeros(3))
    with pytest.raises(WRONG, match="parameter"):
        scaled(WIDE, factor="3")  # type: ignore[arg-type] # to be found


def test_a_result_that_does_not_match_the_arguments_is_refused() -> None:
    with pytest.raises(WRONG, match="return"):
        scaled(COLUMN, turn=True)
    with pytest.raises(WRONG, match="return"):
        length(np.zeros(3))


def half(value: float, parts: list[int], name: str = "") -> str:
    """A signature without arrays."""
    return name or value  # type: ignore[return-value] # to be found


def test_functions_without_arrays_are_checked_too() -> None:
    checked = typechecking.jaxtyped(typechecker=check)(half)
    assert checked(1, [2], "half") == "half"
    with pytest.raises(WRONG, match="value"):
        checked("1", [2])
    with pytest.raises(WRONG, match="parts"):
        checked(1, ["2"])
    with pytest.raises(WRONG, match="return"):
        checked(1, [2])
    with unchecked():
        assert checked("1", ["2"]) == "1"


def test_arrays_anywhere_in_a_signature_have_their_shapes_checked() -> None:
    def ends(parts: list[Float[np.ndarray, " item"]] | None, other: Float[np.ndarray, " item"]) -> None:
        """Arrays of one length."""

    checked = typechecking.jaxtyped(typechecker=check)(ends)
    checked([np.zeros(3)], np.zeros(3))
    with pytest.raises(WRONG):
        checked([np.zeros(3)], np.zeros(2))


def test_a_wrong_call_is_refused_also_after_a_right_one() -> None:
    assert scaled(COLUMN, turn=False).shape == COLUMN.shape
    with pytest.raises(WRONG, match="return"):
        scaled(COLUMN, turn=True)
    for factor in (2.0, 3, np.float64(4)):
        assert scaled(COLUMN, factor=factor).shape == COLUMN.shape
    for wrong in (COLUMN.astype(np.int32), COLUMN[0], COLUMN.tolist()):
        with pytest.raises(WRONG, match="parameter"):
            scaled(wrong)
    with pytest.raises(WRONG, match="factor"):
        scaled(COLUMN, factor=None)  # type: ignore[arg-type] # to be found


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (((1, 2.0), None), ((1, "2"), None)),
        (((1, 2.0), None), ((1, 2.0, 3.0), None)),
        (((1, 2.0), [1, 2]), ((1, 2.0), ["1", "2"])),
        (((1, 2.0), [1, 2]), ((1, 2.0), (1, 2))),
    ],
)
def test_what_is_inside_a_tuple_or_list_is_looked_at_again(right: object, wrong: object) -> None:
    def first(pair: tuple[int, float]) -> int:
        """What a tuple of two begins with."""
        return pair[0]

    def both(pair: tuple[int, float], others: list[int] | None) -> int:
        """What a tuple of two and a list begin with."""
        return pair[0]

    (pair, others), (wrong_pair, wrong_others) = right, wrong  # type: ignore[misc] # pairs
    checked = typechecking.jaxtyped(typechecker=check)(first)
    checked_both = typechecking.jaxtyped(typechecker=check)(both)
    assert checked(pair) == checked_both(pair, others) == 1
    if wrong_pair != pair:
        with pytest.raises(WRONG):
            checked(wrong_pair)
    with pytest.raises(WRONG):
        checked_both(wrong_pair, wrong_others)


@typechecking.jaxtyped(typechecker=check)
def shortened(value: Float[np.ndarray, " item"], by: int) -> Float[np.ndarray, " item-2"]:
    """Shorter by two, unless another number is asked for."""
    return value[: len(value) - by]


@typechecking.jaxtyped(typechecker=check)
def later(value: "Later | None") -> "Later":
    """A name that comes after the function."""
    return value or Later()


class Later:
    """A class that comes after the function."""


def test_sizes_by_formula_and_names_that_come_later_are_checked_in_every_call() -> None:
    assert shortened(np.zeros(5), 2).shape == (3,)
    with pytest.raises(WRONG, match="return"):
        shortened(np.zeros(5), 3)
    assert isinstance(later(None), Later)
    with pytest.raises(WRONG):
        later(3)  # type: ignore[arg-type] # to be found


def test_the_package_is_checked_while_the_suite_runs() -> None:
    with pytest.raises(WRONG):
        fibonacci_grid("many")  # type: ignore[arg-type] # to be found
    with pytest.raises(WRONG):
        fibonacci_grid(8).rotated(np.eye(2))
