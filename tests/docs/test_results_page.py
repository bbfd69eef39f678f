"""Figures in documents come from records: what is committed is what is rendered, and nothing is typed."""

import re
import statistics

import measure
import paper_tables
import pytest
import results_page
from result_records import RECORDS, ROOT
from results_page import PAGE, TEMPLATE

from anydoa.evaluation.record import read_record

RECORD_FILES = sorted(RECORDS.glob("*.json"))
SETTINGS = re.compile(r"`[^`]*`|\]\([^)]*\)|\{\{\w+\}\}")  # code, addresses, places of tables


def prose(text: str) -> str:
    """Text without tables, pictures and code."""
    lines = [line for line in text.splitlines() if not line.startswith(("|", "!["))]
    return "\n".join(lines)


def test_documents_and_cards_are_as_they_would_be_rendered() -> None:
    stale = [str(path.relative_to(ROOT)) for path in results_page.stale()]
    assert stale == [], "run `make results`"


def test_the_page_of_the_paper_is_as_it_would_be_rendered() -> None:
    assert paper_tables.PAGE.read_text() == paper_tables.render_page(), "run `make results`"


def test_every_record_can_be_read_and_says_where_it_comes_from() -> None:
    assert RECORD_FILES
    for path in RECORD_FILES:
        found = read_record(path)
        assert found.command, path
        assert found.rows, path
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", found.date), path


def test_every_record_is_shown_and_can_be_measured_again() -> None:
    names = {path.stem for path in RECORD_FILES}
    shown = set(re.findall(r"\.\./results/([\w-]+)\.json", PAGE.read_text()))
    assert shown == names
    assert {task.name for task in measure.TASKS} == names - {"package"}  # `make check-wheel`


def test_no_figure_is_typed_in_the_words_of_the_page() -> None:
    words = SETTINGS.sub("", prose(TEMPLATE.read_text()))
    assert re.findall(r".*\d.*", words) == []


def test_the_page_can_be_read_aloud() -> None:
    text = prose(PAGE.read_text())
    words = text.split()
    figures = re.findall(r"\d+(?:\.\d+)?", SETTINGS.sub("", text))
    assert 100 * len(figures) / len(words) < 5
    paragraphs = re.split(r"\n\s*\n|\n- |\n#+ .*\n", text)
    sentences = [
        len(one.split()) for each in paragraphs for one in re.split(r"(?<=[.?:;])\s", each) if one.strip()
    ]
    assert max(sentences) <= 45
    assert statistics.median(sentences) <= 18


def test_pictures_say_what_they_were_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    figures, draw = results_page.CHARTS["results_headline"]
    assert results_page.is_drawn("results_headline")
    monkeypatch.setitem(results_page.CHARTS, "results_headline", (lambda: figures()[1:], draw))
    assert not results_page.is_drawn("results_headline")


def test_the_pictures_of_the_page_of_the_paper_show_its_records() -> None:
    assert paper_tables.undrawn() == [], "run `make results`"
