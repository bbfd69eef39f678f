"""Plain English: short sentences and lines, each said once; descriptions that stand alone."""

import ast
import re
import statistics
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from anydoa.cli import app

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "anydoa"
HISTORY = ROOT / "docs" / "log"
DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if not path.is_relative_to(HISTORY))
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("runs/*.md")),
    *sorted(ROOT.glob("examples/**/*.md")),
    *PAGES,
]
GUIDES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "guides").glob("*.md")),
    *(ROOT / "docs" / f"{name}.md" for name in ("index", "install", "first-result", "tutorial")),
    *(ROOT / "docs" / f"{name}.md" for name in ("recordings", "live", "web", "calibration")),
]
QUESTIONED = [path for path in PAGES if path.parent != DECISIONS or path.name == "README.md"]
FRAGMENTS = {
    "of", "whose", "that", "to", "from", "as", "at", "by", "on", "with", "and", "or", "than", "if", "since",
    "because", "until",
}  # fmt: skip
"""First words of a description that goes on with a sentence begun elsewhere."""


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(document: Path) -> str:
    """A document without tables, code, pictures and headings."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    lines = [
        line for line in text.splitlines() if not line.startswith(("|", "![", "    ", "#", "<!--", ":::"))
    ]
    return "\n".join(lines)


def sentences(document: Path) -> list[str]:
    paragraphs = re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", prose(document))
    joined = (" ".join(paragraph.split()) for paragraph in paragraphs)
    return [one for text in joined for one in re.split(r"(?<=[.!?])[)*\"']*\s", text) if one]


def test_no_sentence_is_longer_than_45_words() -> None:
    long = [(relative(path), one) for path in DOCUMENTS for one in sentences(path) if len(one.split()) > 45]
    assert long == []


def test_no_line_is_longer_than_160_characters() -> None:
    documents = [*DOCUMENTS, *HISTORY.glob("*.md")]
    assert [(relative(path), line) for path in documents for line in long_lines(path)] == []


def long_lines(document: Path) -> list[str]:
    text = re.sub(r"\A---\n.*?\n---\n", "", document.read_text(), flags=re.DOTALL)
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in text.splitlines() if not line.startswith(("|", "    "))]
    return [line for line in lines if len(line) > 160]


def test_half_of_the_sentences_of_a_guide_have_at_most_18_words() -> None:
    median = {
        relative(path): statistics.median(len(one.split()) for one in sentences(path)) for path in GUIDES
    }
    assert {path: words for path, words in median.items() if words > 18} == {}


def test_no_sentence_is_said_on_two_pages() -> None:
    said = defaultdict(set)
    for document in DOCUMENTS:
        for one in sentences(document):
            if len(one.split()) >= 8:
                said[one].add(relative(document))
    assert {one: pages for one, pages in said.items() if len(pages) > 1} == {}


def test_a_page_says_first_which_question_it_answers() -> None:
    assert [relative(path) for path in QUESTIONED if not says_its_question(path)] == []


def says_its_question(document: Path) -> bool:
    title, _, text = document.read_text().partition("\n")
    opening = " ".join(text.strip().partition("\n\n")[0].split())
    return title.endswith("?") or (opening.startswith("This page answers: ") and "?" in opening)


def test_every_command_is_named_in_the_readme() -> None:
    commands: Any = typer.main.get_command(app)
    readme = (ROOT / "README.md").read_text()
    assert [name for name in commands.list_commands(None) if f"anydoa {name} " not in readme] == []


def described(docstring: str) -> Iterator[tuple[str, str]]:
    """Names and descriptions in the sections Args and Attributes of a docstring."""
    for section in re.findall(r"^(?:Args|Attributes):\n((?:    .*\n|\n)*)", docstring + "\n", re.MULTILINE):
        yield from re.findall(r"^    ([\w*, ]+): (.*)$", section, re.MULTILINE)


def test_descriptions_of_arguments_stand_alone() -> None:
    wrong = []
    for path in sorted(SOURCE.rglob("*.py")):
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
        for node in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)):
            docstring = ast.get_docstring(node) or ""
            if docstring.startswith("Of "):
                wrong.append((relative(path), "summary", docstring.split("\n")[0]))
            found = [each for each in described(docstring) if begins_amid_a_sentence(each[1])]
            wrong += [(relative(path), name, text) for name, text in found]
    assert wrong == []


def begins_amid_a_sentence(text: str) -> bool:
    word = re.match(r"[A-Za-z]+\b(?!-)", text)
    return word is not None and word[0].lower() in FRAGMENTS


def test_help_of_options_is_made_of_sentences() -> None:
    wrong = []
    for name, command in commands_of(typer.main.get_command(app), ""):
        for parameter in command.params:
            text = parameter.help or ""
            if not re.match(r"[A-Z0-9`-]", text) or not text.endswith("."):
                wrong.append((name, parameter.name, text))
    assert wrong == []


def commands_of(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from commands_of(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command
