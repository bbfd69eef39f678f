"""Tables of three rows: positions as rows and positions as columns look alike."""

from collections.abc import Sequence
from typing import Literal

ThreeByThree = Literal["refuse", "rows", "columns"]

TURN_OVER = (
    "turn it over with `anydoa array convert FILE OUT.toml --three-by-three columns` "
    "(in Python load_array(..., three_by_three='columns'))"
)
"""How a table whose columns are microphones becomes an array."""


def three_by_three_refusal(table: Sequence[Sequence[float]]) -> str:
    """The question to the user of a 3 x 3 table."""
    return (
        f"3 x 3 numbers: microphone 0 is at {list(table[0])} if rows are microphones, at "
        f"{[row[0] for row in table]} if columns are; save a CSV with the header x,y,z, or say "
        "`array convert --three-by-three rows` or `columns` "
        "(in Python load_array(..., three_by_three='rows'))"
    )
