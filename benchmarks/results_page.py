"""Renders docs/results.md, the table of the README and the figures of the model cards from results/*.json.

    python benchmarks/results_page.py            # or make results
    python benchmarks/results_page.py --check    # says what is not as it would be rendered

The words of the page are in benchmarks/results_page.md, where {{NAME}} stands for what the function of that
name in one of the *_sections.py returns. No figure is typed: all come from records, which measure.py makes.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import accuracy_sections
import cost_sections
import task_sections
from result_pictures import CHARTS, PICTURES, draw, is_drawn
from result_records import (
    ESTIMATORS,
    NAMES,
    ROOT,
    SUITES,
    accuracy,
    best,
    errors,
    row,
    rows,
    table,
    value,
)

from anydoa.io.output import write_text

TEMPLATE = Path(__file__).with_suffix(".md")
PAGE = ROOT / "docs" / "results.md"
README = ROOT / "README.md"
CARDS = ROOT / "src" / "anydoa" / "estimators" / "model" / "weights"
MARKS = ("<!-- results: rendered by make results -->", "<!-- results: end -->")
SECTIONS = {**vars(accuracy_sections), **vars(cost_sections), **vars(task_sections)}


def page() -> str:
    """docs/results.md."""
    words = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: SECTIONS[found[1]](), words)


def readme_table() -> str:
    """The table of the README: a row for each estimator, error and accuracy for each number of talkers."""
    lines, figures = [], []
    for name in ESTIMATORS:
        found = [
            row("dynamic-s-prompts", estimator=name, talkers=talkers, look_ahead_s=0.0) for talkers in (1, 2)
        ]
        lines.append([f"{errors(one)} / {accuracy(one)} %" for one in found])
        figures.append([value(one, "mae_deg") for one in found])
    columns = [
        best(cells, errors_deg, least=True)
        for cells, errors_deg in zip(zip(*lines, strict=True), zip(*figures, strict=True), strict=True)
    ]
    return table(
        ["estimator", "1 talker", "2 talkers at once"],
        zip([NAMES[name] for name in ESTIMATORS], *columns, strict=True),
    )


def readme() -> str:
    """README.md with its table between the marks."""
    begin, end = MARKS
    before, _, rest = README.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{README.name} must hold {begin} and, after it, {end}")
    return f"{before}{begin}\n{readme_table()}\n{end}{after}"


def card(name: str) -> str:
    """The card of a bundled network with its rows of the frozen suites."""
    text = json.loads((CARDS / name / "card.json").read_text(encoding="utf-8"))
    left_out = {"grid", "rule", "commit"}
    found = [one for suite in SUITES for one in rows(suite, estimator=name, look_ahead_s=0.0)]
    found += rows("events", estimator=name) if name == "steered-any" else []
    text["metrics"] = [
        {key: of for key, of in one.items() if key not in left_out and of is not None} for one in found
    ]
    return json.dumps(text, indent=2) + "\n"


def rendered() -> dict[Path, str]:
    """Every file that is rendered, and its text."""
    cards = {CARDS / name / "card.json": card(name) for name in ("steered", "steered-any", "agg-rl")}
    return {PAGE: page(), README: readme(), **cards}


def stale() -> list[Path]:
    """Files that are not as they would be rendered."""
    texts = [
        path
        for path, text in rendered().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    return texts + [PICTURES / f"{name}.svg" for name in CHARTS if not is_drawn(name)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if anything would change"
    )
    wanted = parser.parse_args()
    found = stale()
    for path in found:
        print(path.relative_to(ROOT))
    if wanted.check:
        sys.exit(bool(found))
    for path, text in rendered().items():
        if path in found:
            write_text(path, text)
    for name in CHARTS:
        if not is_drawn(name):
            draw(name)


if __name__ == "__main__":
    main()
