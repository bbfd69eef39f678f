"""The index of the log: a table of all entries, rendered from their heads.

    python benchmarks/log_index.py            print docs/log/README.md
    python benchmarks/log_index.py --write    write it

An entry is docs/log/YYYY-MM-DD-title.md: a head in YAML, at most 120 words, one small table.
"""

import argparse
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

LOG = Path(__file__).parents[1] / "docs" / "log"
VERDICTS = ("kept", "rejected", "open")
HEAD = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
OPENING = """\
# Log of experiments

This page answers: what was tried, how, what came out, and was it kept?

Failures stay.
An entry tells of its day, by the names of then.

Error is the mean angle between a talker and the estimate, in degrees.
ACC10 is the share of talkers found within 10 degrees.
A new entry is `docs/log/YYYY-MM-DD-title.md`: question, setup, one small table, at most 120 words.
`python benchmarks/log_index.py --write` then renders this page.

| date | entry | topic | verdict |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Entry:
    """One experiment of the log: its head, and its body in Markdown."""

    name: str
    title: str
    date: date
    topic: str
    verdict: str
    question: str
    body: str

    @property
    def row(self) -> str:
        """Its row in the index."""
        return f"| {self.date} | [{self.title}]({self.name}) | {self.topic} | {self.verdict} |\n"


def read_entry(path: Path) -> Entry:
    """The entry in a file.

    Raises:
        ValueError: if the head is missing, incomplete or says more, or holds a wrong date or verdict.
    """
    match = HEAD.fullmatch(path.read_text())
    if match is None:
        raise ValueError(f"{path.name} must begin with a head between two lines of ---; add one")
    head = yaml.safe_load(match[1])
    wanted = {"title", "date", "topic", "verdict", "question"}
    if set(head) != wanted or not all(head.values()):
        raise ValueError(
            f"the head of {path.name} must hold {sorted(wanted)}, got {sorted(head)}; complete it"
        )
    if not isinstance(head["date"], date) or not path.name.startswith(f"{head['date']}-"):
        raise ValueError(f"{path.name} must begin with its date, got {head['date']}; rename it")
    if head["verdict"] not in VERDICTS:
        raise ValueError(f"the verdict of {path.name} must be one of {VERDICTS}, got {head['verdict']}")
    return Entry(name=path.name, body=match[2], **head)


def read_log(folder: Path = LOG) -> list[Entry]:
    """All entries, newest first, those of a day by title."""
    entries = [read_entry(path) for path in folder.glob("*.md") if path.name != "README.md"]
    return sorted(entries, key=lambda entry: (-entry.date.toordinal(), entry.title.lower()))


def render_index(entries: list[Entry]) -> str:
    """The page with the table of entries."""
    return OPENING + "".join(entry.row for entry in entries)


def main() -> None:
    """Print or write the index."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write docs/log/README.md, print nothing")
    page = render_index(read_log())
    if parser.parse_args().write:
        (LOG / "README.md").write_text(page)
    else:
        print(page, end="")


if __name__ == "__main__":
    main()
