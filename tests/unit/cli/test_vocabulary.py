"""One vocabulary for every command, help that a person can take in, and the nearest name for a wrong one."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from anydoa.cli import app, main
from anydoa.estimators import ESTIMATORS, PUBLISHED_ESTIMATORS
from anydoa.estimators.model import list_models


def all_commands() -> Iterator[tuple[str, Any]]:
    top: Any = typer.main.get_command(app)
    for name in top.list_commands(None):
        command = top.get_command(None, name)
        inner = getattr(command, "commands", {})
        yield from ((f"{name} {each}", inner[each]) for each in inner)
        if not inner:
            yield name, command


COMMANDS = dict(all_commands())
LONGEST_PANEL = 14


@pytest.mark.parametrize("name", COMMANDS)
def test_options_have_the_words_that_all_commands_share(name: str) -> None:
    options = [option for parameter in COMMANDS[name].params for option in parameter.opts]
    former = {"--json", "--csv", "--dcase", "--markdown", "--out", "--workers", "--save-profile"}
    assert not former & set(options)
    assert ("-o" in options) == ("--output" in options)
    for parameter in COMMANDS[name].params:
        if "--format" in parameter.opts:
            assert parameter.default == (None if name == "live" else "table")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_comes_in_portions(name: str) -> None:
    options = [parameter for parameter in COMMANDS[name].params if parameter.param_type_name == "option"]
    panels = Counter(getattr(option, "rich_help_panel", None) for option in options)
    assert max(panels.values(), default=0) <= LONGEST_PANEL
    assert len(panels) > 1 or len(options) <= LONGEST_PANEL


@pytest.mark.parametrize("name", COMMANDS)
def test_help_reads_as_english(name: str) -> None:
    command = COMMANDS[name]
    assert all("\n" not in part for part in command.help.split("\n\n")), "a terminal wraps paragraphs"
    for parameter in command.params:
        if parameter.name != "help":
            assert parameter.help.endswith("."), parameter.name
            assert not parameter.help.startswith("Of "), parameter.name


@pytest.mark.parametrize("name", ["locate", "live", "serve"])
def test_every_estimator_is_named_in_the_help(name: str) -> None:
    text = next(each.help for each in COMMANDS[name].params if each.name == "estimator")
    assert all(estimator in text for estimator in (*ESTIMATORS, *list_models()))
    assert not any(estimator in text for estimator in PUBLISHED_ESTIMATORS)


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (["locat"], "did you mean 'locate'"),
        (["array", "lst"], "Did you mean 'list'"),
        (["model", "exprt"], "Did you mean 'export'"),
        (["card", "chek"], "Did you mean 'check'"),
        (["locate", "a.wav", "--fromat", "csv"], "--format"),
    ],
)
def test_the_nearest_name_is_said(words: list[str], nearest: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    err = capsys.readouterr().err
    assert nearest in err
    assert err.count("\n") == 1
