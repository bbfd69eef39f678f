"""Rows of text and numbers in the forms that people and programs read."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def markdown_table(titles: Sequence[str], cells: Iterable[Sequence[str]], *, names: int) -> str:
    """A Markdown table.

    Args:
        titles: of the columns.
        cells: texts of each row.
        names: how many columns hold names; the others hold numbers and are set to the right.
    """
    rule = ["---"] * names + ["---:"] * (len(titles) - names)
    return "".join("| " + " | ".join(line) + " |\n" for line in (titles, rule, *cells))


def console_table(titles: Sequence[str], cells: Iterable[Sequence[str]], *, names: int) -> "Table":
    """A table for the terminal; arguments as for :func:`markdown_table`."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, title in enumerate(titles):
        is_name, longest = place < names, max(map(len, title.split()))
        table.add_column(title, justify="left" if is_name else "right", no_wrap=is_name, min_width=longest)
    for row in cells:
        table.add_row(*row)
    return table


def json_list(records: Iterable[Mapping[str, object]]) -> str:
    """A list of objects; numbers have four decimals, NaN becomes null."""
    rows = [{key: known_value(value) for key, value in record.items()} for record in records]
    return json.dumps(rows, indent=2) + "\n"


def number_cell(value: float, half_width: float = math.nan) -> str:
    """A number with one decimal and half the width of its confidence interval; a dash for NaN."""
    if math.isnan(value):
        return "-"
    return f"{value:.1f}" if math.isnan(half_width) else f"{value:.1f} ±{half_width:.1f}"


def known_value(value: object) -> object:
    """The value, with four decimals if it is a number with a point; None for NaN."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value
