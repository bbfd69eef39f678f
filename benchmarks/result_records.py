"""Records as rows, and rows as cells and tables of the page of results."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from anydoa.evaluation.record import Record, read_record

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "results"
NAMES = {
    "steered": "steered (default)",
    "srp-phat": "SRP-PHAT",
    "music": "MUSIC",
    "agg-rl": "AGG-RL",
    "srp-phat-published": "SRP-PHAT of single windows",
    "music-published": "MUSIC of single windows",
    "steered-any": "steered, any sound",
}
COLORS = {"steered": "#2f6fab", "srp-phat": "#c9873a", "music": "#8a8a8a", "agg-rl": "#4f9a6b"}
ESTIMATORS = tuple(COLORS)
SUITES = ("dynamic-s", "dynamic-u")
SINGLE_WINDOWS = ("srp-phat-published", "srp-phat", "music-published", "music")  # records in results/paper

Row = dict[str, object]


# Records and their rows


def record(name: str) -> Record:
    return read_record(RECORDS / f"{name}.json")


def rows(*names: str, **wanted: object) -> list[Row]:
    """Rows of records that have these values."""
    every = (dict(row) for name in names for row in record(name).rows)
    return [row for row in every if all(row.get(key) == value for key, value in wanted.items())]


def row(*names: str, **wanted: object) -> Row:
    """The first row that has these values; empty if there is none."""
    return next(iter(rows(*names, **wanted)), {})


def value(of: Row, key: str) -> float:
    """A figure of a row; NaN if it has none."""
    found = of.get(key)
    return float(found) if isinstance(found, int | float) else math.nan


def mean_row(found: Sequence[Row]) -> Row:
    """Mean error and accuracy over rows, without intervals; of one row that row."""
    if len(found) == 1:
        return found[0]
    keys = ("mae_deg", "acc10", "f1", "count_accuracy", "recording_mae_deg", "recording_acc10")
    means = {key: sum(value(one, key) for one in found) / len(found) for key in keys} if found else {}
    return {key: mean for key, mean in means.items() if not math.isnan(mean)}


# Cells and tables


def number(figure: float, half: float = math.nan, *, digits: int = 1) -> str:
    """A figure with half the width of its interval; nothing if it is unknown."""
    if math.isnan(figure):
        return ""
    return f"{figure:.{digits}f}" + ("" if math.isnan(half) else f" ± {half:.{digits}f}")


def percent(figure: float, half: float = math.nan, *, digits: int = 1) -> str:
    return number(100 * figure, 100 * half, digits=digits)


def errors(of: Row) -> str:
    """Mean error and its interval."""
    return number(value(of, "mae_deg"), value(of, "mae_ci95"))


def accuracy(of: Row) -> str:
    """Share within 10 degrees and its interval."""
    return percent(value(of, "acc10"), value(of, "acc10_ci95"))


def best(cells: Sequence[str], figures: Sequence[float], *, least: bool) -> list[str]:
    """The cells with the best figure in bold."""
    known = [figure for figure in figures if not math.isnan(figure)]
    wanted = (min(known) if least else max(known)) if len(known) > 1 else math.nan
    return [f"**{cell}**" if figure == wanted else cell for cell, figure in zip(cells, figures, strict=True)]


def table(titles: Sequence[str], lines: Iterable[Sequence[str]], *, names: int = 1) -> str:
    """A Markdown table; its first columns hold names, the others figures. Columns without a cell go."""
    filled = list(lines)
    kept = [place for place in range(len(titles)) if place < names or any(line[place] for line in filled)]
    rule = ["---" if place < names else "--:" for place in kept]
    body = [[line[place] for place in kept] for line in ([*titles], *filled)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (body[0], rule, *body[1:]))


def sources(*names: str) -> str:
    """Where figures come from: a row for each record."""
    lines = []
    for name in names:
        of = record(name)
        machine = of.machine
        if machine is None:
            heard = "measured before records were kept"
        else:
            load = "" if machine.load_at_start is None else f", load {machine.load_at_start:g}"
            heard = f"{machine.processor}, {machine.cores} cores{load}"
        commits = dict.fromkeys([*(str(one["commit"]) for one in of.rows if "commit" in one), of.commit])
        link = f"[{name}](../results/{name}.json)"
        lines.append([link, f"`{of.command}`", of.date, ", ".join(filter(None, commits)), heard])
    return table(["record", "command", "date", "commit", "machine"], lines, names=5)


def count(talkers: object) -> str:
    return "1 talker" if talkers == 1 else f"{talkers} talkers"


def target(met: bool) -> str:
    return "met" if met else "**not met**"
