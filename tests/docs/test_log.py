"""The log of experiments: complete heads, short entries, an index that is up to date."""

import re
from pathlib import Path

import log_index
import pytest

ENTRIES = log_index.read_log()  # heads, dates and verdicts are checked by reading


def prose(entry: log_index.Entry) -> str:
    lines = entry.body.splitlines()
    return "\n".join(line for line in lines if not line.startswith(("|", "#")))


def test_the_index_is_what_the_heads_render() -> None:
    assert (log_index.LOG / "README.md").read_text() == log_index.render_index(ENTRIES)


def test_entries_have_at_most_120_words_outside_their_table() -> None:
    assert [entry.name for entry in ENTRIES if len(prose(entry).split()) > 120] == []


def test_entries_have_at_most_one_table() -> None:
    assert [entry.name for entry in ENTRIES if len(re.findall(r"^\|---", entry.body, re.MULTILINE)) > 1] == []


def test_no_sentence_is_longer_than_45_words() -> None:
    sentences = [
        (entry.name, sentence)
        for entry in ENTRIES
        for paragraph in [entry.question, *prose(entry).split("\n\n")]
        for sentence in re.split(r"(?<=[.!?])\s", paragraph)
    ]
    assert [pair for pair in sentences if len(pair[1].split()) > 45] == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("verdict: maybe", "must be one of"),
        ("verdict:", "must hold"),
        ("verdict: kept\nauthor: somebody", "must hold"),
        ("verdict: kept\ndate: 2026-01-02", "must begin with its date"),
    ],
)
def test_a_wrong_head_is_refused(tmp_path: Path, wrong: str, reason: str) -> None:
    path = tmp_path / "2026-01-01-a.md"
    path.write_text(f"---\ntitle: A\ndate: 2026-01-01\ntopic: mask\n{wrong}\nquestion: Why?\n---\n\n# A\n")
    with pytest.raises(ValueError, match=reason):
        log_index.read_entry(path)
