"""What the documents show is run: Python sessions as doctests, commands by name, links by file."""

import doctest
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from anydoa.cli import app, main

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = sorted((ROOT / "src" / "anydoa").rglob("*.py"))
WITH_SESSIONS = [document for document in DOCUMENTS if "```python" in document.read_text()]
WITH_EXAMPLES = [module for module in MODULES if ">>>" in module.read_text()]
CHEAP = ("locate", "array")  # commands that need seconds, no sound card and no clock
BUNDLED = re.compile(r"examples/[\w.]+")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\w)")


@pytest.fixture
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def code_blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("document", WITH_SESSIONS, ids=lambda path: str(path.relative_to(ROOT)))
@pytest.mark.usefixtures("at_the_root")
def test_python_sessions_in_documents_give_what_they_show(document: Path) -> None:
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for number, block in enumerate(code_blocks(document, "python")):
        assert ">>>" in block, (
            f"{document.name}: block {number} is not a session; write it with >>> so it is checked"
        )
        runner.run(parser.get_doctest(block, {}, f"{document.name}:{number}", str(document), 0))
    assert runner.summarize(verbose=False).failed == 0


def test_links_between_documents_lead_somewhere() -> None:
    missing = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text())
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
@pytest.mark.usefixtures("at_the_root")
def test_examples_in_docstrings_give_what_they_show(module: Path) -> None:
    name = ".".join(module.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
    imported = __import__(name, fromlist=["_"])
    assert doctest.testmod(imported, optionflags=doctest.ELLIPSIS).failed == 0


def shown_outputs() -> list[Any]:
    """Cheap commands on bundled files in the blocks of documents, each with the output below it."""
    found = []
    for document in DOCUMENTS:
        for block in code_blocks(document, "console"):
            for shown in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                line, _, output = shown.partition("\n")
                program, *words = shlex.split(line, comments=True)
                if output and program == "anydoa" and words[0] in CHEAP and BUNDLED.search(line):
                    name = f"{document.relative_to(ROOT)}-{words[0]}"
                    found.append(pytest.param(words, output, id=name))
    return found


@pytest.mark.parametrize(("words", "output"), shown_outputs())
def test_commands_in_documents_print_what_they_show(
    words: list[str],
    output: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)  # pictures that a command draws go there
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert words_between_numbers(printed) == words_between_numbers(output)
    for now, shown in zip(NUMBER.findall(printed), NUMBER.findall(output), strict=True):
        # Processors round differently: two of the last place that is shown.
        last_place = 10.0 ** -len(shown.partition(".")[2])
        assert float(now) == pytest.approx(float(shown), abs=2.01 * last_place), f"shown {shown}, now {now}"


def words_between_numbers(text: str) -> list[str]:
    return NUMBER.sub("#", text).split()


def test_outputs_of_commands_are_found_in_documents() -> None:
    assert {param.values[0][0] for param in shown_outputs()} == set(CHEAP)


def shown_commands(document: Path) -> list[list[str]]:
    """Words of every `anydoa ...` in blocks and in the text of a document."""
    text = document.read_text()
    lines = re.findall(r"^(?:    |\$ |.* \| )anydoa (.*)$", text, flags=re.MULTILINE)
    inline = re.findall(r"`anydoa ([^`]*)`", text)
    return [shlex.split(line, comments=True) for line in (*lines, *inline)]


def what_is_wrong_with(words: list[str], program: Any) -> str | None:
    """The command or the options of a shown call that the program does not have."""
    command = program
    for word in words:
        if not hasattr(command, "get_command"):
            break
        command = command.get_command(None, word)
        if command is None:
            return f"there is no command {word!r}"
    known = {opt for each in command.params for opt in (*each.opts, *each.secondary_opts)} | {"--help"}
    given = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    return None if given <= known else f"no option {sorted(given - known)}"


def test_commands_in_documents_have_the_options_they_show() -> None:
    program = typer.main.get_command(app)
    wrong = [
        f"{document.relative_to(ROOT)}: anydoa {' '.join(words)}: {reason}"
        for document in DOCUMENTS
        for words in shown_commands(document)
        if (reason := what_is_wrong_with(words, program))
    ]
    assert wrong == []


def test_make_targets_named_in_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = {name for document in DOCUMENTS for name in re.findall(r"`make ([a-z-]+)", document.read_text())}
    assert named <= targets, f"documents name make targets that do not exist: {sorted(named - targets)}"


def test_nothing_tracked_names_a_path_of_one_machine() -> None:
    home = os.sep + "work" + os.sep
    tracked = [*DOCUMENTS, *MODULES, ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "CHANGELOG.md"]
    assert [str(path) for path in tracked if home in path.read_text()] == []
