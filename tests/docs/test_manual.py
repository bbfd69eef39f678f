"""The manual: all that is public has its place in it, and its pages ask nothing of other machines."""

import re
import runpy
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import manual
import pytest
import typer
from mkdocs.exceptions import PluginError

from anydoa.cli import app

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
IMAGES = ROOT / "docs" / "images"
SAYS = {
    "01_first_result": "azimuth 40°, elevation 46°\nazimuth -76°, elevation 40°\n",
    "02_your_own_array": "It cannot tell above and below apart",
    "03_compare_estimators": "steered           0.",
}
EXAMPLES = sorted((ROOT / "examples").glob("0*.py"))


def test_every_door_has_a_page() -> None:
    shown = [name for page in REFERENCE.glob("*.md") for name in manual.NAMES.findall(page.read_text())]
    assert sorted(shown) == sorted(manual.doors())


@pytest.mark.parametrize("package", manual.doors())
def test_every_name_at_a_door_is_in_the_reference(package: str) -> None:
    within = {door.rpartition(".")[2] for door in manual.doors() if door.rpartition(".")[0] == package}
    shown = set(re.findall(rf"^::: {package}\.(\w+)$", manual.render_names(package), re.MULTILINE))
    assert shown | within >= set(import_module(package).__all__) - {"__version__"}
    assert shown


def test_every_command_and_option_is_in_the_reference() -> None:
    page = manual.render_commands()
    root: Any = typer.main.get_command(app)
    for name in root.list_commands(None):
        command = root.get_command(None, name)
        assert f"## anydoa {name}\n" in page
        for below in getattr(command, "commands", {}):
            assert f"### anydoa {name} {below}\n" in page
        for option in (option for each in command.params for option in each.opts if option.startswith("--")):
            assert option in page.partition(f"## anydoa {name}\n")[2].partition("\n## ")[0]


def test_every_decision_has_its_row() -> None:
    folder = ROOT / "docs" / "decisions"
    rows = re.findall(r"^\| \[\d+\]\(([\w-]+\.md)\)", (folder / "README.md").read_text(), re.MULTILINE)
    assert rows == sorted(path.name for path in folder.glob("0*.md"))


def test_a_link_out_of_docs_leads_to_a_copy_in_the_site() -> None:
    document = ROOT / "docs" / "agg-rl.md"
    assert ROOT / "configs" / "agg-rl.toml" in manual.outside_targets(document)


def test_a_list_right_after_text_becomes_a_list() -> None:
    assert manual.part_lists("Two:\n- a\n- b\n") == "Two:\n\n- a\n- b\n"
    assert manual.part_lists("- a\n  goes on\n- b\n") == "- a\n  goes on\n- b\n"
    assert manual.part_lists("```\nTwo:\n- a\n```\n") == "```\nTwo:\n- a\n```\n"


@pytest.mark.parametrize(
    "loaded",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="//example.org/a.css">',
        '<img alt="" src="http://example.org/a.png">',
    ],
)
def test_a_page_that_loads_something_from_elsewhere_is_refused(loaded: str) -> None:
    with pytest.raises(PluginError, match=r"example\.org"):
        manual.on_post_page(f"<html>{loaded}</html>", None, None)


def test_a_link_that_a_reader_may_follow_is_fine() -> None:
    page = '<html><a href="https://example.org">there</a><script src="assets/a.js"></script></html>'
    assert manual.on_post_page(page, None, None) == page


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_draws_the_pictures_of_the_manual(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [str(example), str(tmp_path)])
    runpy.run_path(str(example), run_name="__main__")
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn
    assert drawn <= {path.name for path in IMAGES.iterdir()}
    assert SAYS[example.stem] in capsys.readouterr().out


def test_the_tutorial_shows_the_array_of_the_example() -> None:
    tutorial = (ROOT / "docs" / "tutorial.md").read_text()
    assert f"```toml\n{(ROOT / 'examples' / 'own_array.toml').read_text()}```" in tutorial
